"""The words that carry a fact, and whether an answer holds a value."""

from collections.abc import Iterable

from persllm.training.evaluation.reading.phrases import as_digits, words, words_in

SHORTEST = 4
ENDINGS = ("ingly", "edly", "ings", "ing", "ied", "ies", "ed", "es", "s", "ly")
STEM = 4
"""Letters that a word keeps, at least, when its ending is taken off."""


def telling(text: str) -> frozenset[str]:
    """Return the words of a text that carry meaning, without their endings, and its numbers."""
    found = as_digits(words_in(text))
    return frozenset(
        word if word.isdigit() else _stem(word)
        for word in found
        if word[0].isdigit() or (len(word) >= SHORTEST and word not in words("small_words"))
    )


def fact_in(reference: str, question: str, sources: Iterable[str]) -> frozenset[str]:
    """Return what a right answer tells: of reference and sources, not of the question.

    Where the reference shares nothing with the sources, its own telling words are the fact.
    """
    beyond = telling(reference) - telling(question)
    known = frozenset[str]().union(*map(telling, sources))
    return beyond & known or beyond


def holds(text: str, value: str) -> bool:
    """Tell whether a text holds a value: its words in a row, or a name's last word."""
    row = as_digits(words_in(value))
    said = as_digits(words_in(text))
    if not row:
        return False
    whole = [word for word in row if word not in words("titles")] or row
    if _in_row(said, whole):
        return True
    is_name = len(whole) > 1 and value[:1].isupper() and value.split()[-1][:1].isupper()
    return is_name and whole[-1] in said


def _in_row(said: list[str], row: list[str]) -> bool:
    return any(said[at : at + len(row)] == row for at in range(len(said) - len(row) + 1))


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM:
            return word.removesuffix(ending)
    return word
