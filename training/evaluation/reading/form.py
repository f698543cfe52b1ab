"""Faults of form that a visitor sees at once, each found by a rule."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set

from persllm.materials import Material
from persllm.sentences import sentences
from persllm.training.evaluation.reading.phrases import marks, words, words_in

SMALL_START = re.compile(r"\b(\w{2,})\. +[a-z]")
RUN = 6
"""Words in a row that are a copy; fewer may be chance."""
WHOLE = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\]*_]*\s*$")
DOUBLED = re.compile(r"\b([^\W\d_]+) \1\b", re.IGNORECASE)


class Passages:
    """A persona's paragraphs as runs of words, to find sentences joined from two of them."""

    def __init__(self, materials: Iterable[Material]) -> None:
        self._where: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for material in materials:
            for run in _runs(words_in(material.text)):
                self._where[run].add(material.id)

    def joins(self, sentence: str) -> bool:
        """Tell whether a sentence holds copies that stand together in no paragraph."""
        copied = [self._where[run] for run in _runs(words_in(sentence)) if run in self._where]
        return bool(copied) and not set[str].intersection(*copied)


def leaks(answer: str) -> bool:
    """Tell whether an answer shows analysis, markers, roles or end tokens."""
    low = answer.lower()
    return any(mark in low for mark in marks("leaks"))


def is_cut(answer: str) -> bool:
    """Tell whether an answer does not end at the end of a sentence."""
    return bool(answer.strip()) and not WHOLE.search(answer)


def is_empty(answer: str) -> bool:
    """Tell whether an answer holds no word."""
    return not re.search(r"\w", answer)


def is_spliced(answer: str, passages: Passages) -> bool:
    """Tell whether a sentence is joined from two paragraphs, doubles a word or starts small."""
    doubled = (match[1].lower() for match in DOUBLED.finditer(answer))
    if any(word not in words("doubled") for word in doubled):
        return True
    before = (match[1].lower() for match in SMALL_START.finditer(answer))
    if answer[:1].islower() or any(word not in words("abbreviations") for word in before):
        return True
    return any(passages.joins(line) for line in sentences(answer))


def in_third_person(answer: str, name: str) -> bool:
    """Tell whether an answer names its speaker and nowhere says I, me or my."""
    said = words_in(answer)
    last = (words_in(name) or [""])[-1]
    return last in said and not words("first_person") & set(said)


def said_twice(given: Sequence[tuple[str, str]]) -> Set[str]:
    """Return the answers that were given to more than one question.

    Args:
        given: Questions and their answers.
    """
    distinct = {(question, _bare(answer)) for question, answer in given}
    often = Counter(answer for _, answer in distinct)
    return {answer for _, answer in given if often[_bare(answer)] > 1}


def repeats(answer: str, earlier: Iterable[str]) -> bool:
    """Tell whether an answer equals an earlier one, whatever its marks."""
    own = _bare(answer)
    return bool(own) and any(own == _bare(each) for each in earlier)


def _bare(answer: str) -> str:
    return " ".join(words_in(answer))


def _runs(found: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(found[at : at + RUN]) for at in range(len(found) - RUN + 1))
