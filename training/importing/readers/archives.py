"""Entries of a ZIP file (EPUB, DOCX), read one by one within limits, never unpacked to disk."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.etree import ElementTree

from persllm.errors import PersonaError
from persllm.training.importing.readers.decoding import declared

PUBLIC_TYPE = re.compile(
    r"""<!DOCTYPE\s+[\w:.-]+(?:\s+PUBLIC\s+(?:"[^"<>]*"|'[^'<>]*')(?:\s+(?:"[^"<>]*"|'[^'<>]*'))?)?\s*>"""
)
"""A document type that only names a known one, as old packages do; it declares nothing."""
MAX_ENTRIES = 5_000
MAX_ENTRY_BYTES = 32 * 1024 * 1024
MAX_TOTAL_BYTES = 128 * 1024 * 1024
MAX_RATIO = 200
"""Unpacked to packed size; text packs about 1:4, and 1:200 only what was made to swell."""
RATIO_MATTERS_FROM = 1024 * 1024
"""Bytes; small entries of blanks may pack well."""
SYMBOLIC_LINK = 0o120000


class DamagedPartError(PersonaError):
    """One part of an archive cannot be read; the others may."""


@dataclass(slots=True)
class Archive:
    """An open archive that counts what it has handed out."""

    name: str
    file: zipfile.ZipFile
    read_so_far: int = field(default=0)

    def names(self) -> list[str]:
        """Return the entries' names."""
        return self.file.namelist()

    def read(self, entry: str) -> bytes:
        """Return one entry's bytes.

        A name is also found in other letters than it is written in, as converters leave them.

        Raises:
            DamagedPartError: It is missing or damaged.
            PersonaError: It swells beyond the limits.
        """
        info = self._found(entry)
        if info is None:
            raise DamagedPartError(f"{self.name} lacks its part {entry!r}; it is damaged.")
        try:
            with self.file.open(info) as stream:
                data = stream.read(MAX_ENTRY_BYTES + 1)
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as error:
            raise DamagedPartError(
                f"{self.name}: {entry!r} cannot be unpacked: {error}."
            ) from error
        except Exception as error:  # zlib, lzma and bz2 raise errors of their own
            raise DamagedPartError(f"{self.name}: {entry!r} is damaged: {error}.") from error
        self.read_so_far += len(data)
        ratio = len(data) / max(1, info.compress_size)
        if len(data) > MAX_ENTRY_BYTES or self.read_so_far > MAX_TOTAL_BYTES:
            raise PersonaError(
                f"{self.name} swells beyond {MAX_ENTRY_BYTES:,} bytes in {entry!r}, or beyond "
                f"{MAX_TOTAL_BYTES:,} in all. It is no book; nothing of it was taken."
            )
        if len(data) > RATIO_MATTERS_FROM and ratio > MAX_RATIO:
            raise PersonaError(
                f"{self.name}: {entry!r} swells {ratio:,.0f} times when unpacked; at most "
                f"{MAX_RATIO} times is read. It is no book; nothing of it was taken."
            )
        return data

    def _found(self, entry: str) -> zipfile.ZipInfo | None:
        exact = [info for info in self.file.infolist() if info.filename == entry]
        near = exact or [i for i in self.file.infolist() if _same(i.filename) == _same(entry)]
        return near[-1] if near else None


@contextmanager
def opened(data: bytes, name: str) -> Iterator[Archive]:
    """Open an archive after looking at its table of contents.

    Raises:
        PersonaError: It is no archive, holds too much, or names places outside itself.
    """
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise PersonaError(f"{name} is no readable archive: {error}.") from error
    except Exception as error:  # a forged table raises struct errors, among others
        raise PersonaError(f"{name} is no readable archive: {error!r}.") from error
    with file:
        _check(file.infolist(), name)
        yield Archive(name, file)


def parse_xml(data: bytes, name: str) -> ElementTree.Element:
    """Return the tree of an XML part that declares nothing of its own.

    Raises:
        PersonaError: It is no XML, or declares entities or a document type.
    """
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = data.decode("utf-16" if utf16 else declared(data) or "utf-8", "replace")
    text = PUBLIC_TYPE.sub("", text.lstrip("\ufeff"), count=1)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise PersonaError(
            f"{name} declares a document type or entities, which a book does not need and which "
            "can swell or point to other files. Nothing of it was taken."
        )
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise PersonaError(f"{name} is no valid XML: {error}.") from error


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", unquote(name).replace("\\", "/")).casefold()


def _check(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise PersonaError(
            f"{name} holds {len(entries):,} parts; at most {MAX_ENTRIES:,} are read."
        )
    for entry in entries:
        path = entry.filename.replace("\\", "/")
        outside = path.startswith("/") or ":" in path.split("/")[0] or ".." in path.split("/")
        link = (entry.external_attr >> 16) & 0o170000 == SYMBOLIC_LINK
        if outside or link:
            raise PersonaError(
                f"{name} holds {entry.filename!r}, which points outside it. "
                "Nothing of it was taken."
            )
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if total > RATIO_MATTERS_FROM and total > MAX_RATIO * max(1, packed):
        raise PersonaError(
            f"{name} would swell from {packed:,} to {total:,} bytes. It is no book; nothing of it "
            "was taken."
        )
