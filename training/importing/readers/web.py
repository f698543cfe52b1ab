"""HTML to paragraphs, by the standard library's parser: nothing is fetched, run or followed."""

import re
from html.parser import HTMLParser

from persllm.training.importing.document import Document, Paragraph
from persllm.training.importing.readers.plain import MAX_PARAGRAPH

BLOCKS = frozenset(
    "address article blockquote body br-p center dd details dialog div dl dt fieldset figure form "
    "h1 h2 h3 h4 h5 h6 header hr li main ol p pre section summary table tbody td tfoot th thead tr "
    "ul".split()
)
SKIPPED = frozenset(
    "aside audio button canvas datalist figcaption footer iframe label legend math nav noscript "
    "object script select style svg template textarea title video".split()
)
"""Elements whose text is no prose: machinery, menus, captions. A form may hold the whole page."""
RAW = frozenset(("script", "style"))
"""What they hold is never prose, even where they are not closed."""
WHOLE_PAGE = frozenset("html body main article".split())
"""What their attributes tell is how they look, not that they are machinery."""
SKIPPED_CLASS = frozenset(
    "navbox mw-editsection reflist references toc infobox hatnote catlinks mw-jump-link metadata "
    "noprint pagenum pagenumber page-number footnote footnotes fnanchor noteref".split()
)
SENTENCE_WORDS = 8
"""What in a table is a sentence of so many words is prose: tables also make a page's columns."""
SENTENCE_ENDS = tuple(".!?\u2026\u3002\uff01\uff1f")
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
FOOTNOTE_MARK = re.compile(r"^\s*[\[({]?(?:\d{1,4}|[*\u2020\u2021]|[a-z])[\])}]?\s*$")


MOST_UNCLOSED = 8
"""Elements that are not closed; what comes after more of them is lost."""


def read_html(text: str, *, place: str = "", notes: tuple[str, ...] = ()) -> Document:
    """Return the prose of a page; `place` goes before each paragraph's number."""
    reader = _read(text, place, frozenset())
    unclosed: frozenset[int] = frozenset()
    while reader.unclosed is not None and len(unclosed) < MOST_UNCLOSED:
        unclosed |= {reader.unclosed}
        reader = _read(text, place, unclosed)
    if reader.skipped:
        notes += (f"{reader.skipped:,} characters of menus, tables and scripts left out",)
    return Document(
        form="html", paragraphs=tuple(reader.found), notes=notes, links=tuple(reader.links)
    )


def _read(text: str, place: str, unclosed: frozenset[int]) -> "_Reader":
    reader = _Reader(place, unclosed)
    reader.feed(text)
    reader.close()
    reader.end_page()
    return reader


class _Reader(HTMLParser):
    """Collects text between block elements; depth is a counter, so nesting costs nothing."""

    def __init__(self, place: str, unclosed: frozenset[int] = frozenset()) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Paragraph] = []
        self.links: list[str] = []
        self.skipped = 0
        self.unclosed: int | None = None
        """The number of the first skipped element that the page never closes."""
        self._read_through = unclosed
        self._place = f"{place}, " if place else ""
        self._text: list[str] = []
        self._mark: list[str] | None = None
        self._skipping = ""
        self._depth = 0
        self._tables = 0
        self._machines = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, skip machinery, note a link."""
        given = {key: value or "" for key, value in attrs}
        if self._skipping:
            self._depth += tag == self._skipping
        elif tag not in VOID and (tag in SKIPPED or _is_machinery(tag, given)):
            self._machines += 1
            if self._machines in self._read_through:
                self.end_block()
            else:
                self._skipping, self._depth = tag, 1
        elif tag == "br":
            self._text.append("\n")
        elif tag in BLOCKS:
            self.end_block()
            self._tables += tag == "table"
        elif tag == "sup":
            self._mark = []
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        """End what began."""
        if self._skipping and tag in ("body", "html"):
            self._note_unclosed()
        elif self._skipping:
            self._depth -= tag == self._skipping
            self._skipping = self._skipping if self._depth else ""
        elif tag in BLOCKS:
            self.end_block()
            self._tables -= tag == "table" and self._tables > 0
        elif tag == "sup" and self._mark is not None:
            mark, self._mark = "".join(self._mark), None
            self._text.append("" if FOOTNOTE_MARK.match(mark) else mark)

    def handle_data(self, data: str) -> None:
        """Keep text that stands in prose."""
        if self._skipping:
            self.skipped += len(data.strip())
        elif self._mark is not None:
            self._mark.append(data)
        else:
            self._text.append(data)

    def end_block(self) -> None:
        """Make a paragraph of what was collected."""
        text = "".join([*self._text, *(self._mark or ())])
        self._text, self._mark = [], None
        text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
        if self._tables and not _is_sentence(text):
            self.skipped += len(text)
            return
        for start in range(0, len(text), MAX_PARAGRAPH):
            where = f"{self._place}paragraph {len(self.found) + 1}"
            self.found.append(Paragraph(text=text[start : start + MAX_PARAGRAPH], where=where))

    def end_page(self) -> None:
        """End the last block, and note what was never closed."""
        self._note_unclosed()
        self.end_block()

    def _note_unclosed(self) -> None:
        if self._skipping and self._skipping not in RAW and self.unclosed is None:
            self.unclosed = self._machines


def _is_machinery(tag: str, given: dict[str, str]) -> bool:
    return tag not in WHOLE_PAGE and (
        not SKIPPED_CLASS.isdisjoint(given.get("class", "").lower().split())
        or given.get("role") in ("navigation", "banner", "search", "doc-noteref")
        or given.get("epub:type") in ("noteref", "footnote", "toc", "pagebreak")
        or given.get("hidden", "until-found") != "until-found"
    )


def _is_sentence(text: str) -> bool:
    closed = text.rstrip("\"'\u201d\u2019)] ")
    return closed.endswith(SENTENCE_ENDS) and len(text.split()) >= SENTENCE_WORDS
