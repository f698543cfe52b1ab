"""What of a persona's own materials looks as if somebody else had written it.

The materials are read as they stand; this only points at paragraphs that an import would have left
out. `persllm check` tells of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from persllm.material_files import SourceParagraph
from persllm.materials import read_paragraphs
from persllm.persona import Persona
from persllm.training.importing.cleaning.authorship import recognise
from persllm.training.importing.cleaning.document_structure import contexts


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One paragraph that may not be the person's own words."""

    why: str
    source: str
    """File and line, relative to the materials folder."""
    text: str


def doubtful_paragraphs(persona: Persona) -> tuple[Doubtful, ...]:
    """Return the paragraphs that look like an editor's, a heading or another's, in order.

    Raises:
        PersonaError: The materials have faults; all are listed.
    """
    files = groupby(read_paragraphs(persona), key=lambda paragraph: paragraph.file)
    return tuple(found for _, group in files for found in _of_file(persona, list(group)))


def _of_file(persona: Persona, paragraphs: Sequence[SourceParagraph]) -> Iterator[Doubtful]:
    texts = ["\n".join(paragraph.lines) for paragraph in paragraphs]
    places = contexts(texts, persona.name, language=persona.language)
    for paragraph, text, place in zip(paragraphs, texts, places, strict=True):
        why = None if paragraph.is_exchange else recognise(text, place)
        if why:
            yield Doubtful(why, paragraph.source, text)
