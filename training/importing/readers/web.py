"""HTML to paragraphs, by the standard library's parser: nothing is fetched, run or followed."""

import re
from html.parser import HTMLParser

from persllm.training.importing.document import Document, Paragraph
from persllm.training.importing.readers.plain import MAX_PARAGRAPH

BLOCKS = frozenset(
    "address article blockquote body br-p center dd details dialog div dl dt fieldset figure h1 h2 "
    "h3 h4 h5 h6 header hr li main ol p pre section summary td th title tr ul".split()
)
SKIPPED = frozenset(
    "aside audio button canvas datalist figcaption footer form head iframe math nav noscript "
    "object script select style svg table template textarea video".split()
)
"""Elements whose text is no prose: machinery, menus, tables, captions."""
SKIPPED_CLASS = re.compile(
    r"\b(?:navbox|mw-editsection|reflist|references|toc|infobox|hatnote|catlinks|mw-jump-link|"
    r"metadata|noprint|pagenum|page-?number|footnotes?|fnanchor|noteref)\b"
)
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
FOOTNOTE_MARK = re.compile(r"^\s*[\[({]?(?:\d{1,4}|[*\u2020\u2021]|[a-z])[\])}]?\s*$")


def read_html(text: str, *, place: str = "", notes: tuple[str, ...] = ()) -> Document:
    """Return the prose of a page; `place` goes before each paragraph's number."""
    reader = _Reader(place)
    reader.feed(text)
    reader.close()
    reader.end_block()
    if reader.skipped:
        notes += (f"{reader.skipped:,} characters of menus, tables and scripts left out",)
    return Document(
        form="html", paragraphs=tuple(reader.found), notes=notes, links=tuple(reader.links)
    )


class _Reader(HTMLParser):
    """Collects text between block elements; depth is a counter, so nesting costs nothing."""

    def __init__(self, place: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Paragraph] = []
        self.links: list[str] = []
        self.skipped = 0
        self._place = f"{place}, " if place else ""
        self._text: list[str] = []
        self._mark: list[str] | None = None
        self._skipping = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, skip machinery, note a link."""
        given = {key: value or "" for key, value in attrs}
        if self._skipping:
            self._depth += tag == self._skipping
        elif tag not in VOID and (tag in SKIPPED or _is_machinery(given)):
            self._skipping, self._depth = tag, 1
        elif tag == "br":
            self._text.append("\n")
        elif tag in BLOCKS:
            self.end_block()
        elif tag == "sup":
            self._mark = []
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        """End what began."""
        if self._skipping:
            self._depth -= tag == self._skipping
            self._skipping = self._skipping if self._depth else ""
        elif tag in BLOCKS:
            self.end_block()
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
        for start in range(0, len(text), MAX_PARAGRAPH):
            where = f"{self._place}paragraph {len(self.found) + 1}"
            self.found.append(Paragraph(text=text[start : start + MAX_PARAGRAPH], where=where))


def _is_machinery(given: dict[str, str]) -> bool:
    return (
        bool(SKIPPED_CLASS.search(given.get("class", "")))
        or given.get("role") in ("navigation", "banner", "search", "doc-noteref")
        or given.get("epub:type") in ("noteref", "footnote", "toc", "pagebreak")
        or "hidden" in given
    )
