"""Which files an import reads: those named, and those in named folders; no link leads outside."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from persllm.errors import PersonaError
from persllm.training.importing.reading import SUFFIXES

MAX_FILES = 20_000
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import."""

    path: Path
    name: str
    """As the user named it, or relative to the folder that was named."""


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to read, and what was passed over, with the reason."""

    sources: tuple[Source, ...]
    passed: tuple[tuple[str, str], ...]


def find_sources(paths: Sequence[Path]) -> Found:
    """Return the files of all paths in order, each once.

    Raises:
        PersonaError: A path does not exist, or a folder holds more files than anybody means.
    """
    missing = [str(path) for path in paths if not os.path.lexists(path)]
    if missing:
        raise PersonaError(f"there is no {', no '.join(missing)}. Name files or folders.")
    sources: dict[Path, Source] = {}
    passed: list[tuple[str, str]] = []
    for path in paths:
        if path.is_dir():
            for found in _walk(path, passed):
                sources.setdefault(found.path.resolve(), found)
        else:
            sources.setdefault(path.resolve(), Source(path, path.name))
        if len(sources) > MAX_FILES:
            raise PersonaError(f"more than {MAX_FILES:,} files in {path}. Name a smaller folder.")
    return Found(tuple(sources.values()), tuple(passed))


def linked(source: Source, links: Sequence[str], within: Path) -> Iterator[Source]:
    """Yield the files that a page links to, as far as they lie in the folder `within`."""
    root = within.resolve()
    for link in links:
        address = unquote(link.split("#")[0].split("?")[0])
        if not address or "://" in link or link.startswith(("mailto:", "data:", "javascript:")):
            continue
        for candidate in (address, f"{address}.html", f"{address}.htm"):
            try:
                path = (source.path.parent / candidate.lstrip("/")).resolve()
                inside = path.is_relative_to(root) and path.is_file()
            except (OSError, ValueError, RuntimeError):
                break
            if inside:
                yield Source(path, path.relative_to(root).as_posix())
                break


def _walk(root: Path, passed: list[tuple[str, str]]) -> Iterator[Source]:
    """Yield the readable files of a folder; links are never followed, so no loop is possible."""
    waiting = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop(0)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            passed.append((str(folder), f"cannot be opened: {error.strerror}"))
            continue
        for entry in entries:
            name = Path(entry.path).relative_to(root).as_posix()
            reason = _reason_to_pass(entry)
            if reason:
                passed.append((name, reason))
            elif entry.is_dir(follow_symlinks=False):
                if depth < MAX_DEPTH and not entry.name.startswith("."):
                    waiting.append((Path(entry.path), depth + 1))
            else:
                yield Source(Path(entry.path), name)


def _reason_to_pass(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "a link; links are not followed"
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        return ""
    if not stat.S_ISREG(mode):
        return "a pipe, socket or device"
    if entry.name.startswith("."):
        return "a hidden file"
    if Path(entry.name).suffix.lower() not in SUFFIXES:
        return f"its ending {Path(entry.name).suffix or '(none)'} is none that is read"
    return "" if Path(entry.name).stem.lower() != "readme" else "a README"
