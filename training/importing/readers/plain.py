"""Plain text and Markdown, and the paper's two files (knowledge and style, one paragraph a line).

Paragraphs stand between blank lines; a text without any is one paragraph a line.
"""

import re
from collections.abc import Iterator

from persllm.training.importing.document import Document, Paragraph

MAX_PARAGRAPH = 50_000
"""Characters; what is longer is cut into parts of at most this length."""
FENCE = re.compile(r"^\s*(```|~~~)")
LEADING_MARK = re.compile(r"^(?:#{1,6}\s+|>+\s?|[-*+]\s+)")
LINK = re.compile(r"!?\[([^\]\[\n]{0,300})\]\(([^()\s]{1,500})[^()\n]{0,200}\)")
TWO_FILES = re.compile(r"(?:^|[_\-. ])(knowledge|style)$")
TAG = re.compile(r"^\s*【[^\n]*】")


def read_plain(text: str, *, name: str, notes: tuple[str, ...] = ()) -> Document:
    """Return the paragraphs of a plain text."""
    match = TWO_FILES.search(name.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower())
    class_ = match[1] if match else ""
    return Document(form="text", paragraphs=tuple(paragraphs_of(text, class_)), notes=notes)


def read_markdown(text: str, *, notes: tuple[str, ...] = ()) -> Document:
    """Return the paragraphs of a Markdown text, without marks, code and front matter."""
    text = re.sub(r"\A---\n.*?\n---\n", _blank, text, flags=re.DOTALL)
    links = tuple(match[2] for match in LINK.finditer(text))
    found = tuple(
        Paragraph(text=_unmarked(paragraph.text), where=paragraph.where)
        for paragraph in paragraphs_of(_without_code(text))
    )
    return Document(form="markdown", paragraphs=found, notes=notes, links=links)


def paragraphs_of(text: str, class_: str = "") -> Iterator[Paragraph]:
    """Yield the paragraphs with the line each begins in; the paper's leading tags are dropped."""
    one_a_line = not re.search(r"\n[ \t]*\n", text.strip())
    block: list[str] = []
    start = 0
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if block and (not line.strip() or one_a_line):
            yield from _parts("\n".join(block), f"line {start}", class_)
            block = []
        if line.strip():
            start = start if block else number
            block.append(line.rstrip() if block else TAG.sub("", line.rstrip()))


def _parts(text: str, where: str, class_: str) -> Iterator[Paragraph]:
    """Cut what is too long, at a space where there is one."""
    while len(text) > MAX_PARAGRAPH:
        end = text.rfind(" ", MAX_PARAGRAPH // 2, MAX_PARAGRAPH) + 1 or MAX_PARAGRAPH
        yield Paragraph(text=text[:end].strip(), where=where, class_=class_)
        text = text[end:]
    if text.strip():
        yield Paragraph(text=text, where=where, class_=class_)


def _without_code(text: str) -> str:
    """Blank fenced blocks, keeping the line numbers true."""
    lines, fence = [], ""
    for line in text.split("\n"):
        match = FENCE.match(line)
        lines.append("" if match or fence else line)
        if match:
            fence = "" if fence == match[1] else fence or match[1]
    return "\n".join(lines)


def _unmarked(text: str) -> str:
    text = LINK.sub(r"\1", text)
    text = re.sub(r"(\*\*|__|`)(?=\S)(.{1,2000}?)(?<=\S)\1", r"\2", text)
    return "\n".join(LEADING_MARK.sub("", line) for line in text.split("\n"))


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")
