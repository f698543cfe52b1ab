"""The files of a materials folder, read literally: paragraphs, each with its stage and its place.

Only what the format says is format: front matter, `## <stage>` headings, a `# title` right above
the first of these, rules (`---`), `>` before what a partner said, and the tag 【...】 that the
paper's files put before a paragraph. All else is text. Another heading opens the paragraph below it
("Chicago: I arrived ..."), since what follows often needs it to be understood; where no paragraph
follows, it is one of its own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from persllm.persona import Persona, Stage

MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_PARAGRAPH = 50_000
"""Characters; a longer paragraph is a file that was not split."""
SUFFIXES = (".md", ".txt")
STAGE_LEVEL = 2
"""Of a heading that names a stage: two hash signs."""
HEADING = re.compile(r"(?P<level>#{1,6})\s+(?P<title>.*)")
RULE = re.compile(r"([-*_])(?:\s*\1){2,}$")
TAG = re.compile(r"^(?:【[^】]*】\s*)+(?=\S)")
FRONT_MATTER = re.compile(
    r"---[ \t]*\n(?:\n|#.*\n)*(?:[\w.-]+:(?:[ \t].*)?\n(?:\n|[ \t#-].*\n)*?)+?---[ \t]*(?:\n|$)"
)
"""A block of keys; lines of prose between two rules are text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceParagraph:
    """One paragraph, or one segment of a conversation, as its file has it."""

    stage: Stage
    file: str
    """Relative to the materials folder."""
    line: int
    lines: tuple[str, ...]
    """Those that begin with ">" are a partner's, and answered by the next."""

    @property
    def source(self) -> str:
        """File and line, relative to the materials folder."""
        return f"{self.file}:{self.line}"

    @property
    def is_exchange(self) -> bool:
        """Whether a partner speaks in it."""
        return any(line.startswith(">") for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines between blank lines, or one heading."""

    line: int
    lines: tuple[str, ...]
    level: int = 0
    """Of a heading; 0 for a paragraph."""


def read_files(persona: Persona, faults: list[str]) -> list[SourceParagraph]:
    """Return the paragraphs of all files, in order of file and line; faults are added to."""
    root = persona.materials_folder
    return [
        paragraph
        for path, stage in _files(persona, faults)
        for paragraph in _FileReading(persona, str(path.relative_to(root)), stage, faults).of(
            _blocks(_read_text(path, str(path.relative_to(root)), faults))
        )
    ]


def unread_files(persona: Persona) -> tuple[str, ...]:
    """Return the files of the materials that are not read: no text, or in no stage's folder."""
    root = persona.materials_folder
    read = {path for path, _ in _files(persona, [])}
    return tuple(
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and path not in read
        and path.stem.lower() != "readme"
        and path.name != "sources.jsonl"
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )


def _files(persona: Persona, faults: list[str]) -> Iterator[tuple[Path, Stage | None]]:
    root = persona.materials_folder
    yield from ((path, None) for path in sorted(root.iterdir()) if _is_text(path, root, faults))
    for stage in persona.stages:
        for name in stage.folders:
            folder = root / name
            if not folder.resolve().is_relative_to(root.resolve()):
                faults.append(f"stage {stage.id}: folder {name!r} lies outside the materials")
            elif folder.is_dir():
                found = sorted(folder.rglob("*"))
                yield from ((path, stage) for path in found if _is_text(path, root, faults))
            elif name != stage.id:
                faults.append(f"stage {stage.id}: there is no folder {name!r} in {root}")


def _is_text(path: Path, root: Path, faults: list[str]) -> bool:
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        if path.parent != root or not path.is_dir():  # a stage's folder is told of by its stage
            faults.append(
                f"{path.relative_to(root)}: a link that leads outside the materials. Put a copy of "
                "the file in its place."
            )
        return False
    return path.suffix.lower() in SUFFIXES and path.is_file() and path.stem.lower() != "readme"


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
    match = FRONT_MATTER.match(text)
    return "\n" * match[0].count("\n") + text[match.end() :] if match else text


def _blocks(text: str) -> Iterator[_Block]:
    """Yield the paragraphs and headings of a file, in order.

    Text without a single blank line is the paper's form, one paragraph a line; a partner's words
    belong to the lines around them.
    """
    start, block = 0, list[str]()
    one_a_line = not re.search(r"\n[ \t]*\n", text.strip())
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        heading = HEADING.match(line)
        stands_alone = one_a_line and block and ">" not in (block[-1][0], line[:1])
        if block and (not line or heading or stands_alone or RULE.match(line)):
            yield _Block(start, tuple(block))
            block = []
        if heading:
            yield _Block(number, (_title(heading["title"]),), len(heading["level"]))
        elif line and not RULE.match(line):
            start = start if block else number
            block.append(line if block else TAG.sub("", line))
    if block:
        yield _Block(start, tuple(block))


def _title(text: str) -> str:
    """Return a heading's words; hash signs may also stand after them."""
    bare = text.rstrip("#")
    return bare.rstrip() if bare != text and bare[-1:].isspace() else text


@dataclass(slots=True)
class _FileReading:
    """One file, read from first to last."""

    persona: Persona
    file: str
    folder_of: Stage | None
    """The stage in whose folder the file lies; None right in the materials folder."""
    faults: list[str]
    stage: Stage | None = None
    misplaced: _Block | None = None
    """The heading above, where it names no stage that text may belong to here."""
    headings: list[_Block] = field(default_factory=list)
    """What the next paragraph opens with."""
    begun: bool = False
    """A paragraph or a stage's heading has been seen."""
    asked: list[_Block] = field(default_factory=list)
    """What a partner said, and nobody has answered yet."""

    def __post_init__(self) -> None:
        only = self.persona.stages[0] if len(self.persona.stages) == 1 else None
        self.stage = self.folder_of or only

    def of(self, blocks: Iterator[_Block]) -> Iterator[SourceParagraph]:
        """Yield the paragraphs that the blocks make."""
        for block in blocks:
            if not block.level:
                yield from self._paragraph(block)
                self.begun = True
            elif block.level == STAGE_LEVEL and self._names_stage(block):
                yield from self._close()
                self._enter(block)
                self.begun = True
            else:
                self._refuse_unanswered()
                self.headings.append(block)
        self.begun = True
        yield from self._close()

    def _names_stage(self, block: _Block) -> bool:
        """Tell whether a heading of the stages' level is meant as one."""
        known = any(stage.id == block.lines[0] for stage in self.persona.stages)
        return known or (self.folder_of is None and len(self.persona.stages) > 1)

    def _enter(self, block: _Block) -> None:
        named = next((s for s in self.persona.stages if s.id == block.lines[0]), None)
        fits = named is not None and self.folder_of in (None, named)
        self.misplaced = None if fits else block
        if fits:
            self.stage = named

    def _paragraph(self, block: _Block) -> Iterator[SourceParagraph]:
        if not self._may_stand(block):
            return
        lines = [line for asked in self.asked for line in asked.lines] + list(block.lines)
        line = self.asked[0].line if self.asked else block.line
        end = len(lines)
        while end and lines[end - 1].startswith(">"):
            end -= 1
        self.asked = []
        if end:
            yield from self._with_headings(line, tuple(lines[:end]))
        if end < len(lines):
            rest = _Block(line + end if end else line, tuple(lines[end:]))
            if "speech" in Path(self.file).stem.lower():
                self.asked = [rest]
            else:  # a quotation
                quoted = [line[1:].strip() for line in rest.lines]
                yield from self._with_headings(rest.line, tuple(filter(None, quoted)))

    def _may_stand(self, block: _Block) -> bool:
        """Tell whether text may stand here; a fault is added where it may not."""
        where, length = f"{self.file}:{block.line}", sum(map(len, block.lines))
        if self.misplaced:
            self._refuse_below(self.misplaced.lines[0], where)
        elif self.stage is None:
            self._fault_once(
                "text under no heading",
                f"{where}: text under no heading; put it under one of {self._known()}, or in a "
                "stage's folder.",
            )
        elif length > MAX_PARAGRAPH:
            self.faults.append(
                f"{where}: a paragraph of {length:,} characters; at most {MAX_PARAGRAPH:,} are "
                "read. Split it with blank lines."
            )
        else:
            return True
        return False

    def _refuse_below(self, title: str, where: str) -> None:
        if self.folder_of:
            self._fault_once(
                f"text under '## {title}' in the folder",
                f"{where}: text under '## {title}' in the folder of the stage {self.folder_of.id}; "
                f"put it into a folder of the stage {title}.",
            )
        else:
            self._fault_once(
                f"text under '## {title}'",
                f"{where}: text under '## {title}'; put it under one of {self._known()}, or in a "
                f"stage's folder. A heading within the text has three hash signs: '### {title}'.",
            )

    def _with_headings(self, line: int, lines: tuple[str, ...]) -> Iterator[SourceParagraph]:
        """Yield a paragraph that opens with the headings above it; an exchange stands by itself."""
        if not lines or self.stage is None:
            return
        if self.headings and lines[0].startswith(">"):
            yield from self._headings_alone()
        if self.headings:
            line = self.headings[0].line
            lines = (_led([h.lines[0] for h in self.headings], lines[0]), *lines[1:])
            self.headings = []
        yield SourceParagraph(stage=self.stage, file=self.file, line=line, lines=lines)

    def _headings_alone(self) -> Iterator[SourceParagraph]:
        headings, self.headings = self.headings, []
        if headings and self.stage:
            *above, last = [heading.lines[0] for heading in headings]
            text = _led(above, last) if above else last
            line = headings[0].line
            yield SourceParagraph(stage=self.stage, file=self.file, line=line, lines=(text,))

    def _close(self) -> Iterator[SourceParagraph]:
        """End a stage's part of the file."""
        self._refuse_unanswered()
        if not self.begun and self.headings and self.headings[0].level == 1:
            del self.headings[0]  # the file's title
        if self.misplaced and not self.headings:
            self._may_stand(self.misplaced)  # its own words are text, too
        if not all(self._may_stand(heading) for heading in self.headings):
            self.headings = []
        yield from self._headings_alone()

    def _refuse_unanswered(self) -> None:
        if self.asked:
            self.faults.append(
                f"{self.file}:{self.asked[0].line}: nobody answers '{self.asked[0].lines[0]:.60}'. "
                "Write the answer below it, or remove the line."
            )
        self.asked = []

    def _fault_once(self, once: str, fault: str) -> None:
        """Add a fault that is told once, however often it occurs."""
        if not any(once in known for known in self.faults):
            self.faults.append(fault)

    def _known(self) -> str:
        return ", ".join(f"'## {stage.id}'" for stage in self.persona.stages)


def _led(headings: Sequence[str], text: str) -> str:
    """Return a text with the headings before it."""
    ends = (".", ":", "!", "?", "\u3002", "\uff1a", "\uff01", "\uff1f", "\u061f", "\u0964")
    return " ".join([*(h if h.endswith(ends) else f"{h}:" for h in headings), text])
