"""Foreign files into a persona's materials: read, sorted, written, with provenance and a report.

Each source gets a folder `materials/<stage>/<source>/` of plain files a user reads and changes:
`experiences.md` and `knowledge.md` (objective), `writing.md` and `speech.md` (subjective). A file
that was changed by hand since it was imported is never overwritten.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from persllm.errors import DataError, PersonaError
from persllm.files import digest, digest_file, read_jsonl, write_jsonl, write_text
from persllm.persona import Persona, persona_id
from persllm.progress import Progress
from persllm.training.importing.cleaning.authorship import FIRST_PERSON
from persllm.training.importing.document import Document
from persllm.training.importing.finding import Source, find_sources, linked
from persllm.training.importing.reading import read_document
from persllm.training.importing.sorting import Dropped, ImportOptions, Taken, sort_document

SOURCES_NAME = "sources.jsonl"
MAX_FOLDER = 60
"""Characters of a source's folder name."""
KNOWLEDGE_PARAGRAPHS = 3
"""Of a page that is only linked to, so many paragraphs: the short description of the entry."""


@dataclass(slots=True)
class Read:
    """What became of one source."""

    name: str
    form: str = ""
    digest: str = ""
    notes: tuple[str, ...] = ()
    taken: list[Taken] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    refused: str = ""
    """Why nothing of it could be read."""
    kept_by_hand: list[str] = field(default_factory=list)
    """Files changed by hand since the last import; they were left as they are."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of all sources."""

    sources: tuple[Read, ...]
    passed: tuple[tuple[str, str], ...]
    """Files of a folder that were not opened, with the reason."""


def import_materials(
    persona: Persona,
    paths: Sequence[Path],
    *,
    options: ImportOptions,
    licence: str = "",
    links: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda name, done, total: None,
) -> Imported:
    """Read all files, write what they hold into the persona's materials; return what became of it.

    Args:
        persona: Whose materials.
        paths: Files and folders.
        options: Stage, speakers and classes where the user has said so.
        licence: On what terms the texts may be used; the card's by default.
        links: Also take the short description of entries that pages link to, inside their folder.
        dry_run: Write nothing.
        progress: Told of every file.

    Raises:
        PersonaError: Nothing could be read; all reasons are listed.
    """
    found = find_sources(paths)
    results: list[Read] = []
    queue = [(source, False) for source in found.sources]
    known = {source.path.resolve() for source in found.sources}
    for index, (source, only_linked) in enumerate(queue):
        progress(source.name, index, len(queue))
        read, document = _read(source, persona, options, only_linked)
        results.append(read)
        if links and document is not None and document.links and not only_linked:
            for page in linked(source, document.links, _folder_of(source)):
                if page.path not in known:
                    known.add(page.path)
                    queue.append((page, True))
    _refuse_if_nothing(results, found.passed)
    if not dry_run:
        terms = licence or (persona.rights.licence if persona.rights else "")
        _write(persona, results, terms)
    return Imported(tuple(results), found.passed)


def _read(
    source: Source, persona: Persona, options: ImportOptions, only_linked: bool
) -> tuple[Read, Document | None]:
    read = Read(source.name)
    try:
        document = read_document(source.path)
        if only_linked:
            document = _described(document)
        read.digest = digest_file(source.path)
        read.form, read.notes = document.form, document.notes
        for piece in sort_document(document, persona, source.name, options):
            if isinstance(piece, Taken):
                read.taken.append(piece)
            else:
                read.dropped.append(piece)
    except PersonaError as error:
        read.refused = str(error)
        return read, None
    return read, document


def _described(document: Document) -> Document:
    """Return the opening of a linked page: what the entry is, as knowledge."""
    prose = [p for p in document.paragraphs if len(p.text.split()) >= 12][:KNOWLEDGE_PARAGRAPHS]
    return Document(form=document.form, paragraphs=tuple(prose), notes=document.notes)


def _folder_of(source: Source) -> Path:
    """Return the folder that the user named, or the one in which the file lies."""
    folder = source.path.resolve().parent
    for _ in PurePosixPath(source.name).parts[1:]:
        folder = folder.parent
    return folder


def _refuse_if_nothing(results: Sequence[Read], passed: Sequence[tuple[str, str]]) -> None:
    if any(read.taken or read.dropped for read in results):
        return
    reasons = [f"{read.name}: {read.refused or 'holds no words'}" for read in results]
    reasons += [f"{name}: {why}" for name, why in passed]
    told = "\n".join(f"  - {reason}" for reason in reasons[:40]) or "  - there are no files"
    raise PersonaError(f"nothing could be imported, {len(reasons)} file(s)\n{told}")


def _write(persona: Persona, results: Sequence[Read], licence: str) -> None:
    """Write the files of every source and one provenance row a paragraph."""
    root = persona.materials_folder
    rows = {row["material"]: row for row in _known_rows(root)}
    written = {row["file"]: row["file_digest"] for row in rows.values()}
    folders = _folders(results, rows.values())
    for read in results:
        for name, pieces in _files(read, folders[read.name]):
            path = root / name
            text = _text(read, pieces)
            if path.is_file() and digest_file(path) not in (written.get(name), digest(text)):
                read.kept_by_hand.append(name)
                continue
            rows = {key: row for key, row in rows.items() if row["file"] != name}
            _write_file(path, text)
            for number, piece in _placed(pieces):
                row = _row(read, piece, name, number, licence=licence)
                rows[row["material"]] = {**row, "file_digest": digest_file(path)}
    write_jsonl(root / SOURCES_NAME, rows.values())


def _write_file(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:
        raise PersonaError(
            f"{path} cannot be written: {error.strerror}. Name a materials folder of your own in "
            "persona.yaml: 'materials: materials'."
        ) from error


def _known_rows(root: Path) -> Iterator[dict[str, Any]]:
    path = root / SOURCES_NAME
    if not path.is_file():
        return
    needed = {"material", "file", "file_digest"}
    for row in read_jsonl(path):
        if not needed <= row.keys():
            raise DataError(f"{path}: a row lacks {sorted(needed - row.keys())}. Remove the row.")
        yield row


def _folders(results: Sequence[Read], rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return a folder for each source; no two share one, nor one that was imported earlier."""
    taken = {row["file"].split("/")[-2]: str(row.get("source")) for row in rows}
    folders = {source: folder for folder, source in taken.items()}
    for read in results:
        folder = persona_id(PurePosixPath(read.name).with_suffix("").as_posix())
        too_long = len(folder) > MAX_FOLDER
        if too_long or taken.get(folder, read.name) != read.name:
            folder = f"{folder[: MAX_FOLDER - 7].strip('-')}-{digest(read.name)[:6]}"
        folders.setdefault(read.name, folder)
        taken.setdefault(folder, read.name)
    return folders


def _files(read: Read, folder: str) -> Iterator[tuple[str, list[Taken]]]:
    """Yield the files of one source, each with its pieces, in order."""
    parts: dict[str, list[Taken]] = defaultdict(list)
    for piece in read.taken:
        parts[f"{piece.stage}/{folder}/{_stem(piece)}.md"].append(piece)
    yield from parts.items()


def _stem(piece: Taken) -> str:
    if piece.speech:
        return "speech"
    if piece.kind == "subjective":
        return "writing"
    return "experiences" if FIRST_PERSON.search(piece.lines[0]) else "knowledge"


def _text(read: Read, pieces: Sequence[Taken]) -> str:
    blocks = ["\n".join(piece.lines) for piece in pieces]
    return (
        f"---\nsource: {json.dumps(read.name, ensure_ascii=False)}\n---\n\n"
        + "\n\n".join(blocks)
        + "\n"
    )


def _placed(pieces: Sequence[Taken]) -> Iterator[tuple[int, Taken]]:
    """Yield (line, piece) as `_text` sets them."""
    line = 5
    for piece in pieces:
        yield line, piece
        line += len(piece.lines) + 1


def _row(read: Read, piece: Taken, file: str, line: int, *, licence: str) -> dict[str, Any]:
    return {
        "material": f"{file}:{line}",
        "file": file,
        "source": read.name,
        "source_digest": read.digest,
        "form": read.form,
        "where": piece.where,
        "licence": licence,
        "stage": piece.stage,
        "why_stage": piece.why_stage,
        "kind": piece.kind,
        "why_kind": piece.why_kind,
        "text_digest": digest(*piece.lines),
    }
