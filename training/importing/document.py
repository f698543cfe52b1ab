"""What a parser hands on: the paragraphs or the turns of one foreign file, and where each stood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

OWN_MESSAGES = "(own messages)"
"""Who speaks in an export that holds nothing but the messages of whoever asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph as the file has it."""

    text: str
    """Without control characters; line ends within it are kept."""
    where: str
    """Place in the file: "line 12", "page 3", "chapter.xhtml, paragraph 4"."""
    class_: str = ""
    """"knowledge" or "style" where the file says so, as the paper's two files do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One utterance of a chat, a script or an interview."""

    speaker: str
    text: str
    where: str
    year: int | None = None
    scene: str = ""
    """A talk, a scene or a thread; a segment never spans two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One foreign file, read."""

    form: str
    """"text", "html", "epub", "pdf", "docx", "chat", "script", ..."""
    paragraphs: tuple[Paragraph, ...] = ()
    turns: tuple[Turn, ...] = ()
    notes: tuple[str, ...] = ()
    """What the reader should know: the encoding used, characters taken out, pages skipped."""
    links: tuple[str, ...] = ()
    """Where the file points to, as written there."""


def merged(turns: Sequence[Turn]) -> Iterator[Turn]:
    """Yield the turns with what one speaker said in one go joined into one."""
    for (speaker, scene), group in groupby(turns, key=lambda turn: (turn.speaker, turn.scene)):
        said = list(group)
        yield Turn(
            speaker=speaker,
            text=" ".join(turn.text for turn in said),
            where=said[0].where,
            year=said[0].year,
            scene=scene,
        )
