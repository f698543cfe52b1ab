"""Which of the nearest texts answers best: their sentences and rare words are looked at too.

The vector of a paragraph blurs what one of its sentences says, and vectors hardly tell names and
years apart. So the few nearest texts are ranked again. A turn is read with what was said before it:
"Why?" means nothing alone. The weights were chosen on the sources that hand-written conversations
name (docs/decisions.md, 84 and 92).
"""

import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.sentences import count_words, joined, sentences
from persllm.words import stems

Each = TypeVar("Each")
SENTENCE_SHARE = 0.5
"""How much the nearest sentence of a text counts beside the whole of it."""
WORDS_WEIGHT = 0.1
"""What a text gains that shares as many telling words with the query as any."""
SENTENCE_WORDS_WEIGHT = 0.05
"""What a sentence gains for a shared word, times how telling it is."""
CONTEXT_SHARE = 0.35
"""How much a turn counts together with what was said before it, beside the turn alone."""
KEPT = 10_000
"""Vectors of so many sentences are kept."""


@dataclass(frozen=True, slots=True)
class Query:
    """What memories are sought by."""

    turn: str
    """What was said."""
    context: str = ""
    """What was said just before, with the turn; empty where the turn opens a conversation."""

    @property
    def texts(self) -> tuple[tuple[str, float], ...]:
        """Each text that is looked for, and how much it counts."""
        if not self.context:
            return ((self.turn, 1.0),)
        return ((self.turn, 1 - CONTEXT_SHARE), (self.context, CONTEXT_SHARE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A text that may answer."""

    text: str
    vector: Vectors
    """Of the whole text, (dimensions,)."""
    before: str = ""
    """What it answered, where it is part of an exchange."""


@dataclass(frozen=True, slots=True)
class Rank:
    """How well a text answers."""

    relevance: float
    """From -1 to 1.1; the higher the better."""
    sentence: int
    """Place of the sentence that answers best."""


def by_relevance(texts: Sequence[Each], ranks: Sequence[Rank]) -> list[tuple[Each, Rank]]:
    """Return texts with how well each answers, the best first."""
    return sorted(zip(texts, ranks, strict=True), key=lambda pair: -pair[1].relevance)


def from_sentence(text: str, place: int) -> str:
    """Return a text told from one of its sentences on; what stood before that comes last."""
    lines = sentences(text)
    return joined((*lines[place:], *lines[:place])) if 0 < place < len(lines) else text


def around_sentence(text: str, place: int, words: int) -> str:
    """Return one of a text's sentences with those beside it, as long as they hold so many words.

    What follows comes in before what precedes; the sentence itself is whole however long it is.
    """
    lines = sentences(text)
    lengths = [count_words(line) for line in lines]
    first, end = place, place + 1
    room = words - sum(lengths[first:end])
    while end < len(lines) and lengths[end] <= room:
        room -= lengths[end]
        end += 1
    while first > 0 and lengths[first - 1] <= room:
        first -= 1
        room -= lengths[first]
    return joined(lines[first:end])


class Reranker:
    """Ranks texts that lie near a query; the vectors of their sentences are kept.

    Args:
        embeddings: Those that the queries' vectors are made with.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._kept: dict[str, Vectors] = {}

    def rerank(
        self, query: Query, vectors: Sequence[Vectors], texts: Sequence[Candidate]
    ) -> list[Rank]:
        """Return how well each text answers, in their order.

        Args:
            query: What was said or asked.
            vectors: Of the query's texts, (dimensions,) each.
            texts: The nearest few; words that many of them share tell little.
        """
        split = [sentences(each.text) or [each.text] for each in texts]
        known = self._vectors([line for lines in split for line in lines])
        heard = [stems(f"{each.before} {each.text}") for each in texts]
        views = [
            (share, _Asked(text, vector, heard))
            for (text, share), vector in zip(query.texts, vectors, strict=True)
        ]
        ranks = []
        for at, (each, lines) in enumerate(zip(texts, split, strict=True)):
            rows = [known[line] for line in lines]
            relevance = math.fsum(share * asked.relevance(at, each, rows) for share, asked in views)
            ranks.append(Rank(relevance, views[0][1].sentence(lines, rows)))
        return ranks

    def _vectors(self, lines: Sequence[str]) -> dict[str, Vectors]:
        if len(self._kept) > KEPT:
            self._kept = {}
        kept = self._kept
        new = [line for line in dict.fromkeys(lines) if line not in kept]
        if new:  # embeddings may be a server's
            kept.update(zip(new, embed(self._embeddings, new), strict=True))
        return kept


class _Asked:
    """One text of a query beside the candidates."""

    def __init__(self, text: str, vector: Vectors, heard: Sequence[Set[str]]) -> None:
        self._vector = vector
        self._telling = _telling(stems(text), heard)
        self._shared = [_shared(words, self._telling) for words in heard]
        self._most = max(self._shared, default=0.0) or 1.0

    def relevance(self, at: int, each: Candidate, rows: Sequence[Vectors]) -> float:
        """Return how well the candidate at that place answers."""
        whole, best = float(each.vector @ self._vector), max(float(r @ self._vector) for r in rows)
        by_vectors = (1 - SENTENCE_SHARE) * whole + SENTENCE_SHARE * best
        return by_vectors + WORDS_WEIGHT * self._shared[at] / self._most

    def sentence(self, lines: Sequence[str], rows: Sequence[Vectors]) -> int:
        """Return which sentence answers best."""
        weighed = [
            float(row @ self._vector) + SENTENCE_WORDS_WEIGHT * _shared(stems(line), self._telling)
            for row, line in zip(rows, lines, strict=True)
        ]
        return weighed.index(max(weighed))


def _telling(asked: Set[str], texts: Sequence[Set[str]]) -> dict[str, float]:
    """Return a query's words that some of the texts hold; the fewer hold one, the more it tells."""
    found = Counter(word for words in texts for word in words & asked)
    return {word: math.log((len(texts) + 1) / (count + 0.5)) for word, count in found.items()}


def _shared(words: Set[str], telling: dict[str, float]) -> float:
    # Exact whatever the order of the set, so that every process finds the same.
    return math.fsum(telling[word] for word in words & telling.keys())
