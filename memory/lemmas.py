"""Words by which what a visitor told is found again: "What's my dog called?" seeks a dog's name."""

import re
from collections.abc import Set
from functools import cache

from persllm.tables import table

WORD = re.compile(r"\d+|[^\W\d_]+(?:'[a-z]+)?")
LEAST_LETTERS = 3


def lemmas(text: str) -> Set[str]:
    """Return the words of a text that tell something, without their endings."""
    words = [word.lower() for word in WORD.findall(text.replace("\u2019", "'"))]
    return {lemma(word) for word in words if word not in _plain()}


@cache
def lemma(word: str) -> str:
    """Return what a word is counted as: "playing" and "plays" are "play"."""
    word = word.removesuffix("'s")
    same: dict[str, str] = table("persllm.memory.lemmas")["same"]
    if word in same:
        return _stem(same[word])
    stem = _stem(word)
    return _stem(same.get(stem, stem))


def meant(asked: Set[str]) -> Set[str]:
    """Return the words asked for with those that they may stand for: "pets" with "dog"."""
    kinds: dict[str, list[str]] = _kinds()
    return {*asked, *(other for word in asked for other in kinds.get(word, ()))}


def _stem(word: str) -> str:
    for ending, put in (("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("s", "")):
        left = word.removesuffix(ending)
        if left != word and len(left) >= LEAST_LETTERS and not word.endswith("ss"):
            word = left + put
            break
    if len(word) > LEAST_LETTERS and word[-1] == word[-2] and word[-1] not in "lsaeiou":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > LEAST_LETTERS else word


@cache
def _kinds() -> dict[str, list[str]]:
    return {
        lemma(word): [lemma(each) for each in others]
        for word, others in table("persllm.memory.lemmas")["kinds"].items()
    }


@cache
def _plain() -> frozenset[str]:
    return frozenset(table("persllm.memory.lemmas")["plain"].split())
