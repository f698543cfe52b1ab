"""Items and pairs: the training records, as values and as JSON lines.

An item's line is OpenAI messages with provenance; a pair's line is TRL's conversational
preference format with the reason why the rejected reply is wrong. Both load into `datasets`.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from persllm.errors import DataError
from persllm.files import read_jsonl, write_jsonl
from persllm.messages import Message, Role
from persllm.replies import parse_reply

Pattern = Literal[
    "ordinary",
    "opinion",
    "misleading",
    "true-premise",
    "unknown",
    "small-talk",
    "follow-up",
    "request",
    "provocation",
    "general",
]
Why = Literal["other-stage", "other-persona", "induced", "over-denial", "unfounded", "edited"]
Split = Literal["train", "test"]
Reviewed = Literal["", "accepted", "edited"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)[:-1]
"""What is made from a persona's materials; `general` data is mixed in beside it."""
TOLD: tuple[Pattern, ...] = ("ordinary", "opinion", "misleading", "true-premise", "follow-up")
"""What a paragraph is asked for; the other patterns are talk around it."""
CLAIMS: tuple[Pattern, ...] = ("misleading", "true-premise")
SPLITS: tuple[Split, ...] = ("train", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One constructed training record."""

    id: str
    persona: str
    stage: str
    pattern: Pattern
    messages: tuple[Message, ...]
    """System, then user and assistant in turn, as the model sees them; last the item's reply."""
    question: str
    """The last user turn without recalled text."""
    recalled: tuple[str, ...]
    """Ids of the materials set before the question; empty for closed-book items."""
    false_premise: str | None
    sources: tuple[str, ...]
    """Ids of the materials the reply comes from."""
    teacher: str
    kind: Literal["knowledge", "attitude", "neither"]
    split: Split
    said: str = ""
    """Claims: what the user names there."""
    known: str = ""
    """Claims: what the sources name there; the same where the claim is true."""
    key: str = ""
    """Hash of what the teacher wrote; decisions of a review go by it and outlive a rebuild."""
    reviewed: Reviewed = ""

    @property
    def prompt(self) -> tuple[Message, ...]:
        """All but the reply."""
        return self.messages[:-1]

    @property
    def reply(self) -> str:
        """The assistant turn."""
        return self.messages[-1].content

    @property
    def response(self) -> str:
        """What the assistant turn says aloud."""
        return parse_reply(self.reply).response


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One preference: the same prompt, answered rightly and wrongly."""

    id: str
    persona: str
    stage: str
    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    why: Why
    chosen_item: str
    rejected_source: str
    """Id of the item or material that the rejected reply comes from."""
    split: Split


class LineFile:
    """A JSON lines file that is written line by line and appears when it is whole.

    Args:
        path: Where it appears.
        scratch: Folder in which it grows.
    """

    def __init__(self, path: Path, *, scratch: Path) -> None:
        self._path = path
        self._draft = scratch / f"{path.name}.growing"
        scratch.mkdir(parents=True, exist_ok=True)
        self._stream = self._draft.open("w", encoding="utf-8", newline="\n")

    def add(self, row: dict[str, Any]) -> None:
        """Write one line."""
        self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def appear(self) -> None:
        """Put the whole file where readers look."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._draft.replace(self._path)

    def close(self) -> None:
        """Give up."""
        self._stream.close()


def write_items(path: Path, items: Iterable[Item]) -> None:
    """Write items as JSON lines."""
    write_jsonl(path, map(item_row, items))


def read_items(path: Path) -> list[Item]:
    """Read items; a line that is no item raises `DataError` with its number."""
    return list(each_item(path))


def each_item(path: Path) -> Iterator[Item]:
    """Yield items one by one; a line that is no item raises `DataError` with its number."""
    for number, row in enumerate(read_jsonl(path), 1):
        yield _item(row, f"{path}:{number}")


def read_pairs(path: Path) -> list[Pair]:
    """Read pairs; a line that is no pair raises `DataError` with its number."""
    return list(each_pair(path))


def each_pair(path: Path) -> Iterator[Pair]:
    """Yield pairs one by one; a line that is no pair raises `DataError` with its number."""
    for number, row in enumerate(read_jsonl(path), 1):
        yield _pair(row, f"{path}:{number}")


def item_row(item: Item) -> dict[str, Any]:
    """Return an item as its line holds it."""
    return asdict(item)


def pair_row(pair: Pair) -> dict[str, Any]:
    """Return a pair as its line holds it: TRL's conversational form."""
    row = asdict(pair)
    for side in ("chosen", "rejected"):
        row[side] = [{"role": "assistant", "content": row[side]}]
    return row


def _item(row: dict[str, Any], where: str) -> Item:
    try:
        lists = {name: _texts(row[name]) for name in ("recalled", "sources")}
        item = Item(**{**row, **lists, "messages": _messages(row["messages"])})
        _check(item)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where}: no item ({error}). Build the data again.") from error
    return item


def _pair(row: dict[str, Any], where: str) -> Pair:
    try:
        sides = {side: row[side][0]["content"] for side in ("chosen", "rejected")}
        pair = Pair(**{**row, **sides, "prompt": _messages(row["prompt"])})
        _check(pair)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise DataError(f"{where}: no pair ({error}). Build the data again.") from error
    return pair


def _check(record: Item | Pair) -> None:
    """Refuse values of the wrong kind.

    Raises:
        TypeError: A field that must be text is none.
        ValueError: A field holds none of its values, or there are too few messages.
    """
    for field in fields(record):
        value = getattr(record, field.name)
        if field.type in (str, "str") and not isinstance(value, str):
            raise TypeError(f"{field.name} must be text, got {value!r:.40}")
    allowed: dict[str, tuple[str, ...]] = {"split": get_args(Split)}
    allowed |= {"why": get_args(Why)} if isinstance(record, Pair) else {}
    allowed |= {"pattern": get_args(Pattern)} if isinstance(record, Item) else {}
    for name, values in allowed.items():
        if getattr(record, name) not in values:
            raise ValueError(f"{name} must be one of {', '.join(values)}")
    messages = record.messages if isinstance(record, Item) else record.prompt
    if not messages or (isinstance(record, Item) and messages[-1].role != "assistant"):
        raise ValueError("the messages must end with an assistant's reply")


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"a list of texts is needed, got {values!r:.40}")
    return tuple(values)


def _messages(rows: object) -> tuple[Message, ...]:
    if not isinstance(rows, list):
        raise TypeError(f"a list of messages is needed, got {rows!r:.40}")
    found = tuple(Message(row["role"], row["content"]) for row in rows)
    for message in found:
        if message.role not in get_args(Role) or not isinstance(message.content, str):
            raise ValueError(f"no message: {message!r:.60}")
    return found
