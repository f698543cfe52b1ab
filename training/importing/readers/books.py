"""EPUB: archives of XML and pages. Chapters are read in the book's own order."""

import posixpath
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from persllm.errors import PersonaError
from persllm.training.importing.document import Document, Paragraph
from persllm.training.importing.readers.archives import (
    Archive,
    DamagedPartError,
    opened,
    parse_xml,
)
from persllm.training.importing.readers.decoding import decode
from persllm.training.importing.readers.web import read_html

CONTAINER = "META-INF/container.xml"
PROTECTED = "META-INF/encryption.xml"
PAGES = frozenset(
    "application/xhtml+xml text/html application/xml text/xml text/x-oeb1-document "
    "application/x-dtbook+xml".split()
)


def read_epub(data: bytes, name: str) -> Document:
    """Return the prose of a book, chapter by chapter; a broken one is left out, and told.

    Raises:
        PersonaError: The archive is damaged, hostile or holds no chapter that can be read.
    """
    with opened(data, name) as archive:
        paragraphs: list[Paragraph] = []
        notes: dict[str, None] = {}
        broken: list[PersonaError] = []
        chapters = _chapters(archive)
        for entry in chapters:
            try:
                chapter = _chapter(archive, entry)
            except DamagedPartError as error:
                broken.append(error)
                notes[f"a chapter is left out: {error}"] = None
                continue
            paragraphs += chapter.paragraphs
            notes.update(dict.fromkeys(chapter.notes))
        if len(broken) == len(chapters):
            raise broken[0]
        if PROTECTED in archive.names():
            notes["some parts are encrypted (fonts, or a book under copy protection)"] = None
    return Document(form="epub", paragraphs=tuple(paragraphs), notes=tuple(notes))


def _chapter(archive: Archive, entry: str) -> Document:
    data = archive.read(entry)
    try:
        text, notes = decode(data, f"{archive.name}: {entry}")
    except PersonaError as error:
        raise DamagedPartError(str(error)) from error
    return read_html(text, place=posixpath.basename(entry), notes=notes)


def _chapters(archive: Archive) -> list[str]:
    """Return the entries of the spine, each once, in reading order."""
    container = parse_xml(archive.read(CONTAINER), f"{archive.name}: {CONTAINER}")
    package = next((e.get("full-path", "") for e in container.iter() if _is(e, "rootfile")), "")
    root = parse_xml(archive.read(package), f"{archive.name}: {package}")
    folder = posixpath.dirname(package)
    pages = {
        element.get("id", ""): posixpath.normpath(
            posixpath.join(folder, unquote(element.get("href", "")).partition("#")[0])
        )
        for element in root.iter()
        if _is(element, "item")
        and element.get("media-type", "").partition(";")[0].strip().lower() in PAGES
        and "nav" not in element.get("properties", "").split()
    }
    order = [element.get("idref", "") for element in root.iter() if _is(element, "itemref")]
    chapters = list(dict.fromkeys(pages[name] for name in order if name in pages))
    if not chapters:
        raise PersonaError(f"{archive.name} names no chapter in {package!r}; it is no book.")
    return chapters


def _is(element: Element, name: str) -> bool:
    return element.tag == name or element.tag.endswith("}" + name)
