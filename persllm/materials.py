"""What the person left behind: paragraphs of the materials folder, with kind, stage and source.

Two layouts are read, also mixed. A file right in the materials folder names its stages by
headings (`## early`); a file inside a stage's folder belongs to that stage. The class of a
paragraph follows the paper (METHOD 2.2): objective text feeds what is said, subjective text how
it is said. It is taken from the file's name where that tells (`knowledge`, `speech`, ...), else
from the paragraph's own words.

In a speech file a line that starts with ">" is what a partner said; the next lines answer it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from persllm.errors import PersonaError
from persllm.files import digest
from persllm.persona import Persona, Stage

Kind = Literal["objective", "subjective"]

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
SUBJECTIVE_WORDS = re.compile(
    r"\b(?:I (?:think|believe|feel|hope|wish|love|hate|hold|fear|suppose|am sure|cannot)|"
    r"my (?:opinion|view|heart|dear)|me|ought|should|alas)\b"
)
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


def read_materials(persona: Persona) -> tuple[Material, ...]:
    """Read all materials, in order of stage, file and line; paragraphs that recur are read once.

    Raises:
        PersonaError: Files are missing, unreadable or misplaced; all faults are listed.
    """
    faults: list[str] = []
    found: dict[str, Material] = {}
    if not persona.materials_folder.is_dir():
        raise PersonaError(
            f"{persona.materials_folder} is not a folder. Put the person's texts there, "
            f"or name their folder in {persona.folder}/persona.yaml: 'materials: <folder>'."
        )
    for path, stage in _files(persona, faults):
        for material in _read_file(persona, path, stage, faults):
            found.setdefault(material.id, material)
    faults += _empty_stages(persona, found.values()) if not faults else []
    if faults:
        raise PersonaError(
            f"{persona.materials_folder}: {len(faults)} fault(s)\n"
            + "\n".join(f"  - {fault}" for fault in faults)
        )
    order = [stage.id for stage in persona.stages]
    return tuple(sorted(found.values(), key=lambda material: order.index(material.stage)))


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
) -> Iterator[Material]:
    name = str(path.relative_to(persona.materials_folder))
    text = _read_text(path, name, faults)
    for heading, line, lines in _blocks(text):
        paragraph = " ".join(lines)
        if len(paragraph) > MAX_PARAGRAPH:
            faults.append(
                f"{name}:{line}: a paragraph of {len(paragraph):,} characters; at most "
                f"{MAX_PARAGRAPH:,} are read. Split it with blank lines."
            )
            continue
        owner = stage or _stage_of(persona, heading, f"{name}:{line}", faults)
        if owner is not None:
            yield from _materials(owner, path.stem, lines, f"{name}:{line}")


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


def _materials(stage: Stage, stem: str, lines: list[str], source: str) -> Iterator[Material]:
    partner = " ".join(line[1:].strip() for line in lines if line.startswith(">"))
    text = " ".join(line for line in lines if not line.startswith(">"))
    text = re.sub(r"^【.*】", "", text)  # the paper's leading tag
    for passage in _passages(text):
        yield Material(
            id=f"{stage.id}-{stem.lower()[:20].replace(' ', '-')}-{digest(stage.id, passage)[:8]}",
            stage=stage.id,
            kind=_kind(stem, passage),
            text=passage,
            partner=partner,
            source=source,
        )
        partner = ""


def _passages(text: str) -> Iterator[str]:
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


def _kind(stem: str, text: str) -> Kind:
    for name, kind in KINDS.items():
        if name in stem.lower():
            return kind
    return "subjective" if len(SUBJECTIVE_WORDS.findall(text)) >= 2 else "objective"


def _empty_stages(persona: Persona, materials: Iterable[Material]) -> list[str]:
    filled = {material.stage for material in materials}
    return [
        f"stage {stage.id}: no text. Put paragraphs under '## {stage.id}' or into a folder "
        f"{' or '.join(stage.folders)}."
        for stage in persona.stages
        if stage.id not in filled
    ]
