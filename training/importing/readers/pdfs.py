"""PDF to paragraphs: pages are read in a process of its own; running heads are left out."""

import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from persllm.errors import PersonaError
from persllm.training.importing.document import Document, Paragraph
from persllm.training.importing.readers.decoding import cleaned
from persllm.training.importing.readers.pdf_pages import MAX_PAGES

SECONDS = 180
"""Longest time one file may take."""
RUNNING_SHARE = 0.3
"""A first or last line that recurs on this share of the pages is a running head."""
ENDS = re.compile(r"[.!?:;][\"'\u201d\u2019)\]]*$")


def read_pdf(data: bytes, name: str, *, seconds: float = SECONDS) -> Document:
    """Return the paragraphs of a PDF.

    Raises:
        PersonaError: It is damaged, locked, hostile or only pictures of text.
    """
    rows = _rows(data, name, seconds)
    total = next((row["pages"] for row in rows if "pages" in row), 0)
    pages = [(int(row["page"]), str(row["text"]).split("\n")) for row in rows if "page" in row]
    if not any(line.strip() for _, lines in pages for line in lines):
        raise PersonaError(
            f"{name}: {total} page(s) without any text; they are pictures. Run a text recogniser "
            "over it first (ocrmypdf)."
        )
    notes = [f"{total - MAX_PAGES} of {total} pages left out"] if total > MAX_PAGES else []
    empty = sum(not "".join(lines).strip() for _, lines in pages)
    if empty:
        notes.append(f"{empty} of {len(pages)} pages hold no text that can be read")
    body, heads = _without_running_heads(pages)
    if heads:
        notes.append(f"{heads} running heads and page numbers left out")
    found = []
    for text, page in _joined(body):
        text, told = cleaned(text, name)
        notes += [note for note in told if note not in notes]
        if text.strip():
            found.append(Paragraph(text=text, where=f"page {page}"))
    return Document(form="pdf", paragraphs=tuple(found), notes=tuple(notes))


def _rows(data: bytes, name: str, seconds: float) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="persllm-") as folder:
        path = Path(folder) / "file.pdf"
        path.write_bytes(data)
        command = [sys.executable, "-m", "persllm.training.importing.readers.pdf_pages", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as error:
            raise PersonaError(
                f"{name} was not read within {seconds:.0f} seconds. Print it anew or save it as "
                "text (pdftotext)."
            ) from error
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.endswith(b"}")]
    fault = next((row["fault"] for row in rows if "fault" in row), None)
    if fault or done.returncode:
        said = fault or f"the reader stopped with status {done.returncode} (memory or time)"
        raise PersonaError(f"{name} cannot be read as PDF: {said}.")
    return rows


def _without_running_heads(
    pages: Sequence[tuple[int, list[str]]],
) -> tuple[list[tuple[int, list[str]]], int]:
    def edges(lines: list[str]) -> set[int]:
        filled = [i for i, line in enumerate(lines) if line.strip()]
        return set(filled[:1] + filled[-1:])

    counted = Counter(
        _shape(lines[i]) for _, lines in pages for i in edges(lines) if _shape(lines[i])
    )
    often = {shape for shape, n in counted.items() if n >= max(3, RUNNING_SHARE * len(pages))}
    body, dropped = [], 0
    for page, lines in pages:
        out = {i for i in edges(lines) if _shape(lines[i]) in often or _is_number(lines[i])}
        dropped += len(out)
        body.append((page, [line for i, line in enumerate(lines) if i not in out]))
    return body, dropped


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", " ".join(line.split()).lower()) if len(line) < 100 else ""


def _is_number(line: str) -> bool:
    return bool(re.fullmatch(r"\W*(?:page\s+)?(?:\d{1,4}|[ivxlc]{1,7})\W*", line.lower()))


def _joined(pages: Sequence[tuple[int, list[str]]]) -> Iterator[tuple[str, int]]:
    """Yield (paragraph, page): it ends at a blank line, or at a short line that ends one."""
    lengths = [len(line) for _, lines in pages for line in lines if len(line.strip()) > 20]
    full = statistics.median(lengths) if lengths else 0
    text, start = "", 0
    for page, lines in pages:
        for line in lines:
            if not line.strip():
                ended = bool(ENDS.search(text))
            else:
                ended = bool(text) and line.startswith("   ") and bool(ENDS.search(text))
            if ended:
                yield text, start
                text = ""
            if line.strip():
                start = page if not text else start
                text = _glued(text, line.strip())
                if ENDS.search(text) and len(line.strip()) < 0.75 * full:
                    yield text, start
                    text = ""
    if text:
        yield text, start


def _glued(text: str, line: str) -> str:
    if re.search(r"\w-$", text) and line[:1].islower():
        return text[:-1] + line
    return f"{text} {line}".strip()
