"""Every answer of a chat model, kept by the content of its question: nothing is paid for twice.

One SQLite file a persona. A row is committed before anybody sees the answer, so kill -9 loses the
calls under way and nothing else; the write-ahead log leaves out what was written in part. The rows
stay on disk, so memory does not grow with their number.
"""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from persllm.errors import DataError
from persllm.files import digest
from persllm.messages import Message

TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY,
    answer TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS recalled (
    key BLOB PRIMARY KEY,
    ids TEXT NOT NULL
);
"""


class AnswerStore:
    """Answers on disk, by key. One thread at a time; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows = _opened(path)

    def __len__(self) -> int:
        return int(self._rows.execute("SELECT count(*) FROM answers").fetchone()[0])

    def get(self, key: bytes) -> str | None:
        """Return the answer, or None where it was never given."""
        row = self._rows.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def put(self, key: bytes, answer: str, *, tokens_in: int = 0, tokens_out: int = 0) -> None:
        """Keep an answer; a kill after this returns does not lose it."""
        row = (key, answer, tokens_in, tokens_out)
        self._rows.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", row)

    def mean_tokens(self, *, least: int) -> float | None:
        """Return the mean length of answers, in tokens; None where fewer than `least` are known."""
        asked = "SELECT count(*), avg(tokens_out) FROM answers WHERE tokens_out > 0"
        count, mean = self._rows.execute(asked).fetchone()
        return float(mean) if count >= least else None

    def recalled(self, key: bytes) -> list[str] | None:
        """Return the paragraphs once chosen for a question, or None where none were."""
        row = self._rows.execute("SELECT ids FROM recalled WHERE key = ?", (key,)).fetchone()
        return None if row is None else list(json.loads(row[0]))

    def keep_recalled(self, chosen: Iterable[tuple[bytes, list[str]]]) -> None:
        """Keep the ids of the paragraphs chosen for questions, by key."""
        rows = [(key, json.dumps(ids)) for key, ids in chosen]
        with self._rows:
            self._rows.executemany("INSERT OR IGNORE INTO recalled VALUES (?, ?)", rows)

    def absorb(self, others: Iterable[Path]) -> int:
        """Take over what other stores hold; returns how many answers were new."""
        before = len(self)
        for path in others:
            _opened(path).close()  # a file that is no store is told by its own name
            self._rows.execute("ATTACH ? AS other", (str(path),))
            for table in ("answers", "recalled"):
                self._rows.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM other.{table}")
            self._rows.execute("DETACH other")
        return len(self) - before

    def close(self) -> None:
        """Close the file."""
        self._rows.close()


def key_of(model: str, settings: str, messages: Iterable[Message]) -> bytes:
    """Return what a call is known by: everything its answer depends on."""
    parts = (part for message in messages for part in (message.role, message.content))
    return bytes.fromhex(digest(model, settings, *parts))


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        rows = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("PRAGMA synchronous = NORMAL")
        rows.executescript(TABLES)
    except sqlite3.DatabaseError as error:
        raise DataError(
            f"{path} holds no readable answers ({error}). Move it away; what it held is asked anew."
        ) from error
    return rows
