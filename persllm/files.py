"""Files that are whole or absent: atomic writing, JSON lines, content hashes.

Everything a long step leaves behind goes through here, so that kill -9 at any moment leaves
either the old file or the new one.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from persllm.errors import DataError


def write_text(path: Path, text: str) -> None:
    """Write a file in one step: readers see the old text or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write one JSON document, indented, in one step."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, in one step."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON lines file in order.

    Raises:
        DataError: The file is missing, or a line is not a JSON object; the line is named.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist. Build the persona's data first: persllm build.")
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:  # not JSON, or not UTF-8
                raise DataError(f"{path}:{number}: not JSON ({error}). Mend the line.") from error
            if not isinstance(row, dict):
                raise DataError(f"{path}:{number}: a JSON object is needed, got {row!r:.60}.")
            yield row


def digest(*parts: str) -> str:
    """Return the hex SHA-256 of the parts; moving text between parts changes it."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8")
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()


def digest_file(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
