"""A document to material: whose words, which class, which stage; what is left out, and why."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from persllm.persona import Persona, Stage
from persllm.sentences import count_words, one_line
from persllm.subjectivity import Kind, kinds_of
from persllm.training.importing.cleaning.authorship import HEADING, is_about, own_text, recognise
from persllm.training.importing.cleaning.document_structure import contexts
from persllm.training.importing.dating import (
    stage_of_name,
    stage_of_year,
    stage_of_years,
    year_at_head,
)
from persllm.training.importing.document import Document, Paragraph
from persllm.training.importing.exchanges import own_speakers, plain_line, segments, speech_lines

MIN_WORDS = 5
"""A shorter paragraph of prose says too little to ask about."""
CLASSES: dict[str, Kind] = {"knowledge": "objective", "style": "subjective"}
UNDATED = "no stage: undated, and neither folder, file name nor --stage tells"
OUT_OF_STAGES = "no stage: dated outside all stages"
TOO_SHORT = f"fewer than {MIN_WORDS} words"
TWICE = "a repetition"
UNANSWERED = "a part of a conversation without the persona"

Classify = Callable[[Sequence[str]], Sequence[Kind]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One paragraph or segment that becomes material."""

    lines: tuple[str, ...]
    """As they stand in the file that is written."""
    where: str
    kind: Kind
    why_kind: str
    stage: str
    why_stage: str
    speech: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """One paragraph that is left out."""

    why: str
    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the user has said about an import."""

    stage: Stage | None = None
    """All of it belongs to this stage."""
    speakers: tuple[str, ...] = ()
    """The persona's labels in chats and scripts; guessed from the name by default."""
    anybody: bool = False
    """Keep editors' and others' words too."""
    classify: Classify = kinds_of
    """Objective or subjective, for all paragraphs at once; a teacher may do it."""
    classifier: str = "rules"


def sort_document(
    document: Document, persona: Persona, name: str, options: ImportOptions
) -> Iterator[Taken | Dropped]:
    """Yield what is taken and what is dropped, in order.

    Raises:
        PersonaError: Turns were found and nobody among them is the persona.
    """
    staging = _Staging(persona, options, PurePosixPath(name).with_suffix("").parts)
    if document.turns:
        yield from _conversation(document, persona, name, options, staging)
    yield from _prose(document, persona, options, staging)


class _Staging:
    """Finds the stage of what was written in a year: by hand, by name, by date, by years."""

    def __init__(self, persona: Persona, options: ImportOptions, parts: Sequence[str]) -> None:
        self._persona = persona
        self._given = (options.stage, "--stage") if options.stage else stage_of_name(persona, parts)
        self._else = stage_of_years(persona, parts)
        if self._else is None and len(persona.stages) == 1:
            self._else = persona.stages[0], "the only stage"

    def of(self, year: int | None) -> tuple[Stage | None, str]:
        """Return the stage and why, or None and why not."""
        if self._given:
            return self._given
        dated = stage_of_year(self._persona, year) if year else None
        if dated:
            return dated, f"written {year}"
        return self._else or (None, OUT_OF_STAGES if year else UNDATED)


def _conversation(
    document: Document, persona: Persona, name: str, options: ImportOptions, staging: _Staging
) -> Iterator[Taken | Dropped]:
    own = own_speakers(document.turns, name=persona.name, named=options.speakers, where=name)
    used = 0
    for segment in segments(document.turns, own):
        used += len(segment.turns)
        stage, why = staging.of(segment.year)
        where, lines = segment.turns[0].where, tuple(speech_lines(segment))
        if stage is None:
            yield Dropped(why=why, where=where, text=" / ".join(lines))
            continue
        yield Taken(
            lines=lines,
            where=where,
            kind="subjective",
            why_kind="speech",
            stage=stage.id,
            why_stage=why,
            speech=True,
        )
    silent = sum(turn.speaker not in own for turn in document.turns)
    if not used and silent:
        first = document.turns[0]
        yield Dropped(why=UNANSWERED, where=first.where, text=first.text)


def _prose(
    document: Document, persona: Persona, options: ImportOptions, staging: _Staging
) -> Iterator[Taken | Dropped]:
    texts = [paragraph.text for paragraph in document.paragraphs]
    author = "" if options.anybody else persona.name
    places = contexts(texts, author, language=persona.language)
    year: int | None = None
    seen: set[str] = set()
    kept: list[tuple[Paragraph, str, bool, int | None]] = []
    for paragraph, place in zip(document.paragraphs, places, strict=True):
        why = None if paragraph.class_ else recognise(paragraph.text, place)
        if why in (None, HEADING):
            year = year_at_head(paragraph.text, is_heading=why == HEADING) or year
        text = one_line(own_text(paragraph.text))
        if why is None and count_words(text) < MIN_WORDS and not paragraph.class_:
            why = TOO_SHORT
        if why is None and text in seen:
            why = TWICE
        seen.add(text)
        if why:
            yield Dropped(why=why, where=paragraph.where, text=paragraph.text)
        elif text:
            kept.append((paragraph, text, is_about(paragraph.text, place.names), year))
    kinds = options.classify([text for _, text, _, _ in kept])
    for (paragraph, text, about, written), kind in zip(kept, kinds, strict=True):
        stage, why_stage = staging.of(written)
        if stage is None:
            yield Dropped(why=why_stage, where=paragraph.where, text=text)
            continue
        given = CLASSES.get(paragraph.class_)
        yield Taken(
            lines=(plain_line(text),),
            where=paragraph.where,
            kind=given or ("objective" if about else kind),
            why_kind="the file's name"
            if given
            else "tells of the person"
            if about
            else options.classifier,
            stage=stage.id,
            why_stage=why_stage,
        )
