"""Every answer of a chat model, kept by the content of its question: nothing is paid for twice.

One JSON line an answer, written as soon as it is there. A line that kill -9 cut short is left out
when the file is read again, and asked for again.
"""

import json
from pathlib import Path
from typing import TextIO

from persllm.files import digest, write_text
from persllm.messages import Message


class CallStore:
    """Answers on disk, by model and messages."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[str, str] = {}
        if path.is_file():
            self._read()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: str) -> str | None:
        """Return the answer, or None where it was never given."""
        return self._answers.get(key)

    def put(self, key: str, answer: str) -> None:
        """Keep an answer; it is on disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as stream:
            _append(stream, {"key": key, "answer": answer})
        self._answers[key] = answer

    def _read(self) -> None:
        whole = []
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
                self._answers[row["key"]] = row["answer"]
            except (ValueError, KeyError, TypeError):
                continue
            whole.append(line + "\n")
        write_text(self._path, "".join(whole))


def _append(stream: TextIO, row: dict[str, str]) -> None:
    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    stream.flush()


def key_of(model: str, messages: tuple[Message, ...]) -> str:
    """Return what a call is known by."""
    return digest(model, *(part for m in messages for part in (m.role, m.content)))
