"""Words that tell something, which of them a text leaves unsaid, and years that are yet to come.

A claim gives itself away by the words that nothing recalled holds: a wrong name, another year.
Names and numbers are what vectors and small models compare worst, and words compare exactly.
"""

import re
from collections.abc import Iterator, Sequence, Set

from persllm.common_words import COMMON, PLAIN

WORD = re.compile(r"\d+|[^\W\d_]{3,}")
STEM = 4
"""Words that begin with the same letters count as the same."""
YEAR = re.compile(r"\b(?:1[4-9]\d\d|20\d\d)\b(?!\s[a-z]{3,}s\b)")
"""A number that may be a year, unless a plural follows: "2000 volts"."""
MOST_UNSAID = 8
"""A turn with more words that nothing holds tells of something else altogether."""


def stems(text: str) -> Set[str]:
    """Return the beginnings of the words that tell something, and the numbers."""
    return {_stem(word) for word in WORD.findall(text) if word.lower() not in PLAIN}


def unsaid(turn: str, texts: Sequence[str], *, language: str = "en") -> list[str] | None:
    """Return what of a turn none of the texts holds, in the turn's own words and order.

    Words that stand side by side come as one. Common words are known for English; of other
    languages only numbers and what is written with a capital count.

    Returns:
        None where there are more than `MOST_UNSAID` such words.
    """
    held = {_stem(word) for text in texts for word in WORD.findall(text)}
    found = [word for word in WORD.finditer(turn) if _counts(word[0], language)]
    strange = [word for word in found if _stem(word[0]) not in held]
    return [*_joined(turn, strange)] if len(strange) <= MOST_UNSAID else None


def years_after(turn: str, last: int) -> list[str]:
    """Return the years that a turn names and that come after the last one."""
    return [year for year in dict.fromkeys(YEAR.findall(turn)) if int(year) > last]


def _counts(word: str, language: str) -> bool:
    return word.lower() not in COMMON and (language == "en" or not word[0].islower())


def _joined(turn: str, words: Sequence[re.Match[str]]) -> Iterator[str]:
    start = end = 0
    for word in words:
        if end and turn[end : word.start()] not in (" ", "-"):
            yield turn[start:end]
            end = 0
        start = start if end else word.start()
        end = word.end()
    if end:
        yield turn[start:end]


def _stem(word: str) -> str:
    return word if word.isdigit() else word.lower().removesuffix("s")[:STEM]
