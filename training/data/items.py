"""Items and pairs: the training records, as values and as JSON lines.

An item's line is OpenAI messages with provenance; a pair's line is TRL's conversational
preference format with the reason why the rejected reply is wrong. Both load into `datasets`.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from persllm.errors import DataError
from persllm.files import read_jsonl, write_jsonl
from persllm.messages import Message

Pattern = Literal["ordinary", "thought", "misleading", "true-premise", "general"]
Why = Literal["other-stage", "other-persona", "induced", "over-denial"]
Split = Literal["train", "test"]
PATTERNS: tuple[Pattern, ...] = ("ordinary", "thought", "misleading", "true-premise")
"""What is made from a persona's materials; `general` data is mixed in beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One constructed training record."""

    id: str
    persona: str
    stage: str
    pattern: Pattern
    messages: tuple[Message, ...]
    """System, user, assistant, as the model sees them."""
    question: str
    """The user turn without recalled text."""
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

    @property
    def prompt(self) -> tuple[Message, ...]:
        """All but the reply."""
        return self.messages[:-1]

    @property
    def reply(self) -> str:
        """The assistant turn."""
        return self.messages[-1].content


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


def write_items(path: Path, items: Iterable[Item]) -> None:
    """Write items as JSON lines."""
    write_jsonl(path, (asdict(item) for item in items))


def read_items(path: Path) -> list[Item]:
    """Read items; a line that is no item raises `DataError` with its number."""
    return [_item(row, f"{path}:{number}") for number, row in enumerate(read_jsonl(path), 1)]


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """Write pairs as JSON lines in TRL's conversational form."""
    write_jsonl(path, map(_pair_row, pairs))


def read_pairs(path: Path) -> list[Pair]:
    """Read pairs; a line that is no pair raises `DataError` with its number."""
    return [_pair(row, f"{path}:{number}") for number, row in enumerate(read_jsonl(path), 1)]


def _item(row: dict[str, Any], where: str) -> Item:
    try:
        lists = {name: tuple(row[name]) for name in ("recalled", "sources")}
        return Item(**{**row, **lists, "messages": _messages(row["messages"])})
    except (KeyError, TypeError) as error:
        raise DataError(f"{where}: no item ({error}). Build the data again.") from error


def _pair_row(pair: Pair) -> dict[str, Any]:
    row = asdict(pair)
    for side in ("chosen", "rejected"):
        row[side] = [{"role": "assistant", "content": row[side]}]
    return row


def _pair(row: dict[str, Any], where: str) -> Pair:
    try:
        sides = {side: row[side][0]["content"] for side in ("chosen", "rejected")}
        return Pair(**{**row, **sides, "prompt": _messages(row["prompt"])})
    except (KeyError, TypeError, IndexError) as error:
        raise DataError(f"{where}: no pair ({error}). Build the data again.") from error


def _messages(rows: list[dict[str, Any]]) -> tuple[Message, ...]:
    return tuple(Message(row["role"], row["content"]) for row in rows)
