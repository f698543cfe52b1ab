"""The fixed forms in which a small model thinks before it answers.

Knows the eight sentences and how a user's words are shortened to fit them. It does not know which
form an item needs: that is decided where the item is made (training.data and the makers of lives).
"""

import re

from persllm.sentences import sentences
from persllm.words import unsaid

ASKED = "They ask: {question} I recall: {sentence}"
WRONG = "They {verb}: {claim} I recall: {sentence} Not there: {said}. That is not so."
RIGHT = "They say: {claim} I recall: {sentence} Not there: nothing. That is so."
UNKNOWN = "They {verb}: {question} I recall nothing of it."
LATER = "They {verb}: {question} They speak of {year}. It is only {now}."
DIFFER = "They hold: {claim} I hold: {sentence} I do not agree."
HOLD = "They hold: {claim} I hold: {sentence}"

MOST_WORDS = 20
QUESTION = re.compile(r"(?:\w+ )?(?:what|why|who|whom|whose|which|when|where|how)\b.*\?$", re.I)
"""A sentence that asks for something, whatever it takes for granted."""


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, with its full stop."""
    return next(iter(sentences(text)), "")


def shortened(text: str) -> str:
    """Return the first sentence of a text, cut after `MOST_WORDS` words."""
    sentence = first_sentence(text)
    words = sentence.split(" ")
    if len(words) <= MOST_WORDS:
        return sentence
    return " ".join(words[:MOST_WORDS]).rstrip(",;:-") + " ..."


def asked(question: str, recalled: str) -> str:
    """Return the analysis of a question that a recalled text answers."""
    return ASKED.format(question=shortened(question), sentence=first_sentence(recalled))


def wrong(claim: str, recalled: str, *, said: str) -> str:
    """Return the analysis of a claim that a recalled text contradicts.

    What differs stands right before the verdict and is one of the words that the prompt names as
    not said in what is recalled: a small model copies a word, but cannot compare two sentences.
    """
    return WRONG.format(
        verb=_verb(claim, claim=True),
        claim=shortened(claim),
        sentence=first_sentence(recalled),
        said=next(iter(unsaid(said, [recalled]) or ()), said),
    )


def right(claim: str, recalled: str) -> str:
    """Return the analysis of a claim that a recalled text bears out.

    One that comes in a question ("Why did you leave Graz?") is answered like any question.
    """
    if is_question(claim):
        return asked(claim, recalled)
    return RIGHT.format(claim=shortened(claim), sentence=first_sentence(recalled))


def verdict(claim: str, recalled: str, *, said: str, holds: bool) -> str:
    """Return the analysis that ends in this verdict, be it deserved or not."""
    return right(claim, recalled) if holds else wrong(claim, recalled, said=said)


def unknown(question: str, *, claim: bool = False) -> str:
    """Return the analysis of a question or claim that nothing recalled answers."""
    return UNKNOWN.format(verb=_verb(question, claim=claim), question=shortened(question))


def later(question: str, year: int, now: int, *, claim: bool = False) -> str:
    """Return the analysis of a question or claim about a year that the speaker has not seen."""
    verb = _verb(question, claim=claim)
    return LATER.format(verb=verb, question=shortened(question), year=year, now=now)


def is_question(turn: str) -> bool:
    """Tell whether a turn asks for something, also where it takes something for granted."""
    return QUESTION.match(first_sentence(turn)) is not None


def _verb(turn: str, *, claim: bool) -> str:
    """Return how the user turn is named: by its form, not by what will be found of it."""
    return "say" if claim and not is_question(turn) else "ask"


def differ(claim: str, recalled: str) -> str:
    """Return the analysis of an opponent's opinion in a debate: it is opposed whatever it is."""
    return DIFFER.format(claim=shortened(claim), sentence=first_sentence(recalled))


def hold(claim: str, recalled: str) -> str:
    """Return the analysis of an opinion beside the speaker's own one, without a verdict.

    Whether two sentences agree is more than a small model can tell; its own view it can say.
    """
    return HOLD.format(claim=shortened(claim), sentence=first_sentence(recalled))
