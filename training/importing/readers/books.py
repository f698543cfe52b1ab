"""EPUB and DOCX: archives of XML. Chapters are read in the book's own order."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from persllm.errors import PersonaError
from persllm.training.importing.document import Document, Paragraph
from persllm.training.importing.readers.archives import Archive, opened, parse_xml
from persllm.training.importing.readers.decoding import cleaned, decode
from persllm.training.importing.readers.web import read_html

CONTAINER = "META-INF/container.xml"
PROTECTED = "META-INF/encryption.xml"
PAGES = ("application/xhtml+xml", "text/html")
WORDS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read_epub(data: bytes, name: str) -> Document:
    """Return the prose of a book, chapter by chapter.

    Raises:
        PersonaError: The archive is damaged, hostile or holds no chapter.
    """
    with opened(data, name) as archive:
        paragraphs: list[Paragraph] = []
        notes: dict[str, None] = {}
        for entry in _chapters(archive):
            text, told = decode(archive.read(entry), f"{name}: {entry}")
            chapter = read_html(text, place=posixpath.basename(entry), notes=told)
            paragraphs += chapter.paragraphs
            notes.update(dict.fromkeys(chapter.notes))
        if PROTECTED in archive.names():
            notes["some parts are encrypted (fonts, or a book under copy protection)"] = None
    return Document(form="epub", paragraphs=tuple(paragraphs), notes=tuple(notes))


def read_docx(data: bytes, name: str) -> Document:
    """Return the paragraphs of a Word document; tables, notes and headers are left out.

    Raises:
        PersonaError: The archive is damaged or hostile.
    """
    with opened(data, name) as archive:
        root = parse_xml(archive.read("word/document.xml"), f"{name}: word/document.xml")
    body = root.find(f"{WORDS}body")
    found, notes = [], dict[str, None]()
    for number, element in enumerate(body if body is not None else (), start=1):
        if element.tag == f"{WORDS}p":
            text, told = cleaned("".join(_words(element)), name)
            notes.update(dict.fromkeys(told))
            if text.strip():
                found.append(Paragraph(text=text.strip(), where=f"paragraph {number}"))
    return Document(form="docx", paragraphs=tuple(found), notes=tuple(notes))


def _words(paragraph: Element) -> Iterator[str]:
    for element in paragraph.iter():
        if element.tag == f"{WORDS}t":
            yield element.text or ""
        elif element.tag in (f"{WORDS}tab", f"{WORDS}br"):
            yield " "


def _chapters(archive: Archive) -> list[str]:
    """Return the entries of the spine, each once, in reading order."""
    container = parse_xml(archive.read(CONTAINER), f"{archive.name}: {CONTAINER}")
    package = next((e.get("full-path", "") for e in container.iter() if _is(e, "rootfile")), "")
    root = parse_xml(archive.read(package), f"{archive.name}: {package}")
    folder = posixpath.dirname(package)
    pages = {
        element.get("id", ""): posixpath.normpath(
            posixpath.join(folder, unquote(element.get("href", "")))
        )
        for element in root.iter()
        if _is(element, "item")
        and element.get("media-type") in PAGES
        and "nav" not in element.get("properties", "").split()
    }
    order = [element.get("idref", "") for element in root.iter() if _is(element, "itemref")]
    chapters = list(dict.fromkeys(pages[name] for name in order if name in pages))
    if not chapters:
        raise PersonaError(f"{archive.name} names no chapter in {package!r}; it is no book.")
    return chapters


def _is(element: Element, name: str) -> bool:
    return element.tag == name or element.tag.endswith("}" + name)
