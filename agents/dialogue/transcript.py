"""What was said, by whom, heard by whom, from what: turns as JSON lines and as Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from persllm.files import read_jsonl, write_jsonl, write_text

TurnKind = Literal["speech", "pass", "note", "fact", "enters", "leaves"]
SPEECH: TurnKind = "speech"
ROWS, PAGE = "transcript.jsonl", "transcript.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What came up for a turn."""

    id: str
    text: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One utterance, or something that happened between two."""

    speaker: str
    """Name of who speaks; empty where nobody does."""
    stage: str = ""
    text: str
    seat: str = ""
    """Id of who speaks, enters or leaves."""
    kind: TurnKind = SPEECH
    phase: str = ""
    heard_by: tuple[str, ...] = ()
    """Ids of all who noticed it, the speaker among them."""
    aside: bool = False
    """Whether some of those who were there did not hear it."""
    slot: int = -1
    """Which turn of the format it is; -1: none."""
    event: int = -1
    """Which event of the scenario it is; -1: none."""
    answers: str = ""
    """The words that stood before it; empty where all that was heard did."""
    faults: tuple[str, ...] = ()
    """What is wrong with it, after it was drawn again."""
    analysis: str = ""
    recalled: tuple[Passage, ...] = ()
    """What was set before it."""
    adapter: str | None = None
    seconds: float = 0.0
    tokens: int = 0

    def row(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]


def turn_of(row: dict[str, Any]) -> Turn:
    """Return a turn from its row."""
    recalled = tuple(Passage(**each) for each in row.get("recalled", ()))
    lists = {key: tuple(row.get(key, ())) for key in ("heard_by", "faults")}
    return Turn(**{**row, **lists, "recalled": recalled})


def write_transcript(
    folder: Path, turns: Sequence[Turn], *, title: str, after: str = ""
) -> tuple[Path, Path]:
    """Write `transcript.jsonl` and `transcript.md`, which ends with `after`; return both paths."""
    rows, page = folder / ROWS, folder / PAGE
    write_jsonl(rows, (turn.row() for turn in turns))
    text = markdown(turns, title=title)
    write_text(page, f"{text}\n{after}" if after else text)
    return rows, page


def append_turn(path: Path, turn: Turn) -> None:
    """Add one line to a transcript."""
    with path.open("a", encoding="utf-8", newline="\n") as stream:
        stream.write(json.dumps(turn.row(), ensure_ascii=False) + "\n")


def read_transcript(path: Path) -> list[Turn]:
    """Read a transcript's JSON lines."""
    return [turn_of(row) for row in read_jsonl(path)]


def listeners(turn: Turn) -> str:
    """Return the seats that heard a turn which not everybody heard, as readers are told."""
    others = [id_ for id_ in turn.heard_by if id_ != turn.seat]
    return f"heard only by {', '.join(others) or 'nobody else'}" if turn.aside else ""


def beside(turn: Turn) -> str:
    """Return what readers are told beside a speaker's name: the stage, and who alone heard it."""
    return ", ".join(part for part in (turn.stage, listeners(turn)) if part)


def markdown(turns: Sequence[Turn], *, title: str) -> str:
    """Return the transcript as a reader wants it; what was recalled stands under each turn."""
    parts, phase = [f"# {title}\n"], ""
    several = len({turn.phase for turn in turns if turn.phase}) > 1
    for turn in turns:
        if several and turn.phase and turn.phase != phase:
            phase = turn.phase
            parts.append(f"## {phase.capitalize()}\n")
        parts.append(_line(turn))
        if turn.recalled:
            recalled = ", ".join(passage.id for passage in turn.recalled)
            parts.append(f"<sub>recalled: {recalled}</sub>\n")
        if turn.faults:
            parts.append(f"<sub>faults: {', '.join(turn.faults)}</sub>\n")
    return "\n".join(parts)


def _line(turn: Turn) -> str:
    known = f" ({beside(turn)})" if beside(turn) else ""
    if turn.kind == SPEECH:
        return f"**{turn.speaker}**{known}: {turn.text}\n"
    return f"*{happened(turn)}*{known}\n"


def happened(turn: Turn) -> str:
    """Return what readers are told of a turn that is no speech."""
    told = {
        "pass": f"{turn.speaker} says nothing.",
        "enters": f"{turn.speaker} comes in.",
        "leaves": f"{turn.speaker} goes out.",
    }
    return told.get(turn.kind, turn.text)
