"""Any file to a document: the form is told from the first bytes and the name, then parsed."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePath

from persllm.errors import PersonaError
from persllm.training.importing.document import Document
from persllm.training.importing.readers.books import read_epub
from persllm.training.importing.readers.chats import read_chat_json
from persllm.training.importing.readers.decoding import decode, read_bytes, scrubbed
from persllm.training.importing.readers.pdfs import read_pdf
from persllm.training.importing.readers.plain import read_markdown, read_plain
from persllm.training.importing.readers.scripts import (
    looks_like_subtitles,
    read_script,
    script_form,
    subtitle_text,
)
from persllm.training.importing.readers.web import read_html
from persllm.training.importing.readers.whatsapp import looks_like_whatsapp, read_whatsapp
from persllm.training.importing.readers.word_files import read_docx

SUFFIXES = frozenset(
    ".txt .text .md .markdown .html .htm .xhtml .epub .pdf .docx .json .jsonl .srt .vtt .fountain "
    ".log".split()
)
"""What a folder is searched for; a file named by itself may be called anything."""
KNOWN = "plain text, Markdown, HTML, EPUB, PDF, DOCX, chat exports (text, JSON), scripts, subtitles"
FOREIGN = {
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"Rar!": "an archive",
    b"7z\xbc\xaf": "an archive",
    b"\xd0\xcf\x11\xe0": "an old Office file; save it as .docx",
    b"{\\rtf": "rich text; save it as .docx or .txt",
    b"SQLite format 3": "a database",
}


def read_document(path: Path) -> Document:
    """Return what a file holds.

    Raises:
        PersonaError: It cannot be read, is hostile, or is of no form that is known.
    """
    return parse(read_bytes(path), path.name)


def parse(data: bytes, name: str) -> Document:
    """Return what the bytes of a file hold; see `read_document`.

    Raises:
        PersonaError: They are of no form that is known, damaged or hostile.
    """
    return _scrubbed(_parsed(data, name))


def _scrubbed(document: Document) -> Document:
    """Take out of every text what only its escapes kept from being taken out of the file."""
    removed: Counter[str] = Counter()

    def clean(text: str) -> str:
        text, found = scrubbed(text)
        removed.update(found)
        return text.strip()

    paragraphs = [replace(each, text=clean(each.text)) for each in document.paragraphs]
    turns = [
        replace(each, speaker=clean(each.speaker), text=clean(each.text)) for each in document.turns
    ]
    return replace(
        document,
        paragraphs=tuple(each for each in paragraphs if each.text),
        turns=tuple(each for each in turns if each.text and each.speaker),
        notes=(*document.notes, *(f"{n} {what} taken out" for what, n in removed.items())),
    )


def _parsed(data: bytes, name: str) -> Document:
    if not data.strip():
        raise PersonaError(f"{name} is empty.")
    for mark, what in FOREIGN.items():
        if data.startswith(mark):
            raise PersonaError(f"{name} is {what}. These are read: {KNOWN}.")
    if data.startswith(b"%PDF-"):
        return read_pdf(data, name)
    if data.startswith(b"PK"):
        return _archive(data, name)
    text, notes = decode(data, name)
    return _text(text, name, notes)


def _archive(data: bytes, name: str) -> Document:
    if b"word/document.xml" in data:
        return read_docx(data, name)
    return read_epub(data, name)


def _text(text: str, name: str, notes: tuple[str, ...]) -> Document:
    suffix, head = PurePath(name).suffix.lower(), text.lstrip()[:2000].lower()
    if suffix in (".json", ".jsonl") or (head[:1] in "[{" and _is_json(text)):
        return read_chat_json(text, name, notes=notes)
    if suffix in (".html", ".htm", ".xhtml") or head.startswith(("<!doctype html", "<html")):
        return read_html(text, notes=notes)
    if looks_like_subtitles(text):
        text = subtitle_text(text)
        notes = (*notes, "read as subtitles: times and numbers left out")
    elif looks_like_whatsapp(text):
        return read_whatsapp(text, notes=notes)
    form = script_form(text)
    if form:
        return read_script(text, form, notes=notes)
    if suffix in (".md", ".markdown"):
        return read_markdown(text, notes=notes)
    return read_plain(text, name=name, notes=notes)


def _is_json(text: str) -> bool:
    first = text.strip().split("\n", 1)[0]
    for candidate in (first, text):
        try:
            return isinstance(json.loads(candidate), dict | list)
        except (ValueError, RecursionError):
            continue
    return False
