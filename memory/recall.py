"""What comes up for a turn: one way for chat, debates, training items, retrievers and evaluation.

A query is made from the turn and what was said before it; what a store finds near is ranked; what
passes the threshold of the embedding is chosen within budgets, facts and views apart (METHOD 2.4),
what a visitor told apart from the persona's own life.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.base_profile import BaseProfile
from persllm.embeddings import Vectors, embed, embeddings_name
from persllm.memory.asking import Asked, asked_of, nearness, newest, still_so
from persllm.memory.dates import dated
from persllm.memory.reranking import (
    Candidate,
    Query,
    Rank,
    Reranker,
    around_sentence,
    from_sentence,
)
from persllm.memory.store import EVERYONE, Found, Memory, MemoryStore
from persllm.messages import Message, Notes
from persllm.sentences import sentences
from persllm.tables import table

CONTEXT_TURNS = 2
"""So many turns before the one to answer are its context."""
CONTEXT_CHARACTERS = 600
"""Of each of them at most so much, the end of it."""
NEAREST = 16
"""So many are found and ranked, where few are wanted."""
WIDER = 4
"""And so many times more than wanted, where many are."""
OUTGROWN = 0.15
"""Taken off the relevance of what was said or written at an earlier stage: the facts of a life
stay, but a mind changes."""
SUBJECTIVE = "subjective"
VIEW = 0.3
"""What a view gains in a debate: facts take no side."""
SMALL_TALK_WORDS = 16
"""A longer turn says something; and the pattern tries every way to read a turn."""
OWN_LIFE = 0.35
"""So much above the floor comes up of the persona's life where a visitor asks of himself: a brother
of the persona's does no good where he asks for his own."""
NEAR = 0.45
"""A note that tells at least so much of what a visitor asks of himself is looked at; `nearness`."""
ASKED_WEIGHT = 0.5
"""What a note gains that tells all of what he asks, and of nothing else."""
VISITOR_LINES = 5
"""Most things that a visitor told which come up for a turn."""
KEPT_QUERIES = 1024
"""Vectors of so many queries are kept: an evaluation asks one of several systems."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Below what relevance nothing comes up; it belongs to the embedding."""

    floor: float
    """What is less relevant never comes up."""
    margin: float
    """Nor what is less relevant than the best by more."""

    def passes(self, relevance: float, best: float) -> bool:
        """Tell whether a candidate is relevant enough, also beside the best one."""
        return relevance >= max(self.floor, best - self.margin)


OF_HIMSELF, BESIDE = Threshold(0.0, 0.5), Threshold(0.05, 0.35)
"""How much above the floor a note must be that he asks for, or that comes up beside what he says,
and how much below the best. Chosen on benchmarks/remembering.py."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory that came up."""

    memory: Memory
    similarity: float
    """Cosine of its vector and the turn's, from -1 to 1."""
    relevance: float
    """How well it answers, less where it is outgrown; see `persllm.memory.reranking`."""
    answer: str
    """The sentence of it that answers best."""
    prompt_text: str
    """Its text as the prompt tells it."""


def notes_of(recalled: Sequence[Recalled]) -> Notes:
    """Return what the prompt tells of what came up."""
    return Notes(
        tuple(each.prompt_text for each in recalled if each.memory.kind != "episode"),
        tuple(each.prompt_text for each in recalled if each.memory.kind == "episode"),
    )


def query_of(history: Sequence[Message]) -> Query | None:
    """Return what memories are sought by for the last turn, None for a mere greeting.

    Greetings, thanks, and questions who one is have nothing to seek: the header answers them.
    """
    *before, last = history
    if is_small_talk(last.content):
        return None
    context = [message.content[-CONTEXT_CHARACTERS:] for message in before[-CONTEXT_TURNS:]]
    return Query(last.content, " ".join((*context, last.content)) if context else "")


def is_small_talk(turn: str) -> bool:
    """Tell whether a turn is nothing but greetings, thanks or a question who one is."""
    words = re.sub(r"[^\w' ]+", " ", turn.lower().replace("\u2019", "'")).split()
    if len(words) > SMALL_TALK_WORDS:
        return False
    phrases, whole = _small_talk()
    said = " ".join(words)
    return bool(whole.fullmatch(said) and phrases.search(said))


def threshold_of(embeddings: str) -> Threshold:
    """Return the threshold measured for an embedding; nothing is held back of unknown ones."""
    known = table("persllm.memory.thresholds").get(embeddings, {"floor": -1.0, "margin": 3.0})
    return Threshold(float(known["floor"]), float(known["margin"]))


class Recall:
    """Chooses what comes up; vectors of queries and sentences are kept.

    Args:
        embeddings: Those of the memories.
        profile: Of the base that is told what came up.
    """

    def __init__(self, embeddings: Embeddings, profile: BaseProfile) -> None:
        self._profile = profile
        self._reranker = Reranker(embeddings)
        self._threshold = threshold_of(embeddings_name(embeddings))
        self._vector = lru_cache(KEPT_QUERIES)(lambda text: embed(embeddings, [text])[0])

    def recall(
        self,
        store: MemoryStore,
        query: Query,
        *,
        stage: int,
        audience: str = EVERYONE,
        without: frozenset[str] = frozenset(),
        told: Sequence[str] = (),
        forced: bool = False,
        views: bool = False,
    ) -> list[Recalled]:
        """Return what comes up, what answers best first, a visitor's own words last.

        Args:
            store: Of the persona.
            query: What is sought.
            stage: Place of the stage that speaks among the persona's stages.
            audience: Who listens.
            without: Ids that are left out.
            told: What the prompt tells already; what it holds does not come up again.
            forced: Something comes up however little it has to do with the query.
            views: What the persona thinks comes before what it knows.
        """
        asked = asked_of(query.turn)
        count = max(NEAREST, WIDER * self._profile.passages) + len(told)
        if asked.kind == "himself" and audience != EVERYONE:
            count *= WIDER  # a life full of dogs lies near to a question about his own
        found = store.find(
            self.vector(query), stage=stage, count=count, audience=audience, without=without
        )
        if audience != EVERYONE:
            heard = [each for each in store.episodes(audience) if each.stage <= stage]
            out = without.union(each.memory.id for each in found)
            found += self._told(asked, [each for each in heard if each.id not in out])
        return self.choose(query, found, stage=stage, told=told, forced=forced, views=views)

    def search(
        self,
        store: MemoryStore,
        text: str,
        *,
        stage: int,
        count: int,
        audience: str = EVERYONE,
        without: frozenset[str] = frozenset(),
    ) -> list[Recalled]:
        """Return what answers a text best, whatever the threshold and the budgets."""
        query = Query(text)
        found = store.find(
            self.vector(query),
            stage=stage,
            count=max(NEAREST, WIDER * count) if count else 0,
            audience=audience,
            without=without,
        )
        return self.rank(query, found, stage=stage)[:count]

    def vector(self, query: Query) -> Vectors:
        """Return the vector that a query is sought by, (dimensions,), of unit length."""
        blend = sum(share * self._vector(text) for text, share in query.texts)
        return np.asarray(blend / max(float(np.linalg.norm(blend)), 1e-12), dtype=np.float32)

    def rank(self, query: Query, found: Sequence[Found], *, stage: int) -> list[Recalled]:
        """Return all that was found, what answers best first."""
        found = [each for each in found if not each.memory.superseded_by]
        vectors = [self._vector(text) for text, _ in query.texts]
        texts = [
            Candidate(text=each.memory.text, vector=each.vector, before=each.memory.cue)
            for each in found
        ]
        ranks = self._reranker.rerank(query, vectors, texts)
        ranked = [
            self._recalled(each, rank, float(each.vector @ vectors[0]), stage)
            for each, rank in zip(found, ranks, strict=True)
        ]
        return sorted(ranked, key=lambda each: -each.relevance)

    def choose(
        self,
        query: Query,
        found: Sequence[Found],
        *,
        stage: int,
        told: Sequence[str] = (),
        forced: bool = False,
        views: bool = False,
    ) -> list[Recalled]:
        """Return what comes up of what was found."""
        ranked = [
            each
            for each in self.rank(query, found, stage=stage)
            if not any(each.answer in text for text in told)
        ]
        if views:
            ranked.sort(key=lambda each: -each.relevance - VIEW * (each.memory.kind == SUBJECTIVE))
        life = [each for each in ranked if each.memory.kind != "episode"]
        visitor = [each for each in ranked if each.memory.kind == "episode"]
        asked = asked_of(query.turn)
        relevant = self._relevant(life if asked.kind == "nothing" else self._above(life, OWN_LIFE))
        chosen = self._within_budget(relevant) or (life[:1] if forced else [])
        lines = self._of_visitor(asked, visitor)[:VISITOR_LINES]
        told_when = (replace(each, prompt_text=dated(each.memory, query.turn)) for each in lines)
        return [*chosen, *told_when]

    def _told(self, asked: Asked, heard: Sequence[Memory]) -> list[Found]:
        """Return what a visitor told that may answer, beside what was found by its vector."""
        live = [memory for memory in heard if not memory.superseded_by]
        if asked.kind in ("everything", "last"):
            chosen = newest(live, VISITOR_LINES, name_first=asked.kind == "everything")
        else:
            scored = [(nearness(asked, memory), memory) for memory in live]
            near = sorted(scored, key=lambda pair: -pair[0])[:NEAREST]
            chosen = [memory for score, memory in near if score >= NEAR]
        return [Found(memory, self._vector(memory.heard)) for memory in chosen]

    def _of_visitor(self, asked: Asked, ranked: Sequence[Recalled]) -> list[Recalled]:
        """Return what comes up of what a visitor told, what answers best first."""
        by_id = {each.memory.id: each for each in ranked}
        if asked.kind in ("everything", "last"):
            told = [each.memory for each in ranked]
            late = newest(told, VISITOR_LINES, name_first=asked.kind == "everything")
            return [by_id[memory.id] for memory in late]
        near = {
            id_: each.relevance + ASKED_WEIGHT * nearness(asked, each.memory)
            for id_, each in by_id.items()
        }
        more = OF_HIMSELF if asked.kind == "himself" else BESIDE
        threshold = Threshold(self._threshold.floor + more.floor, more.margin)
        best = max(near.values(), default=0.0)
        passing = [id_ for id_ in near if threshold.passes(near[id_], best)]
        ordered = [by_id[id_].memory for id_ in sorted(passing, key=lambda id_: -near[id_])]
        return [by_id[memory.id] for memory in still_so(asked, ordered[: 2 * VISITOR_LINES])]

    def _above(self, ranked: Sequence[Recalled], more: float) -> list[Recalled]:
        """Return what is relevant by so much more than the floor."""
        return [each for each in ranked if each.relevance >= self._threshold.floor + more]

    def _relevant(self, ranked: Sequence[Recalled]) -> list[Recalled]:
        best = ranked[0].relevance if ranked else 0.0
        return [each for each in ranked if self._threshold.passes(each.relevance, best)]

    def _within_budget(self, ranked: Sequence[Recalled]) -> list[Recalled]:
        """Return the best that the budgets hold; the very best comes up however long it is."""
        profile = self._profile
        left = {"objective": profile.objective_words, "subjective": profile.subjective_words}
        kept: list[Recalled] = []
        for each in ranked:
            kind, words = each.memory.kind, len(each.prompt_text.split())
            if len(kept) < profile.passages and (not kept or words <= left[kind]):
                kept.append(each)
                left[kind] -= words
        return kept

    def _recalled(self, each: Found, rank: Rank, similarity: float, stage: int) -> Recalled:
        memory, profile = each.memory, self._profile
        text, answer = memory.text, memory.text
        if memory.kind != "episode":
            answer = (sentences(text) or [text])[rank.sentence]
            if profile.annotated:
                text = from_sentence(text, rank.sentence)
            elif profile.passage_words:
                text = around_sentence(text, rank.sentence, profile.passage_words)
        relevance = rank.relevance - outgrown(memory, stage)
        return Recalled(memory, similarity, relevance, answer, text)


def outgrown(memory: Memory, stage: int) -> float:
    """Return what a memory's relevance loses at a stage: a view held once may be held no more."""
    return OUTGROWN if memory.kind == SUBJECTIVE and memory.stage < stage else 0.0


@cache
def _small_talk() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds a phrase of small talk, and what matches a turn made of nothing else."""
    data = table("persllm.memory.small_talk")
    phrases, fillers = ("|".join(data[name]) for name in ("phrases", "fillers"))
    return re.compile(rf"\b(?:{phrases})\b"), re.compile(rf"(?:(?:{phrases}|{fillers})(?: |$))*")
