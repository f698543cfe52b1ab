"""DOCX: the paragraphs of a Word document as a reader of the last version sees them."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from persllm.training.importing.document import Document, Paragraph
from persllm.training.importing.readers.archives import opened, parse_xml
from persllm.training.importing.readers.decoding import cleaned

WORDS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ELSE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
LEFT_OUT = frozenset((*(f"{WORDS}{name}" for name in "tbl del moveFrom rt sdtPr".split()), ELSE))
"""Tables, what was deleted or stands elsewhere now, readings of characters, and what stands for old
programs beside the same for new ones."""
CHARACTERS = {"tab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-"}


def read_docx(data: bytes, name: str) -> Document:
    """Return the paragraphs of a Word document; tables, notes and headers are left out.

    Raises:
        PersonaError: The archive is damaged or hostile.
    """
    with opened(data, name) as archive:
        root = parse_xml(archive.read("word/document.xml"), f"{name}: word/document.xml")
    found, notes = [], dict[str, None]()
    body = root.find(f"{WORDS}body")
    for number, written in enumerate(_paragraphs(body) if body is not None else (), start=1):
        text, told = cleaned(written, name)
        notes.update(dict.fromkeys(told))
        if text.strip():
            found.append(Paragraph(text=text.strip(), where=f"paragraph {number}"))
    return Document(form="docx", paragraphs=tuple(found), notes=tuple(notes))


def _paragraphs(body: Element) -> Iterator[str]:
    """Yield the texts in order, a text box after the paragraph that holds it; no recursion."""
    waiting = [body]
    while waiting:
        element = waiting.pop()
        if element.tag == f"{WORDS}p":
            boxes: list[Element] = []
            yield "".join(_words(element, boxes))
            waiting += reversed(boxes)
        elif not _is_left_out(element):
            waiting += reversed(element)


def _words(paragraph: Element, boxes: list[Element]) -> Iterator[str]:
    waiting = [*reversed(paragraph)]
    while waiting:
        element = waiting.pop()
        name = element.tag.removeprefix(WORDS)
        if name == "t":
            yield element.text or ""
        elif name in CHARACTERS:
            yield CHARACTERS[name]
        elif name == "txbxContent":
            boxes.append(element)
        elif not _is_left_out(element):
            waiting += reversed(element)


def _is_left_out(element: Element) -> bool:
    """Tell whether nobody reads it: hidden text, a field's invitation, a table of contents."""
    hidden = element.find(f"{WORDS}rPr/{WORDS}vanish") if element.tag == f"{WORDS}r" else None
    control = element.find(f"{WORDS}sdtPr") if element.tag == f"{WORDS}sdt" else None
    if control is not None:
        galleries = [each.get(f"{WORDS}val") for each in control.iter(f"{WORDS}docPartGallery")]
        invites = control.find(f"{WORDS}showingPlcHdr") is not None
        return invites or "Table of Contents" in galleries
    return hidden is not None or element.tag in LEFT_OUT
