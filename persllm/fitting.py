"""What answers a cue best: texts that lie near it are weighed by their sentences and words too.

The vector of a paragraph blurs what one of its sentences says, and vectors hardly tell names and
years apart. So the few nearest texts are weighed again, and each is told from the sentence that
answers: what was found stands first, where a small model looks for it, and nothing is lost. The
weights were chosen on questions to invented people (docs/decisions.md, 84).
"""

import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.sentences import sentences
from persllm.words import stems

Each = TypeVar("Each")
SENTENCE_SHARE = 0.5
"""How much the nearest sentence of a text counts beside the whole of it."""
WORDS_WEIGHT = 0.1
"""What a text gains that shares as many telling words with the cue as any."""
SENTENCE_WORDS_WEIGHT = 0.05
"""What a sentence gains for a shared word, times how telling it is."""
MARGIN = 0.1
"""What fits worse than the best by more does not come to mind beside it."""
FLOOR = 0.3
"""What fits worse does not come to mind at all. Nothing comes up then for half of the questions
that have nothing to do with a persona, and for 2 % of those that its texts answer."""
KEPT = 10_000
"""Vectors of so many sentences are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A text that may answer."""

    text: str
    likeness: float
    """Cosine of its vector and the cue's."""
    before: str = ""
    """What it answered, where it is part of an exchange."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a text answers, and how it is told then."""

    fitness: float
    """From -1 to 1.1; the higher the better."""
    told: str
    """The text from the sentence that answers best; what stood before that comes last."""


def by_fitness(texts: Sequence[Each], fits: Sequence[Fit]) -> list[tuple[Each, Fit]]:
    """Return texts with how well each answers, the best first."""
    return sorted(zip(texts, fits, strict=True), key=lambda pair: -pair[1].fitness)


def comes_to_mind(fitness: float, best: float) -> bool:
    """Tell whether a text fits well enough, also beside the best one."""
    return fitness >= max(FLOOR, best - MARGIN)


class Fitting:
    """Weighs texts that lie near a cue; the vectors of their sentences are kept.

    Args:
        embeddings: Those that the cues' vectors are made with.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._kept: dict[str, Vectors] = {}

    def weigh(self, cue: str, vector: Vectors, texts: Sequence[Near]) -> list[Fit]:
        """Return how well each text answers, in their order.

        Args:
            cue: What was said or asked.
            vector: Of the cue, (dimensions,).
            texts: The nearest few; words that many of them share tell little.
        """
        split = [sentences(near.text) or [near.text] for near in texts]
        vectors = self._vectors([line for lines in split for line in lines])
        heard = [stems(f"{near.before} {near.text}") for near in texts]
        telling = _telling(stems(cue), heard)
        shared = [_shared(words, telling) for words in heard]
        most = max(shared, default=0.0) or 1.0
        fits = []
        for near, lines, words in zip(texts, split, shared, strict=True):
            alike = [float(vectors[line] @ vector) for line in lines]
            weighed = [
                each + SENTENCE_WORDS_WEIGHT * _shared(stems(line), telling)
                for each, line in zip(alike, lines, strict=True)
            ]
            first = weighed.index(max(weighed))
            by_vectors = (1 - SENTENCE_SHARE) * near.likeness + SENTENCE_SHARE * max(alike)
            told = " ".join((*lines[first:], *lines[:first]))
            fits.append(Fit(by_vectors + WORDS_WEIGHT * words / most, told if first else near.text))
        return fits

    def _vectors(self, lines: Sequence[str]) -> dict[str, Vectors]:
        if len(self._kept) > KEPT:
            self._kept = {}
        kept = self._kept
        new = [line for line in dict.fromkeys(lines) if line not in kept]
        if new:  # embeddings may be a server's
            kept.update(zip(new, embed(self._embeddings, new), strict=True))
        return kept


def _telling(asked: Set[str], texts: Sequence[Set[str]]) -> dict[str, float]:
    """Return the words of a cue that stand in some of the texts; the fewer, the more they tell."""
    found = Counter(word for words in texts for word in words & asked)
    return {word: math.log((len(texts) + 1) / (count + 0.5)) for word, count in found.items()}


def _shared(words: Set[str], telling: dict[str, float]) -> float:
    # Exact whatever the order of the set, so that every process finds the same.
    return math.fsum(telling[word] for word in words & telling.keys())
