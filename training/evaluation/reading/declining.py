"""Does an answer say that the speaker does not know? In any honest wording."""

from persllm.training.evaluation.reading.facts import telling
from persllm.training.evaluation.reading.phrases import clauses, phrases, words, words_in

LONGEST = 8
"""Most words between a negation and the word of knowing that it belongs to."""


def declines(answer: str, question: str = "") -> bool:
    """Tell whether an answer says that the speaker does not know, cannot say or will not guess.

    Asking back what the question's own words mean ("A telephone? What is that?") is such an answer.
    """
    return any(_declines(clause, question) for clause in clauses(answer))


def _declines(clause: str, question: str) -> bool:
    found = words_in(clause)
    listed = any(
        next(phrases(name).found(found), None) is not None for name in ("declining", "withholding")
    )
    return listed or _unknown(found) or _asks_back(clause, question)


def _unknown(found: list[str]) -> bool:
    """Tell whether a negation stands near a word of knowing and the speaker or nobody knows."""
    denied = [at for at, word in enumerate(found) if word in words("negations")]
    known = [at for at, word in enumerate(found) if word in words("knowing")]
    return any(0 < abs(k - d) <= LONGEST for d in denied for k in known)


def _asks_back(clause: str, question: str) -> bool:
    echo = " ".join(words_in(question)) in " ".join(words_in(clause))
    return clause.endswith("?") and not echo and bool(telling(question) & telling(clause))
