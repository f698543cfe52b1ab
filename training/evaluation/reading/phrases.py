"""The phrases of `phrases.yaml`, and texts brought into their form: words without marks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "phrases.yaml"
CONTRACTIONS = (
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"\b(it|that|he|she|there|what|who)'s\b"), r"\1 is"),
    (re.compile(r"\b(you|we|they)'re\b"), r"\1 are"),
    (re.compile(r"\b(i|you|we|they)'ve\b"), r"\1 have"),
    (re.compile(r"\b(i|you|he|she|it|we|they)'ll\b"), r"\1 will"),
    (re.compile(r"\b(i|you|he|she|we|they)'d\b"), r"\1 would"),
    (re.compile(r"'s\b"), ""),
)
WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
END = re.compile(r"(?<=[.!?;\u2026])[\"'\u201d\u2019)]*\s+")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases to look for, each as its words."""

    rows: frozenset[tuple[str, ...]]
    longest: int

    def found(self, words: Sequence[str]) -> Iterator[int]:
        """Yield where a phrase stands among words, from the first on."""
        for at in range(len(words)):
            if self._ends(words, at):
                yield at

    def opens(self, words: Sequence[str]) -> bool:
        """Tell whether the words begin with a phrase."""
        return bool(self._ends(words, 0))

    def _ends(self, words: Sequence[str], at: int) -> bool:
        reach = min(self.longest, len(words) - at)
        return any(tuple(words[at : at + size]) in self.rows for size in range(1, reach + 1))


def words_in(text: str) -> list[str]:
    """Return the words of a text in order: lower case, contractions written out, no marks."""
    plain = text.lower().replace("\u2019", "'").replace("\u2018", "'")
    for short, whole in CONTRACTIONS:
        plain = short.sub(whole, plain)
    return [word.replace(",", "") for word in WORD.findall(plain)]


def clauses(text: str) -> list[str]:
    """Return the sentences of an answer; a semicolon ends one too."""
    return [part.strip() for part in END.split(text) if part.strip()]


@cache
def phrases(name: str) -> Phrases:
    """Return one list of the file, to be looked for in words."""
    rows = frozenset(tuple(words_in(str(each))) for each in _file()[name])
    return Phrases(rows, max(map(len, rows)))


@cache
def words(name: str) -> frozenset[str]:
    """Return one list of single words of the file."""
    listed = _file()[name]
    return frozenset(listed.split() if isinstance(listed, str) else map(str, listed))


@cache
def marks(name: str) -> tuple[str, ...]:
    """Return one list of the file as it is written, to be looked for letter by letter."""
    return tuple(map(str, _file()[name]))


@cache
def number_words() -> dict[str, str]:
    """Return digits by number word."""
    return {word: str(number) for word, number in _file()["number_words"].items()}


def as_digits(found: Iterable[str]) -> list[str]:
    """Return words with number words as digits; "forty two" becomes 42."""
    known = number_words()
    made: list[str] = []
    tens = False
    for word in found:
        number = known.get(word)
        if number is not None and tens and len(number) == 1:
            made[-1] = str(int(made[-1]) + int(number))
            tens = False
            continue
        made.append(word if number is None else number)
        tens = number is not None and len(number) == 2 and number[1] == "0" and number != "10"
    return made


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded
