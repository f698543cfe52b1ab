"""What the person left behind: paragraphs of the materials folder, with kind, stage and source.

Two layouts are read, also mixed. A file right in the materials folder names its stages by
headings (`## early`); a file inside a stage's folder belongs to that stage. The class of a
paragraph follows the paper (METHOD 2.2): objective text feeds what is said, subjective text how
it is said. It is taken from the file's name where that tells (`knowledge`, `speech`, ...), else
from the paragraph's own words.

In a speech file a line that starts with ">" is what a partner said; the next lines answer it.
Several such exchanges without a blank line between them are one segment of a conversation.

What stands in the files is read literally (`persllm.material_files`). Books and letters with the
words of others in them are cleaned when they are imported, and only then.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from persllm.errors import PersonaError
from persllm.files import digest
from persllm.material_files import SourceParagraph, read_files
from persllm.persona import Persona
from persllm.sentences import PASSAGE_WORDS, one_line, passages
from persllm.subjectivity import Kind as Kind
from persllm.subjectivity import kind_of, tone_of

KINDS: dict[str, Kind] = {
    "experiences": "objective",
    "knowledge": "objective",
    "speech": "subjective",
    "writing": "subjective",
    "style": "subjective",
    "letters": "subjective",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One paragraph (or one exchange) of source text."""

    id: str
    stage: str
    kind: Kind
    text: str
    partner: str = ""
    """What another person said just before; only exchanges of a speech file have it."""
    source: str
    """File and line, relative to the materials folder."""

    @property
    def heard(self) -> str:
        """The text after what it answered: what its vector is made of."""
        return f"{self.partner} {self.text}".strip()


def read_materials(persona: Persona, *, passage_words: int = PASSAGE_WORDS) -> tuple[Material, ...]:
    """Read all materials, in order of stage, file and line; paragraphs that recur are read once.

    Args:
        persona: Whose.
        passage_words: Longer paragraphs are cut at sentence ends into passages of about so many
            words. The texts, and with them the ids, depend on it.

    Raises:
        PersonaError: Files are missing, unreadable or misplaced; all faults are listed.
    """
    found: dict[str, Material] = {}
    for _, group in groupby(read_paragraphs(persona), key=lambda paragraph: paragraph.file):
        for material in _materials_of_file(list(group), passage_words):
            _add(found, material)
    _refuse(persona, _empty_stages(persona, found.values()))
    order = [stage.id for stage in persona.stages]
    return tuple(sorted(found.values(), key=lambda material: order.index(material.stage)))


def read_paragraphs(persona: Persona) -> list[SourceParagraph]:
    """Read all paragraphs as their files have them, in order of file and line.

    Raises:
        PersonaError: Files are missing, unreadable or misplaced; all faults are listed.
    """
    if not persona.materials_folder.is_dir():
        raise PersonaError(
            f"{persona.materials_folder} is not a folder. Put the person's texts there, "
            f"or name their folder in {persona.folder}/persona.yaml: 'materials: <folder>'."
        )
    faults: list[str] = []
    paragraphs = read_files(persona, faults)
    _refuse(persona, faults)
    return paragraphs


def _refuse(persona: Persona, faults: Sequence[str]) -> None:
    if faults:
        raise PersonaError(
            f"{persona.materials_folder}: {len(faults)} fault(s)\n"
            + "\n".join(f"  - {fault}" for fault in faults)
        )


def _materials_of_file(
    paragraphs: Sequence[SourceParagraph], passage_words: int
) -> Iterator[Material]:
    stem = Path(paragraphs[0].file).stem
    named: Kind | None = next((kind for name, kind in KINDS.items() if name in stem.lower()), None)
    tone = 0.0 if named else tone_of(["\n".join(p.lines) for p in paragraphs])
    short = stem.lower()[:20].replace(" ", "-")
    for paragraph in paragraphs:
        stage = paragraph.stage.id
        for partner, text in _exchanges(paragraph.lines):
            for number, passage in enumerate(passages(text, words=passage_words)):
                yield Material(
                    id=f"{stage}-{short}-{digest(stage, passage)[:8]}",
                    stage=stage,
                    kind=named or ("subjective" if partner else kind_of(passage, tone=tone)),
                    text=passage,
                    partner="" if number else partner,
                    source=paragraph.source,
                )


def _add(found: dict[str, Material], material: Material) -> None:
    """Add a material under an id of its own, unless the same was read before."""
    if known := found.get(material.id):
        if (known.text, known.partner) == (material.text, material.partner):
            return
        mark = digest(material.stage, material.partner, material.text)[:8]
        material = replace(material, id=f"{material.id}-{mark}")
    found.setdefault(material.id, material)


def _exchanges(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (what the partner said, what was answered), exchange by exchange."""
    partner: list[str] = []
    answer: list[str] = []
    for line in lines:
        if line.startswith(">") and answer:
            yield one_line("\n".join(partner)), "\n".join(answer)
            partner, answer = [], []
        if line.startswith(">"):
            partner.append(line[1:].strip())
        else:
            answer.append(line)
    yield one_line("\n".join(partner)), "\n".join(answer)


def _empty_stages(persona: Persona, materials: Iterable[Material]) -> list[str]:
    filled = {material.stage for material in materials}
    return [
        f"stage {stage.id}: no text. Put paragraphs under '## {stage.id}' or into a folder "
        f"{' or '.join(stage.folders)}."
        for stage in persona.stages
        if stage.id not in filled
    ]
