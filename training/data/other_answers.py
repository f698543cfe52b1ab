"""Answers to a question from elsewhere: what another stage or another persona says to it.

An answer counts where what it answers is known to be the same question: an exchange with the same
question, a paragraph that the rules would ask the same of, or a sentence that speaks of all that
the question asks about and tells what it asks for (a person for "who", a year for "when"). Where
nothing does, there is none.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.materials import Material
from persllm.sentences import sentences
from persllm.training.data import grammar, questions
from persllm.training.data.claims import alike_in_length
from persllm.training.data.drafting import Library
from persllm.training.data.named_things import NUMBER, YEAR, NamedThings
from persllm.training.data.prose import plain, stands_alone
from persllm.training.data.questions import DANGLING, Questions, answering
from persllm.training.data.texts import read_words
from persllm.training.data.topics import Vocabulary

SAME_QUESTION = 0.75
"""Cosine from which two questions that speak of the same things are one."""
SHARED = 0.66
"""Share of a question's telling words that the other question must have too, and the other way."""
HELD = 0.8
"""Share of them that a sentence must hold to be an answer: of up to four all."""
NEAREST = 24
"""Candidates that are weighed, nearest first."""
PLAIN = grammar.STOP_WORDS | read_words("words", "asking")
SOMEBODY = (
    rf"(?<!^)\b[A-Z][a-z]+|\b(?:my|a|the) (?:\w+[eo]r|man|woman|friend|{'|'.join(questions.KIN)})\b"
)
AT_PLACE = r"\b(?:in|at|near|from|to|on) (?:the )?[A-Z]"
FORMS: Sequence[tuple[str, str]] = (
    (r"^(?:who|whom|whose)\b|\bwho (?:was|is|were)\b", SOMEBODY),
    (r"^when\b|\b(?:what|which) year\b", YEAR.pattern),
    (r"^where\b|\b(?:what|which) (?:town|city|village|country|place)\b", AT_PLACE),
    (r"\bhow (?:many|much|old|long|far|big|tall|high)\b", rf"{NUMBER.pattern}|\d"),
    (r"^why\b|\bfor what reason\b", r"\b(?:because|for|since|so that|to)\b"),
)
WANTED = [(re.compile(asks, re.IGNORECASE), re.compile(shows)) for asks, shows in FORMS]
"""What a question asks for, and how an answer shows that it tells that."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A question that is answered somewhere, or a sentence that may answer one."""

    row: int
    asked: str
    """The question; empty for a sentence."""
    about: str
    lines: tuple[str, ...]

    @property
    def heard(self) -> str:
        return self.asked or self.lines[0]


class OtherAnswers:
    """Answers of one stage or of other personas, found by question.

    Args:
        library: Their paragraphs.
        embeddings: Vectors of the questions.
        own_life: Whether only what tells of the speakers themselves is a wrong answer: what others
            know of the world may be right.
    """

    def __init__(self, library: Library, embeddings: Embeddings, *, own_life: bool) -> None:
        self._library = library
        self._embeddings = embeddings
        self._own_life = own_life

    def answer(
        self, question: str, about: str, right: str, vector: Vectors
    ) -> tuple[Material, str] | None:
        """Return an answer to a question and its paragraph; None where none is surely one.

        Args:
            question: What is asked.
            about: What the rules know of it; may be empty.
            right: The right answer, which the other one must resemble in length and ending.
            vector: The question's.
        """
        telling = _telling(question)
        if not self._candidates or not telling:
            return None
        alike = self._vectors @ vector  # (candidates,)
        wanted = [shows for asks, shows in WANTED if asks.search(question)]
        for place in np.argsort(-alike, kind="stable")[:NEAREST]:
            candidate = self._candidates[int(place)]
            if not _same(candidate, about, telling, float(alike[place])):
                continue
            said = fitted(candidate.lines, right)
            if said and all(shows.search(said) for shows in wanted):
                return self._library.materials[candidate.row], said
        return None

    @cached_property
    def _candidates(self) -> tuple[_Candidate, ...]:
        return tuple(self._found())

    @cached_property
    def _vectors(self) -> Vectors:
        return embed(self._embeddings, [each.heard for each in self._candidates])

    def _found(self) -> Iterator[_Candidate]:
        materials = self._library.materials
        asked = Questions(NamedThings(materials), Vocabulary(materials))
        for row, material in enumerate(materials):
            lines = answering(material)
            view = material.kind == "subjective"
            if material.partner:
                whole = tuple(sentences(plain(material.text)))
                yield _Candidate(row, material.partner, "", whole)
            for each in asked.of(material, random.Random(material.id)):
                if view or not self._own_life or grammar.speaks_of_self(each.lines[0]):
                    yield _Candidate(row, each.text, each.about, each.lines)
            for place, line in enumerate(lines):
                own = grammar.speaks_of_self(line) or (view and not self._own_life)
                if stands_alone(line) and not DANGLING.match(line) and own:
                    yield _Candidate(row, "", "", tuple(lines[place:]))


def fitted(lines: Sequence[str], right: str) -> str:
    """Return the first sentences that fit the right answer in length and ending, or nothing."""
    best = ""
    for count in range(1, len(lines) + 1):
        said = " ".join(lines[:count])
        better = not best or _apart(said, right) < _apart(best, right)
        if fits(right, said) and better:
            best = said
    return best


def fits(right: str, wrong: str) -> bool:
    """Tell whether neither length nor ending gives a wrong answer away."""
    return wrong != right and alike_in_length(right, wrong) and _ending(right) == _ending(wrong)


def _same(candidate: _Candidate, about: str, telling: frozenset[str], likeness: float) -> bool:
    """Tell whether a candidate answers the question that these words tell."""
    if candidate.asked:
        if about and candidate.about:
            return about == candidate.about
        theirs = _telling(candidate.asked)
        shared = len(telling & theirs)
        return likeness >= SAME_QUESTION and shared >= SHARED * max(len(telling), len(theirs))
    held = _telling(candidate.lines[0])
    return len(telling) > 1 and len(telling & held) >= HELD * len(telling)


def _telling(text: str) -> frozenset[str]:
    """Return the words of a text that tell what it is about."""
    words = (word.lower() for word in re.findall(r"[^\W_]+(?:-[^\W_]+)*", text))
    return frozenset(
        word.removesuffix("s") for word in words if len(word) > 2 and word not in PLAIN
    )


def _apart(one: str, other: str) -> int:
    return abs(len(one.split()) - len(other.split()))


def _ending(text: str) -> str:
    return re.sub(r"[\"'\u201d\u2019)\]]+$", "", text.strip())[-1:]
