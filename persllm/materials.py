"""What the person left behind: paragraphs of the materials folder, with kind, stage and source.

Two layouts are read, also mixed. A file right in the materials folder names its stages by
headings (`## early`); a file inside a stage's folder belongs to that stage. The class of a
paragraph follows the paper (METHOD 2.2): objective text feeds what is said, subjective text how
it is said. It is taken from the file's name where that tells (`knowledge`, `speech`, ...), else
from the paragraph's own words.

In a speech file a line that starts with ">" is what a partner said; the next lines answer it.
Several such exchanges without a blank line between them are one segment of a conversation.

What editors, printers and others wrote is left out (`persllm.whose`); `sift` says what and why.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from persllm.errors import PersonaError
from persllm.files import digest
from persllm.kinds import Kind as Kind
from persllm.kinds import kind_of, tone_of
from persllm.parts import contexts
from persllm.persona import Persona, Stage
from persllm.whose import Context, is_about, own_text, recognise

MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_PARAGRAPH = 50_000
"""Characters; a longer paragraph is a file that was not split."""
PASSAGE_WORDS = 90
"""Longer paragraphs are cut at sentence ends into passages of about this length."""
SUFFIXES = (".md", ".txt")
KINDS: dict[str, Kind] = {
    "experiences": "objective",
    "knowledge": "objective",
    "speech": "subjective",
    "writing": "subjective",
    "style": "subjective",
    "letters": "subjective",
}
SENTENCE_END = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"')\]])|(?<=[.!?][\"')\]]{2}))\s+(?=[\"'(\[]?[A-Z0-9])"
)
NOT_AN_END = re.compile(
    r"(?:^|[\s(])(?:Mr|Mrs|Ms|Messrs|Dr|Prof|Sir|St|Capt|Col|Gen|Lt|Rev|Hon|Jr|Sr|vol|Vol|No|pp?|"
    r"etc|Phil|e\.g|i\.e|cf|viz|[A-Z])\.$"
)


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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One paragraph that is not the person's own words."""

    why: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Sifted:
    """All that a materials folder holds: what is used, and what is not."""

    materials: tuple[Material, ...]
    left_out: tuple[LeftOut, ...]


def read_materials(persona: Persona) -> tuple[Material, ...]:
    """Read all materials, in order of stage, file and line; paragraphs that recur are read once.

    Raises:
        PersonaError: Files are missing, unreadable or misplaced; all faults are listed.
    """
    return sift(persona).materials


def sift(persona: Persona) -> Sifted:
    """Read all materials, and say what was left out and why.

    Raises:
        PersonaError: Files are missing, unreadable or misplaced; all faults are listed.
    """
    faults: list[str] = []
    found: dict[str, Material] = {}
    left_out: list[LeftOut] = []
    if not persona.materials_folder.is_dir():
        raise PersonaError(
            f"{persona.materials_folder} is not a folder. Put the person's texts there, "
            f"or name their folder in {persona.folder}/persona.yaml: 'materials: <folder>'."
        )
    for path, stage in _files(persona, faults):
        for read in _read_file(persona, path, stage, faults):
            if isinstance(read, LeftOut):
                left_out.append(read)
            else:
                found.setdefault(read.id, read)
    faults += _empty_stages(persona, found.values()) if not faults else []
    if faults:
        raise PersonaError(
            f"{persona.materials_folder}: {len(faults)} fault(s)\n"
            + "\n".join(f"  - {fault}" for fault in faults)
        )
    order = [stage.id for stage in persona.stages]
    in_order = sorted(found.values(), key=lambda material: order.index(material.stage))
    return Sifted(tuple(in_order), tuple(left_out))


def sentences(text: str) -> list[str]:
    """Split a paragraph at sentence ends, keeping abbreviations and initials together."""
    parts: list[str] = []
    for part in SENTENCE_END.split(" ".join(text.split())):
        if parts and NOT_AN_END.search(parts[-1]):
            parts[-1] += " " + part
        elif part:
            parts.append(part)
    return parts


def _files(persona: Persona, faults: list[str]) -> Iterator[tuple[Path, Stage | None]]:
    root = persona.materials_folder
    yield from ((path, None) for path in sorted(root.iterdir()) if _is_text(path))
    for stage in persona.stages:
        for name in stage.folders:
            folder = root / name
            if not folder.resolve().is_relative_to(root.resolve()):
                faults.append(f"stage {stage.id}: folder {name!r} lies outside the materials")
            elif folder.is_dir():
                yield from ((p, stage) for p in sorted(folder.rglob("*")) if _is_text(p))
            elif name != stage.id:
                faults.append(f"stage {stage.id}: there is no folder {name!r} in {root}")


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and path.stem.lower() != "readme"


def _read_file(
    persona: Persona, path: Path, stage: Stage | None, faults: list[str]
) -> Iterator[Material | LeftOut]:
    name = str(path.relative_to(persona.materials_folder))
    blocks = [
        (heading, line, [re.sub(r"^【.*】", "", lines[0]), *lines[1:]])  # the paper's leading tag
        for heading, line, lines in _blocks(_read_text(path, name, faults))
    ]
    texts = ["\n".join(lines) for _, _, lines in blocks]
    texts = [text if len(text) <= MAX_PARAGRAPH else "" for text in texts]  # told as faults below
    places = contexts(texts, persona.name)
    reasons = [_left_out(lines, place) for (_, _, lines), place in zip(blocks, places, strict=True)]
    named = _kind_by_name(path.stem)
    own = [text for text, why in zip(texts, reasons, strict=True) if text and not why]
    tone = 0.0 if named else tone_of(own)
    for (heading, line, lines), place, why in zip(blocks, places, reasons, strict=True):
        source, paragraph = f"{name}:{line}", "\n".join(lines)
        if len(paragraph) > MAX_PARAGRAPH:
            faults.append(
                f"{source}: a paragraph of {len(paragraph):,} characters; at most "
                f"{MAX_PARAGRAPH:,} are read. Split it with blank lines."
            )
            continue
        if why:
            yield LeftOut(why, source, paragraph)
            continue
        owner = stage or _stage_of(persona, heading, source, faults)
        if owner is not None:
            about = not _is_speech(lines) and is_about(paragraph, place.names)
            kind: Kind | None = named or ("objective" if about else None)
            yield from _materials(owner, path.stem, lines, source, kind=kind, tone=tone)


def _left_out(lines: list[str], place: Context) -> str | None:
    paragraph = "\n".join(lines)
    if _is_speech(lines) or len(paragraph) > MAX_PARAGRAPH:
        return None
    return recognise(paragraph, place)


def _is_speech(lines: list[str]) -> bool:
    return any(line.startswith(">") for line in lines)


def _read_text(path: Path, name: str, faults: list[str]) -> str:
    if path.stat().st_size > MAX_FILE_BYTES:
        faults.append(
            f"{name}: {path.stat().st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read. "
            "Split the file."
        )
        return ""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(
            f"{name}: not UTF-8 (byte {error.start}). Convert it: iconv -f latin1 -t utf-8."
        )
        return ""
    if "\0" in text:
        faults.append(f"{name}: holds NUL bytes, so it is no text. Remove the file.")
        return ""
    return _without_front_matter(text)


def _without_front_matter(text: str) -> str:
    """Blank the leading `---` block, so that line numbers stay true."""
    match = re.match(r"---\n.*?\n---\n", text, flags=re.DOTALL)
    return "\n" * match[0].count("\n") + text[match.end() :] if match else text


def _blocks(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield (heading, line number, lines) of each paragraph.

    Text without a single blank line is the paper's form: one paragraph a line.
    """
    heading, start, block = "", 0, list[str]()
    one_a_line = not re.search(r"\n[ \t]*\n", text.strip())
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        title = re.match(r"#{1,6}\s+(.*)", line)
        if block and (not line or title or (one_a_line and not block[-1].startswith(">"))):
            yield heading, start, block
            block = []
        if title:
            heading = title[1].strip() if line.startswith("## ") else heading
        elif line:
            start = start if block else number
            block.append(line)
    if block:
        yield heading, start, block


def _stage_of(persona: Persona, heading: str, where: str, faults: list[str]) -> Stage | None:
    for stage in persona.stages:
        if heading == stage.id:
            return stage
    if not heading and len(persona.stages) == 1:
        return persona.stages[0]
    known = ", ".join(f"'## {stage.id}'" for stage in persona.stages)
    got = f"under '## {heading}'" if heading else "under no heading"
    fault = f"{where}: text {got}; put it under one of {known}, or in a stage's folder."
    if not any(f"text {got};" in known_fault for known_fault in faults):
        faults.append(fault)
    return None


def _materials(
    stage: Stage, stem: str, lines: list[str], source: str, *, kind: Kind | None, tone: float
) -> Iterator[Material]:
    for partner, text in _exchanges(lines):
        said = partner
        for passage in passages(own_text(text)):
            name = stem.lower()[:20].replace(" ", "-")
            yield Material(
                id=f"{stage.id}-{name}-{digest(stage.id, passage)[:8]}",
                stage=stage.id,
                kind=kind or ("subjective" if partner else kind_of(passage, tone=tone)),
                text=passage,
                partner=said,
                source=source,
            )
            said = ""


def _exchanges(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (what the partner said, what was answered), exchange by exchange."""
    partner: list[str] = []
    answer: list[str] = []
    for line in lines:
        if line.startswith(">") and answer:
            yield " ".join(partner), " ".join(answer)
            partner, answer = [], []
        if line.startswith(">"):
            partner.append(line[1:].strip())
        else:
            answer.append(line)
    yield " ".join(partner), " ".join(answer)


def passages(text: str) -> Iterator[str]:
    """Yield a paragraph in passages of about `PASSAGE_WORDS`, cut at sentence ends."""
    passage: list[str] = []
    words = 0
    for sentence in sentences(text):
        length = len(sentence.split())
        if passage and words + length > PASSAGE_WORDS:
            yield " ".join(passage)
            passage, words = [], 0
        passage.append(sentence)
        words += length
    if passage:
        yield " ".join(passage)


def _kind_by_name(stem: str) -> Kind | None:
    return next((kind for name, kind in KINDS.items() if name in stem.lower()), None)


def _empty_stages(persona: Persona, materials: Iterable[Material]) -> list[str]:
    filled = {material.stage for material in materials}
    return [
        f"stage {stage.id}: no text. Put paragraphs under '## {stage.id}' or into a folder "
        f"{' or '.join(stage.folders)}."
        for stage in persona.stages
        if stage.id not in filled
    ]
