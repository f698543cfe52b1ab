"""Whose words a paragraph holds: the person's own, or those of editors, printers and others.

Books, letters and pages hold much that the person never said: licences, title pages, tables of
contents, indexes, running heads, footnotes, translators' introductions, editors' remarks, letters
from other people. `document_structure` reads a document once and notes in which part each paragraph
stands; `recognise` then says why a paragraph is left out, or None where it is the person's own. It
knows English books and letters; what it does not know it keeps.
"""

import re
from dataclasses import dataclass

from persllm.training.importing.cleaning import headings
from persllm.training.importing.cleaning.names import folded, mentions

LICENCE = "a licence or a note on the edition"
HEADING = "a heading, title page or date line"
CONTENTS = "a table of contents"
INDEX = "an index"
FOOTNOTE = "a footnote"
REMARK = "an editor's remark"
PREFACE = "another's preface or appendix"
CHAPTER = "another's chapter"
LETTER = "another's letter"
NARRATION = "an editor's narration"
ADVERTISEMENT = "an advertisement or imprint"
TABLE = "a table or list"
SUMMARY = "a chapter's summary"
QUOTATION = "a quotation of another"
PAGE = "a page number or ornament"

GUTENBERG = re.compile(r"project gutenberg|gutenberg-tm|gutenberg\.org|e-?text prepared", re.I)
EDITION = re.compile(
    r"transcriber|typographical errors|enclosed by (?:under|equal)|marked with (?:=|_|under|equal)|"
    r"spelling and hyphenation|online edition|italic text (?:is|has)|blank pages have been",
    re.I,
)
NOTE = re.compile(
    r"^\s*(?:\[\d{1,4}\]|\{\d{1,4}\}|\(\d{1,4}/\d{1,4}[a-z]?\.|[\[(]?footnote\b|\[note \d|\*+ ?\S|"
    r"\u2020 ?\S|\[\*+\]|\[[A-Z]\] )",
    re.I,
)
NOTE_END = re.compile(
    r"(?:--|\u2014|\u2013|\()\s?_?(?:TR|ED|Trans|Translator|Editor|J\.M\.K)\b\.?_?[\])]*\.?\s*$",
    re.I,
)
PRICE = re.compile(
    r"\b\d+_?s\._?|\b\d+_?d\._?(?=\W)|[$\u00a3]\d|\b\d*cents\b|\b(?:8|12|16)(?:vo|mo)\b|\bcloth\b|"
    r"\bpost-?paid\b|\bsixpence net\b|\bpost 8vo\b|\bcrown 8vo\b",
    re.I,
)
IMPRINT = re.compile(
    r"\b(?:printed by|all rights reserved|no rights reserved|copyright(?:ed)?|publishers?:|"
    r"translation is reserved|entered according to act)\b",
    re.I,
)
PLAIN_WORDS = frozenset(
    "is are was were be been am has have had do does did will would shall should can could may "
    "might must it he she they i we you this that which who not his her their my our me him them "
    "us but when if because there".split()
)
"""Running text is full of these; lists, titles and summaries hardly hold any."""
ENTRY = re.compile(
    r"^[^!?]{2,90}?,\s*(?:[ivx]+\.\s*)?\d{1,4}"
    r"(?:[-\u2013, ]+|_n\._|_note_|et seq|\d|[ivx]+\.|;)*\.?$"
)
QUOTED = re.compile(r"\"[^\"]*(?:\"|$)|\u201c[^\u201d]*(?:\u201d|$)")
FIRST_PERSON = re.compile(r"\b(?:I|me|my|mine|myself|we|our|us)\b")
OWN_VOICE = re.compile(r"\b(?:I|me|my)\b")
DEAR = re.compile(
    r"^(?![\"'\u2018\u201c\u00ab])[\W_]*"  # what a quotation mark opens is said, not written
    r"(?:my )?(?:very )?dear(?:est)?[ ,]+(?:old )?(?P<name>[^,.;:!\n-]{2,40})",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where in its document a paragraph stands."""

    names: tuple[str, ...] = ()
    """The person's name, word by word, folded; empty where nobody is named."""
    part: str = ""
    """Why the whole part is left out; empty in the person's own parts."""
    compiled: bool = False
    """The document is a life or letters: an editor speaks wherever the person does not."""
    letter: str = ""
    """"own" inside a letter or chapter of the person, "other" inside another's."""
    remark: bool = False
    """Inside an editor's brackets that an earlier paragraph opened."""
    attributed: bool = False
    """The next paragraph names somebody else as the source."""
    english: bool = True
    """Its words are English, so that the lack of common ones tells a list from running text."""


def recognise(paragraph: str, context: Context) -> str | None:
    """Return why a paragraph is not the person's own words, or None if it is.

    An editor's paragraph that only tells of the person is kept (`is_about`): it is knowledge.
    """
    flat = " ".join(paragraph.split())
    if context.part:
        return context.part
    if not re.search(r"[^\W_]", flat) or headings.is_page_number(flat):
        return PAGE
    if GUTENBERG.search(flat) or (EDITION.search(flat) and len(flat) < 800):
        return LICENCE
    if context.remark or _is_remark(flat):
        return REMARK
    if NOTE.match(paragraph) or NOTE_END.search(flat):
        return FOOTNOTE
    if headings.read(flat) or headings.is_date_line(flat):
        return HEADING
    if context.compiled and headings.letter(flat, context.names):
        return HEADING
    if context.letter == "other" or is_addressed_to(flat, context.names):
        return LETTER
    if context.attributed:
        return QUOTATION
    by_form = _by_form(paragraph, flat) if context.english else None
    return by_form or _narration(flat, context)


def is_about(paragraph: str, names: tuple[str, ...]) -> bool:
    """Tell whether a paragraph tells of the person in the third person only."""
    plain = QUOTED.sub(" ", " ".join(paragraph.split()))
    return mentions(plain, names) > 0 and not FIRST_PERSON.search(plain)


def own_text(paragraph: str) -> str:
    """Return the paragraph without note marks, editors' inline notes and marks of emphasis."""
    text = re.sub(r"\s?\(\d{1,4}/\d{1,4}[a-z]?\.(?:[^()]|\([^()]*\))*\)", "", paragraph)
    text = re.sub(r"\s?\[(?:footnote|illustration|sidenote|note)\b[^\[\]]*\]", "", text, flags=re.I)
    text = re.sub(r"\s?\{illustration[^{}]*\}", "", text, flags=re.I)
    text = re.sub(r"(?<=[^\s\[])(?:\[\d{1,4}\]|\{\d{1,4}\})", "", text)
    return re.sub(r"(?<![\w_])_(?=\S)([^_\n]+(?:\n[^_\n]+)?)(?<=\S)_(?![\w_])", r"\1", text)


def is_prose(text: str) -> bool:
    """Tell whether a paragraph is running text, not a list, a summary or a title."""
    words = text.split()
    return len(words) >= 25 and plain_words(text) >= 0.06 * len(words)


def plain_words(text: str) -> int:
    """Count the words that only running text holds."""
    return sum(word in PLAIN_WORDS for word in re.findall(r"[a-z]+", text.lower()))


def is_addressed_to(flat: str, names: tuple[str, ...]) -> bool:
    """Tell whether a paragraph opens a letter to the person."""
    match = DEAR.match(flat)
    words = {folded(word) for word in re.findall(r"[^\W\d_]+", match["name"])} if match else set()
    return not words.isdisjoint(names)


def _is_remark(flat: str) -> bool:
    pairs = (("[", "]"), ("<", ">"), ("{", "}"))
    return any(
        flat.startswith(left) and flat.rstrip(".,;: ").endswith(right) and len(flat) > 2
        for left, right in pairs
    )


def _by_form(paragraph: str, flat: str) -> str | None:
    words = flat.split()
    lines = [line for line in paragraph.split("\n") if line.strip()]
    plain = plain_words(flat) / len(words)
    if plain > 0.15:  # plainly running text
        return None
    prices = len(PRICE.findall(flat))
    if (prices > 1 and prices * 40 > len(words) and not OWN_VOICE.search(flat)) or (
        IMPRINT.search(flat) and len(words) < 40 and plain < 0.06
    ):
        return ADVERTISEMENT
    if sum(bool(ENTRY.match(line.strip())) for line in lines) >= 0.6 * len(lines) and plain < 0.1:
        return INDEX
    gaps = sum(len(re.findall(r"\S(?: {3,}|\t+|\s?\.(?: ?\.){3,})\s?\S", line)) for line in lines)
    numbers = sum(bool(re.fullmatch(r"\W*\d[\d.,/:-]*\W*", word)) for word in words)
    if gaps >= 0.5 * len(lines) or numbers > 0.35 * len(words) > 2:
        return TABLE
    dashes = len(re.findall(r"--|\u2014| - ", flat))
    stops = len(re.findall(r"[a-z]{3}[.;](?:\s|$)", flat))
    if plain < 0.04 and len(words) > 8 and (dashes >= 3 or (stops > 3 and len(words) < 8 * stops)):
        return SUMMARY
    return None


def _narration(flat: str, context: Context) -> str | None:
    if context.compiled and not context.letter and not is_about(flat, context.names):
        return NARRATION
    return None
