"""The inventory as an interview: an open question for each facet, the answer marked afterwards.

Ticking boxes asks a persona to talk as no person talks. Here it answers in its own words, and the
answer is marked from 1 to 5: by a judge, or without one by whether it is nearer to what somebody
high on the facet says or to what somebody low says. Each mark stands for all four statements of
the facet, so that the same scoring applies.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from persllm.engine import Engine
from persllm.messages import Message
from persllm.progress import StepProgress
from persllm.replies import parse_reply
from persllm.training.evaluation.judging.judge import Call, Judge
from persllm.training.evaluation.judging.prompts import JudgePrompts
from persllm.training.evaluation.psychometrics.expectation import Ends
from persllm.training.evaluation.psychometrics.inventory import (
    MIDDLE,
    MOST,
    Facet,
    inventory,
)
from persllm.training.evaluation.psychometrics.sitting import IN_VIEW, Puts, Sitting


@dataclass(frozen=True, slots=True)
class InterviewAnswer:
    """One answer of an interview."""

    seed: int
    facet: Facet
    answer: str


Marks = Callable[[Sequence[InterviewAnswer]], list[float | None]]
"""Marks answers from 1 to 5, in order; None for one that cannot be marked."""


class _Mark(BaseModel):
    reason: str = ""
    score: int = Field(ge=0, le=MOST)


def interviewed(
    engine: Engine,
    put: Puts,
    seeds: Sequence[int],
    *,
    in_view: int = IN_VIEW,
    progress: StepProgress = lambda done, total: None,
) -> list[InterviewAnswer]:
    """Ask every facet's question once a seed, in the seed's order.

    Raises:
        EngineError: A question does not fit the context.
    """
    orders = {seed: _order(seed) for seed in seeds}
    said: dict[int, list[Message]] = {seed: [] for seed in seeds}
    told: list[InterviewAnswer] = []
    total = len(inventory().facets)
    for step in range(total):
        asked = {seed: Message("user", orders[seed][step].question) for seed in seeds}
        kept = {seed: said[seed][-2 * in_view :] if in_view else [] for seed in seeds}
        replies = engine.generate([put((*kept[seed], asked[seed])) for seed in seeds])
        for seed, reply in zip(seeds, replies, strict=True):
            answer = parse_reply(reply.text).response
            said[seed] += [asked[seed], Message("assistant", answer)]
            told.append(InterviewAnswer(seed, orders[seed][step], answer))
        progress(step + 1, total)
    return told


def by_interview(told: Sequence[InterviewAnswer], marks: Marks) -> list[Sitting]:
    """Return the sittings that marked answers come to; unmarked ones are counted as unread."""
    marked = list(zip(told, marks(told), strict=True))
    sittings = []
    for seed in dict.fromkeys(each.seed for each in told):
        own = [(each.facet, mark) for each, mark in marked if each.seed == seed]
        given = {facet.id: mark for facet, mark in own if mark is not None}
        answers = {
            statement.number: statement.keyed(given[statement.facet])
            for statement in inventory().statements
            if statement.facet in given
        }
        sittings.append(Sitting(seed, answers, len(own) - len(given)))
    return sittings


def marks_by_judge(judge: Judge, prompts: JudgePrompts) -> Marks:
    """Return marks that a judge gives; 0 and what cannot be read are no marks."""

    def marks(told: Sequence[InterviewAnswer]) -> list[float | None]:
        calls = [Call(_asked(each, prompts), _Mark, repeat=each.seed) for each in told]
        verdicts = judge.verdicts(calls, "interview")
        return [float(each.score) if each and each.score else None for each in verdicts]

    return marks


def marks_by_nearness(ends: Ends) -> Marks:
    """Return marks by the embedding: 1 is what one low on the facet says, 5 what one high says."""

    def marks(told: Sequence[InterviewAnswer]) -> list[float | None]:
        leanings = ends.leanings([each.answer for each in told])
        places = {facet.id: place for place, facet in enumerate(inventory().facets)}
        return [
            MIDDLE + (MOST - MIDDLE) * float(row[places[each.facet.id]])
            if each.answer.strip()
            else None
            for each, row in zip(told, leanings, strict=True)
        ]

    return marks


def _asked(told: InterviewAnswer, prompts: JudgePrompts) -> str:
    facet = told.facet
    return prompts.fill(
        "interview",
        question=facet.question,
        answer=told.answer,
        trait=facet.name,
        low=facet.low,
        high=facet.high,
    )


def _order(seed: int) -> list[Facet]:
    facets = list(inventory().facets)
    if seed:
        random.Random(seed).shuffle(facets)
    return facets
