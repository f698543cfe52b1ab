"""What was said, by whom, from what: turns as JSON lines and as Markdown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from persllm.files import read_jsonl, write_jsonl, write_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One utterance."""

    speaker: str
    stage: str
    text: str
    analysis: str = ""
    recalled: tuple[str, ...] = ()
    """Ids of the memories that were set before it."""
    adapter: str | None = None
    seconds: float = 0.0
    tokens: int = 0


def write_transcript(folder: Path, turns: Sequence[Turn], *, title: str) -> tuple[Path, Path]:
    """Write `transcript.jsonl` and `transcript.md`; return both paths."""
    rows, page = folder / "transcript.jsonl", folder / "transcript.md"
    write_jsonl(rows, (asdict(turn) for turn in turns))
    write_text(page, markdown(turns, title=title))
    return rows, page


def read_transcript(path: Path) -> list[Turn]:
    """Read a transcript's JSON lines."""
    return [_turn(row) for row in read_jsonl(path)]


def markdown(turns: Sequence[Turn], *, title: str) -> str:
    """Return the transcript as a reader wants it; what was recalled stands under each turn."""
    parts = [f"# {title}\n"]
    for turn in turns:
        parts.append(f"**{turn.speaker}** ({turn.stage}): {turn.text}\n")
        if turn.recalled:
            parts.append(f"<sub>recalled: {', '.join(turn.recalled)}</sub>\n")
    return "\n".join(parts)


def _turn(row: dict[str, Any]) -> Turn:
    return Turn(**{**row, "recalled": tuple(row["recalled"])})
