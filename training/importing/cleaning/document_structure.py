"""Which part of a document each paragraph stands in: one reading from first to last.

Headings open parts; a part is left out as a whole where its heading says so (an index, a
translator's introduction) or where what follows shows that another wrote it (a preface that is
signed by somebody else, or that speaks of the person).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from persllm.training.importing.cleaning import headings
from persllm.training.importing.cleaning.authorship import (
    ADVERTISEMENT,
    CHAPTER,
    CONTENTS,
    FIRST_PERSON,
    FOOTNOTE,
    HEADING,
    INDEX,
    LICENCE,
    NOTE,
    PREFACE,
    QUOTED,
    Context,
    is_addressed_to,
    is_prose,
    plain_words,
)
from persllm.training.importing.cleaning.headings import Heading
from persllm.training.importing.cleaning.names import is_person, mentions, names_of

START = re.compile(r"\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG", re.I)
END = re.compile(
    r"\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG|^End of (?:the )?Project Gut", re.I
)
FAMILY = re.compile(r"\bmy (?:father|brother|husband|grandfather|uncle|master|friend)\b", re.I)
CLOSING = re.compile(
    r"(?:^|[.,!?;:-] ?|\band )(?:[a-z]+ ){0,4}(?:yours?|believe me|adieu|farewell|"
    r"affectionate(?:ly)?|sincerely|truly|faithfully)\b[^.!?]{0,60}(?:\b[A-Z]{2,}\W*|,\W*)$|"
    r"^\W*(?:yours?|ever|believe me|adieu|farewell|good-?bye)\b.{0,70}$",
    re.I,
)
WROTE = re.compile(
    r"\b(?:my father|he) (?:\w+ ){0,3}(?:wrote|writes|says|said|replied)\b|"
    r"\b(?:letters?|notes?|extracts?|passages?)\b.{0,60}\bto (?:[A-Z]|the |Mr|Dr|Sir|Prof)",
)
TO_PERSON = re.compile(
    r"\bto (?:my father|him)\b|"
    r"\b(?:Mr|Dr|Sir|Professor|Mrs|Miss)\.? [\w. ]{2,30} (?:wrote|writes|says)\b"
)
POSTSCRIPT = re.compile(r"^\W*P\.? ?S\b|^\W*N\.? ?B\b|^\W*Postscript")
EDITED = re.compile(r"\b(?:edited|translated|complete works|introduction by|foreword by)\b", re.I)
COMPILED = re.compile(r"\bletters\b|\blife (?:of|and|told)\b|\bmemoirs?\b|\bcorrespondence\b", re.I)
PREFACING = re.compile(r"^\W*(?:introduction|preface|foreword|prefatory note)\b", re.I)
LONG = 60
"""Paragraphs from which a document is taken as a book, with a title page."""
MAX_FRONT = 90
TITLE = 6
"""Paragraphs in which a book gives its title."""
MIN_LETTERS = 4
MAX_REMARK = 8
"""Paragraphs an opened bracket may span; a longer one was never closed."""
WORDS_A_MENTION = 350
"""A part that names the person at least so often speaks about the person."""


def contexts(paragraphs: Sequence[str], author: str, *, language: str = "en") -> list[Context]:
    """Return the context of each paragraph of one document, in order.

    Args:
        paragraphs: All of the document, headings too.
        author: The person's name; "" where anybody's words are own.
        language: Of the text; lists are told from running text in English only.
    """
    flat = [" ".join(paragraph.split()) for paragraph in paragraphs]
    english = language.lower().split("-")[0] == "en"
    return list(_Reading(flat, names_of(author), english).contexts())


@dataclass(slots=True)
class _Reading:
    """One reading of a document, and what it remembers from paragraph to paragraph."""

    flat: list[str]
    names: tuple[str, ...]
    english: bool
    titles: list[Heading | None] = field(default_factory=list)
    start: int = 0
    """The first paragraph of prose; what stands before it is the front."""
    edited: bool = False
    compiled: bool = False
    part: str = ""
    sticky: bool = False
    """The part ends only where a chapter begins."""
    appended: bool = False
    letter: str = ""
    own_chapter: bool = False
    """A chapter of the person's own in a life or letters."""
    pending: bool = False
    """The editor has just announced words of the person: the next paragraph is theirs."""
    closed: bool = False
    remark_left: int = 0

    def __post_init__(self) -> None:
        self.titles = [headings.read(text) for text in self.flat]
        prose = (i for i, text in enumerate(self.flat[:MAX_FRONT]) if is_prose(text))
        self.start = next(prose, 0) if len(self.flat) >= LONG else 0
        front = " ".join(self.flat[: self.start])
        letters = sum(headings.letter(text, self.names) is not None for text in self.flat)
        self.edited = bool(EDITED.search(front)) and bool(self.names)
        self.compiled = (
            letters >= MIN_LETTERS
            and bool(COMPILED.search(" ".join(self.flat[:TITLE])))
            and bool(self.names)
        )

    def contexts(self) -> Iterator[Context]:
        begin, end = self._gutenberg()
        for index, text in enumerate(self.flat):
            self._enter(index)
            front = index < self.start and not self.part and not is_prose(text)
            outside = index <= begin or index >= end
            yield Context(
                names=self.names,
                part=LICENCE if outside else self.part or (HEADING if front else ""),
                compiled=self.compiled,
                letter=self.letter,
                remark=self.remark_left > 0,
                attributed=self._attributed(index),
                english=self.english,
            )
            self._follow_brackets(text)

    def _gutenberg(self) -> tuple[int, int]:
        begin = max((i for i, text in enumerate(self.flat) if START.search(text)), default=-1)
        ends = (i for i, text in enumerate(self.flat) if i > begin and END.search(text))
        return begin, next(ends, len(self.flat))

    def _enter(self, index: int) -> None:
        text, title = self.flat[index], self.titles[index]
        opened = headings.letter(text, self.names) if self.compiled else None
        if opened and self.part in ("", FOOTNOTE):
            self.part, self.closed = "", False
            self.letter = "own" if is_person(opened.sender, self.names) else "other"
        elif title:
            self._enter_part(index, title)
        elif self.part == CONTENTS and is_prose(text) and not text[-1].isdigit():
            self._open("")
        elif is_addressed_to(text, self.names):
            self.letter, self.closed = "other", False
        else:
            self._follow_letter(text)

    def _enter_part(self, index: int, title: Heading) -> None:
        """Open the part that a heading announces, or stay in the one that goes on."""
        above = self.titles[index - 1] if index else None
        goes_on = self.part == PREFACE and above is not None and above.kind != "name"
        if title.kind == "name":
            self.closed = bool(self.letter)
        elif self._stays_in_list(index, title):
            return
        elif title.kind == "by" and PREFACING.match(title.text):
            self._open("" if is_person(title.by, self.names) else PREFACE)
        elif title.kind == "by" and index > self.start:
            self._open("" if is_person(title.by, self.names) else CHAPTER, sticky=True)
        elif title.kind in WHOLE_PARTS:
            part, sticky = WHOLE_PARTS[title.kind]
            self._open(part, sticky=sticky and index > self.start)
        elif title.kind == "preface" and self._is_others(index, least=1):
            self._open(PREFACE)
        elif title.kind == "appendix":
            foreign = self.edited and self._is_others(index, least=1)
            self._open(PREFACE if foreign else "", sticky=foreign)
            self.appended = True
        elif not goes_on and self._may_end(title):
            self._open_plain(index, title)

    def _stays_in_list(self, index: int, title: Heading) -> bool:
        """Tell whether a heading is an entry of the contents, or of a list of books."""
        listed = self.part == CONTENTS and not self._prose_follows(index)
        return listed or (self.part == ADVERTISEMENT and title.kind == "contents")

    def _may_end(self, title: Heading) -> bool:
        return not self.sticky or (title.kind in ("chapter", "preface") and not self.appended)

    def _open_plain(self, index: int, title: Heading) -> None:
        """Open a part of the book itself; in a life or letters, the person's own chapter or not."""
        about = self.edited and not self.compiled and self._is_others(index, least=3)
        own = self.compiled and headings.is_autobiography(self._title_at(index))
        stays = self.own_chapter and title.kind != "chapter"
        if self.compiled and self.letter and not self.part and title.kind == "plain":
            return  # a heading within a letter
        self._open(PREFACE if about else "")
        self.own_chapter = own or stays
        self.letter = "own" if self.own_chapter else ""

    def _open(self, part: str, *, sticky: bool = False) -> None:
        self.part, self.sticky = part, sticky and bool(part)
        self.letter, self.closed = "", False

    def _title_at(self, index: int) -> str:
        """Return a heading with the one right below it: "CHAPTER II." and "AUTOBIOGRAPHY."."""
        below = range(index, min(index + 2, len(self.flat)))
        return " ".join(self.flat[i] for i in below if self.titles[i])

    def _prose_follows(self, index: int) -> bool:
        following = self.flat[index + 1 : index + 5]
        return any(is_prose(text) and not text[-1].isdigit() for text in following)

    def _is_others(self, index: int, *, least: int) -> bool:
        """Tell whether a part speaks of the person, and is not signed by that person."""
        if self.flat[index].lower().startswith("author"):
            return False
        words = found = 0
        for text, title in zip(self.flat[index + 1 :], self.titles[index + 1 :], strict=True):
            if title and title.kind == "name" and words and is_person(title.text, self.names):
                return False
            if title and words:
                break
            words += 0 if title else len(text.split())
            found += mentions(text, self.names)
            found += len(FAMILY.findall(text)) if least == 1 and self.edited else 0
        return found >= least and found * (WORDS_A_MENTION * (2 if least == 1 else 1)) >= words

    def _follow_letter(self, text: str) -> None:
        """End a letter after its closing, or where an editor goes on."""
        if self.own_chapter or NOTE.match(text) or text.startswith("["):
            return
        if self.pending and not headings.is_date_line(text):
            self.letter, self.closed, self.pending = "own", False, False
        elif self.letter and self.closed and not POSTSCRIPT.match(text):
            self.letter, self.closed = "", False
        elif self.letter == "own" and self.compiled and self._narrates(text):
            self.letter = ""
        if self.letter and CLOSING.search(text[-110:]):
            self.closed = True
        if self.compiled and not self.letter and self._introduces(text):
            self.pending = True

    def _introduces(self, text: str) -> bool:
        """Tell whether an editor's paragraph ends by announcing words that the person wrote."""
        end = text[-260:]
        return bool(
            re.search(r":[-\u2014]*$", end) and WROTE.search(end) and not TO_PERSON.search(end)
        )

    def _narrates(self, text: str) -> bool:
        plain = QUOTED.sub(" ", text)
        named = mentions(plain, self.names) or bool(FAMILY.search(plain))
        return bool(named) and not FIRST_PERSON.search(FAMILY.sub(" ", plain))

    def _attributed(self, index: int) -> bool:
        """Tell whether a quotation is followed by its author's name or book."""
        following = self.flat[index + 1] if index + 1 < len(self.flat) else ""
        return (
            self.flat[index][:1] in ('"', "\u201c")
            and len(following.split()) < 14
            and bool(re.match(r"[\u2014_-]*\s?[A-Z][\w.]*\s?[A-Z][\w. ]+[:,]", following))
            and not plain_words(following)
        )

    def _follow_brackets(self, text: str) -> None:
        if self.remark_left:
            closed = text.count("]") > text.count("[")
            self.remark_left = 0 if closed else self.remark_left - 1
        elif text[:1] == "[" and text.count("[") > text.count("]"):
            self.remark_left = MAX_REMARK


WHOLE_PARTS: dict[str, tuple[str, bool]] = {
    "contents": (CONTENTS, False),
    "index": (INDEX, True),
    "notes": (FOOTNOTE, False),
    "advertisement": (ADVERTISEMENT, True),
    "edition": (LICENCE, False),
    "others": (PREFACE, False),
}
"""What a heading opens: why it is left out, and whether only a chapter ends it."""
