"""Lines that are no prose: headings and what they announce, letters' openings, dates, page numbers.

English books and letters; a heading in another language is a plain one.
"""

import re
from dataclasses import dataclass
from typing import Literal

from persllm.training.importing.cleaning.names import folded

HeadingKind = Literal[
    "contents",
    "index",
    "notes",
    "advertisement",
    "edition",
    "preface",
    "others",
    "appendix",
    "by",
    "chapter",
    "name",
    "plain",
]
MAX_WORDS = 16

SMALL = re.compile(
    r"\b(?:of|and|the|to|in|on|for|with|from|at|an|or|by|under|into|&)\b|\ba\b(?!\.)", re.I
)
ROMAN = re.compile(r"^[\W_]*(?=[IVXLC])(?:X{0,4}L?X{0,4})(?:IX|IV|V?I{0,4})[\W_]*$")
CHAPTER = re.compile(
    r"^[\W_]*(?:chapter|part|book|volume|letter|section|act|scene|canto)\b\s+(?:the\s+)?(?:[\divxlc]+\b|"
    r"first|second|third|fourth|fifth|one|two|three|four|five|six|seven)[\w .]{0,8}",
    re.I,
)
TELLS = re.compile(r"\b(?:was|were|is|are|had|has)\b.*[.!?]$")
"""In a sentence that only begins like a heading, as in: Chapter one of my life was hunger."""
NUMBERED = re.compile(r"^(?:\d{1,3}|[IVXLC]{1,7})\.?\s*(?:--|\u2014|\.|\s)\s*[\"\u201c'A-Z]")
DATE_WORD = re.compile(
    r"\b(?:Jan|Feb|March|April|May|June|July|Aug|Sept?|Oct|Nov|Dec|January|February|August|"
    r"September|October|November|December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b"
)
ITALIC = re.compile(r"^_(?!If\b)[A-Z][^_.!?]{2,90}\.?_\.?$")
DATE_SMALL = re.compile(r"(?:of|the|in|on|at|near|morning|evening|night|afternoon|noon)\b")
ANNOUNCED: tuple[tuple[HeadingKind, re.Pattern[str]], ...] = (
    (
        "contents",
        re.compile(r"^(?:table of )?contents\b|^(?:list of )?illustrations\b|^errata\b|^plates\b"),
    ),
    ("index", re.compile(r"^(?:general )?index(?:es)?\b(?! of [a-z]+ [a-z]+ [a-z]+)")),
    ("edition", re.compile(r"^(?:the )?transcribers? ?s? (?:end )?notes?\b|^about the online")),
    ("notes", re.compile(r"^(?:foot|end)?notes?\b(?: to (?:the|chapter).*| [ivx\d]+)?$")),
    (
        "advertisement",
        re.compile(
            r"^(?:by the same author|(?:works|books|other works) by|publications|"
            r"opinions? of the press|(?:list|catalogue) of (?:popular |standard |new )?"
            r"(?:works|books)|press notices|(?:mr )?\w+ ?s (?:list of )?(?:standard |new )?"
            r"(?:works|publications|books)|highly commended|now ready|uniform with)\b"
        ),
    ),
    (
        "others",
        re.compile(
            r"^(?:the )?(?:translator|editor|publisher|transcriber|biographical|introductory note "
            r"by|note by the (?:editor|translator))|^(?:a )?biograph(?:y|ical)|"
            r"^a short sketch of the life|^an? (?:introduction|foreword|preface) by\b|"
            r"^letter from (?:mr|mrs|dr|count|sir)\b"
        ),
    ),
    (
        "preface",
        re.compile(r"^(?:author s )?(?:preface|introduction|foreword|prefatory|dedicat)\b"),
    ),
    ("appendix", re.compile(r"^appendi(?:x|ces)\b")),
)
SENDER_TO = re.compile(r"^(?P<sender>[^!?:;]{0,60}?)\s?\b(?:TO|to)\s+(?P<receiver>[^!?:;]{2,60})")
LETTER_NUMBER = re.compile(r"^[\W_]*LETTER \d+[a-z]?\.\s*")
PERSON = re.compile(r"\b[A-Z]\.|\b(?:MISS|MRS|MR|DR|SIR|LORD|LADY|PROFESSOR|CAPTAIN|REV)\b", re.I)
BY = re.compile(
    r"(?:^|--\s?|\u2014\s?|[.\"\u201d] )by (?P<by>(?:[\w'\u2019-]+\.?,? ?){1,6})\.?$", re.I
)


PREFACE_BY = re.compile(
    r"^\W*(?:introduction|preface|foreword|notes?) by (?P<by>[\w .'\u2019-]{3,60})$", re.I
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that announces a part."""

    kind: HeadingKind
    text: str
    by: str = ""
    """Who wrote the part, where the heading says so."""


@dataclass(frozen=True, slots=True)
class Correspondents:
    """Who writes a letter, and to whom."""

    sender: str
    """"" where the letter's editor takes it as understood."""
    receiver: str


def read(line: str) -> Heading | None:
    """Return what a one-line paragraph announces, or None where it is no heading."""
    words = line.split()
    if not words or len(words) > MAX_WORDS or not re.search(r"[^\W\d_]{2}|[IVXLC]", line):
        return None
    plain = " ".join(re.findall(r"[^\W_]+", line.lower()))
    announced = CHAPTER.match(line) and not TELLS.search(line)
    chapter = bool(announced or ROMAN.match(line))
    italic = bool(ITALIC.match(line)) and len(words) <= 12
    if not (chapter or italic or _is_title(line) or _is_announced_whole(plain)):
        return None
    by = PREFACE_BY.match(line) or BY.search(line)
    if by and not re.search(r"translated|edited|illustrated|printed|published", plain):
        return Heading("by", line, by["by"].strip(" ,."))
    for kind, pattern in ANNOUNCED:
        if pattern.search(plain):
            return Heading(kind, line)
    if announced:
        return Heading("chapter", line)
    return Heading("name" if _is_name(line) else "plain", line)


def letter(line: str, names: tuple[str, ...]) -> Correspondents | None:
    """Return who writes to whom where a line opens a letter, as editors print it, else None.

    Args:
        line: A paragraph in one line.
        names: The person's name, folded; one of the two is called so, or is somebody by title.
    """
    numbered = LETTER_NUMBER.match(line)
    head = re.sub(r"\[\d+\]", "", line[:130][numbered.end() if numbered else 0 :])
    match = SENDER_TO.match(head)
    if not match:
        return None
    writer, receiver = match["sender"].strip(" ._"), match["receiver"].lstrip("_ ")
    if not writer:
        return Correspondents("", receiver) if numbered else None
    capital = all(re.match(r"[A-Z(]", word) for word in writer.split())
    shouted = writer.upper() == writer and receiver[:3].upper() == receiver[:3]
    italic = line.startswith("_") and line.count("_") > 1 and receiver[:1].isupper()
    called = {folded(word) for word in re.findall(r"[^\W\d_]+", f"{writer} {receiver[:30]}")}
    told = numbered or PERSON.search(f"{writer} {receiver[:20]}") or not called.isdisjoint(names)
    if capital and (shouted or italic) and told and not SMALL.search(writer):
        return Correspondents(writer, receiver)
    return None


def is_date_line(line: str) -> bool:
    """Tell whether a short line only dates or places a letter or an entry."""
    words = line.split()
    if not words or len(words) > 14:
        return False
    dated = DATE_WORD.search(line) or re.search(r"\b1[0-9]{3}\b|\b20[0-2]\d\b", line)
    return bool(dated) and not any(map(_tells_more, words)) and not re.search(r"[!?]", line)


def _tells_more(word: str) -> bool:
    """Tell whether a word is none of a date or a place: it begins with no capital."""
    small = word[0].isalpha() and not word[0].isupper()
    return (small or bool(re.match(r"I\b", word))) and not DATE_SMALL.match(word)


def is_page_number(line: str) -> bool:
    """Tell whether a line is a page's number or an ornament."""
    return bool(
        re.fullmatch(r"[\W_]*(?:(?:page|p\.|pg)?\s*(?:\d{1,4}|[ivxlc]{1,7}))?[\W_]*", line, re.I)
    )


def is_autobiography(line: str) -> bool:
    """Tell whether a heading announces the person's own account of the life."""
    return bool(re.search(r"\bautobiograph|\bdiary\b|\bjournal\b", line, re.I))


def _is_title(line: str) -> bool:
    letters = re.sub(r"[\W\d_]", "", line)
    if letters.isupper() and line.upper() == line and len(letters) > 2:
        return not line.endswith(("!", "?")) or len(line.split()) > 1
    return bool(NUMBERED.match(line)) and line.upper() == line


def _is_announced_whole(plain: str) -> bool:
    """Tell whether a line in small letters is nothing but a part's name."""
    return len(plain.split()) <= 4 and any(
        pattern.fullmatch(plain) or pattern.sub("", plain, count=1).strip() == ""
        for _, pattern in ANNOUNCED
        if pattern.search(plain)
    )


def _is_name(line: str) -> bool:
    words = re.findall(r"[^\W\d_]+", line)
    return bool(
        2 <= len(words) <= 4 and re.match(r"[A-Z].*\.$", line) and not SMALL.search(line)
    ) and not re.search(r"\d|\b(?:PART|DIVISION|SECTION|ESSAY|BOOK|NOTE)S?\b", line)
