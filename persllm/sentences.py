"""Where sentences end, in any script; passages of whole sentences; how many words a text holds.

Rules and no library: pysbd, the usual one, has had no release since 2021, must be told the language
and takes fifty times as long on letters, without being right more often there.
"""

import re
from collections.abc import Iterable, Iterator

PASSAGE_WORDS = 90
"""Longer paragraphs are cut at sentence ends into passages of about this length."""
UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
"""Han and kana: scripts without spaces between words, for a set in a pattern."""
CLOSERS = "\"')\\]\u2019\u201d\u00bb\u203a"
WIDE_CLOSERS = "\u300d\u300f\u3011\u300b\uff09\u201d\u2019"
WIDE_OPENERS = "\u300c\u300e\u3010\u300a\uff08\u201c\u2018"
OPENERS = "\"'(\\[\u2018\u201c\u00ab\u2039\u00a1\u00bf"
END = re.compile(
    rf"[.!?\u2026][{CLOSERS}]{{0,2}}(?P<space>\s+)(?=[{OPENERS}]?(?P<next>[^\W_]))"
    # Marks that end nothing but a sentence: Arabic, Urdu, Devanagari, Armenian, Ethiopic, Khmer.
    rf"|[\u061f\u06d4\u0964\u0965\u0589\u1362\u17d4\u17d5\u104b][{CLOSERS}]{{0,2}}\s*"
    # Chinese and Japanese, which need no space.
    rf"|[\u3002\uff01\uff1f\uff61][{WIDE_CLOSERS}]*\s*"
    rf"|(?<=[{UNSPACED}])[!?][{WIDE_CLOSERS}]*\s*(?=[{WIDE_OPENERS}]*[{UNSPACED}])"
)
NOT_AN_END = re.compile(
    r"(?:^|[\s(])(?:Mr|Mrs|Ms|Messrs|Dr|Prof|Sir|St|Capt|Col|Gen|Lt|Rev|Hon|Jr|Sr|vol|Vol|No|pp?|"
    r"etc|Phil|e\.g|i\.e|cf|viz|(?:[^\W\d_a-z]\.)*[^\W\d_a-z])\.$"
)
LONGEST_ABBREVIATION = 12
"""Characters, with the space before it; so far back one is looked for."""
NO_SPACE = re.compile(
    rf"(?<=[{UNSPACED}\u3001-\u301f\uff00-\uff65])\s*\n\s*(?=[{UNSPACED}\u3001-\u301f\uff00-\uff65])"
)
SPACELESS = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese and Khmer: letters, but no blanks between words."""
WORD = re.compile(rf"[{UNSPACED}]{{1,2}}|[{SPACELESS}]{{1,4}}|[^\s{UNSPACED}{SPACELESS}]+")


def one_line(text: str) -> str:
    """Return a text in one line; a line break between two Chinese characters is no space."""
    return " ".join(NO_SPACE.sub("", text).split())


def sentences(text: str) -> list[str]:
    """Split a paragraph at sentence ends, keeping abbreviations and initials together."""
    line = one_line(text)
    return [line[start:end].strip() for start, end in _spans(line)]


def joined(lines: Iterable[str]) -> str:
    """Return sentences as one text; Chinese and Japanese ones have no space between them."""
    return one_line("\n".join(lines))


def passages(text: str, *, words: int = PASSAGE_WORDS) -> Iterator[str]:
    """Yield a paragraph in passages of about so many words, cut at sentence ends."""
    line = one_line(text)
    first, last, length = 0, 0, 0
    for start, end in _spans(line):
        more = count_words(line[start:end])
        if length and length + more > words:
            yield line[first:last].strip()
            first, length = start, 0
        last, length = end, length + more
    if length:
        yield line[first:last].strip()


def count_words(text: str) -> int:
    """Count words; where no spaces part them, two characters or four letters are one."""
    return sum(1 for _ in WORD.finditer(text))


def _spans(line: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each sentence; together they are the whole line."""
    start = 0
    for match in END.finditer(line):
        if match["next"] and not _is_end(line, match):
            continue
        if match.end() < len(line):
            yield start, match.end()
            start = match.end()
    if start < len(line):
        yield start, len(line)


def _is_end(line: str, match: re.Match[str]) -> bool:
    """Tell whether a stop with a space ends a sentence: no abbreviation, no small letter next."""
    stop = match.start("space")
    before = line[max(0, stop - LONGEST_ABBREVIATION) : stop]
    return not (match["next"].islower() or NOT_AN_END.search(before))
