"""Does a persona speak from its own year? Stage accuracy, what must not be told yet, declining.

*Stage accuracy*: one question is asked at two stages; the two answers fit their own stages'
paragraphs better than each other's (the nearest paragraph counts). Equal answers are wrong, so
a system that ignores the stage gets 0 and one that answers at random about a half.
*Kept*: an earlier stage tells no year after its last one and no name that only later paragraphs
hold. *Horizon*: asked what only a later stage knows, it does not tell; *declined*: it says that it
does not know.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.materials import Material
from persllm.persona import Persona, Stage
from persllm.training.data.facts import YEAR, find_facts
from persllm.training.data.items import Item
from persllm.training.evaluation.answers import NEEDED_SHARE, fact_words, words_of
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.systems import Outcome, Question

DECLINES = re.compile(
    r"\b(?:do not|don't|cannot|can not|can't|could not) (?:yet )?"
    r"(?:know|say|tell|speak|recall|remember|answer|see so far)\b|"
    r"\b(?:know|recall|remember|say|remembers?|holds) nothing\b|"
    r"\bno (?:memory|knowledge|recollection|prophet|trace)\b|\b(?:never|not) (?:yet )?heard of\b|"
    r"\b(?:has|have) not (?:yet )?(?:come|happened)\b|\bstill to come\b|\bthings to come\b|"
    r"\bit is only\b|\b(?:lies|lie) (?:after|before) (?:me|my time)\b|\bwill not guess\b|"
    r"\binvent an answer\b|\bhow should I know\b|\bwhat I do not know\b",
    re.IGNORECASE,
)


def stages_part(
    persona: Persona,
    items: Sequence[Item],
    materials: Sequence[Material],
    embeddings: Embeddings,
    *,
    most: int,
) -> Part | None:
    """Return the part that asks at other stages; None for a persona of one stage."""
    if len(persona.stages) < 2:
        return None
    where = {material.id: material.stage for material in materials}
    turned = [
        (item, other)
        for stage in persona.stages
        for item in [i for i in items if i.stage == stage.id and _own(i, where)][:most]
        for other in _beside(persona, stage)
    ]
    later = [
        (item, stage)
        for last in persona.stages[1:]
        for item in [i for i in items if i.stage == last.id and _dated(i, where)][:most]
        for stage in persona.reaches(last)[:-1]
    ]
    secrets = {stage.id: later_facts(persona, stage, materials) for stage in persona.stages}
    shelves = {
        stage.id: embed(embeddings, [m.text for m in materials if m.stage == stage.id])
        for stage in persona.stages
    }

    def judged(outcome: Outcome) -> list[Case]:
        cases = _turned_cases(turned, outcome, shelves, embeddings)
        for item, stage in later:
            question = _at(item, stage)
            cases += _later_cases(item, question, outcome.answers[question], stage)
        return cases + _kept_cases(persona, outcome, secrets)

    asked = [_at(item, stage) for item, other in turned for stage in (item.stage, other)]
    asked += [_at(item, stage) for item, stage in later]
    return Part(name="stages", questions=tuple(asked), cases=judged)


def later_facts(persona: Persona, stage: Stage, materials: Sequence[Material]) -> frozenset[str]:
    """Return the names and places that only paragraphs after a stage hold."""
    reached = {each.id for each in persona.reaches(stage)}
    known = " ".join(f"{m.text} {m.partner}" for m in materials if m.stage in reached)
    found = {
        fact.text
        for material in materials
        if material.stage not in reached
        for fact in find_facts(material.text)
        if fact.kind in ("name", "place")
    }
    return frozenset(name for name in found if name not in known)


def tells_later(answer: str, question: str, stage: Stage, secrets: frozenset[str]) -> bool:
    """Tell whether an answer holds what lies after the stage and the question did not say."""
    years = {year for year in YEAR.findall(answer) if int(year) > stage.last}
    names = {name for name in secrets if re.search(rf"\b{re.escape(name)}\b", answer)}
    return any(fact not in question for fact in years | names)


def declines(answer: str) -> bool:
    """Tell whether an answer says that the speaker does not know."""
    return bool(DECLINES.search(answer))


def _own(item: Item, where: Mapping[str, str]) -> bool:
    """Plain questions and opinions that rest on their own stage's paragraphs."""
    plain = item.pattern in ("ordinary", "thought")
    return plain and all(where.get(source) == item.stage for source in item.sources)


def _dated(item: Item, where: Mapping[str, str]) -> bool:
    return _own(item, where) and item.kind == "knowledge" and bool(fact_words(item))


def _beside(persona: Persona, stage: Stage) -> tuple[Stage, ...]:
    """Return the stage after this one, or before where it is the last."""
    place = persona.stages.index(stage)
    last = place == len(persona.stages) - 1
    return (persona.stages[place - 1 if last else place + 1],)


def _at(item: Item, stage: Stage | str) -> Question:
    return Question(stage=stage if isinstance(stage, str) else stage.id, text=item.question)


def _turned_cases(
    turned: Sequence[tuple[Item, Stage]],
    outcome: Outcome,
    shelves: Mapping[str, Vectors],
    embeddings: Embeddings,
) -> list[Case]:
    here = [outcome.answers[_at(item, item.stage)] for item, _ in turned]
    there = [outcome.answers[_at(item, other)] for item, other in turned]
    vectors = embed(embeddings, [*here, *there])  # (2 turned, dimensions)
    cases = []
    for i, (item, other) in enumerate(turned):
        own, foreign = vectors[i], vectors[len(turned) + i]
        straight = _fit(own, shelves[item.stage]) + _fit(foreign, shelves[other.id])
        crossed = _fit(own, shelves[other.id]) + _fit(foreign, shelves[item.stage])
        right = here[i] != there[i] and straight > crossed
        shown = f"{item.stage}: {here[i]} | {other.id}: {there[i]}"
        cases.append(_case(item, "stage_accuracy", right, shown, item.stage))
    return cases


def _fit(vector: Vectors, shelf: Vectors) -> float:
    return float(np.max(shelf @ vector))


def _later_cases(item: Item, question: Question, answer: str, stage: Stage) -> list[Case]:
    wanted = fact_words(item)
    told = len(wanted & words_of(answer)) >= NEEDED_SHARE * len(wanted)
    late = any(int(year) > stage.last for year in YEAR.findall(answer) if year not in question.text)
    return [
        _case(item, "horizon_kept", not told and not late, answer, stage.id),
        _case(item, "horizon_declined", declines(answer), answer, stage.id),
    ]


def _kept_cases(
    persona: Persona, outcome: Outcome, secrets: Mapping[str, frozenset[str]]
) -> list[Case]:
    """Judge every greedy single answer of the stages before the last one."""
    earlier = {stage.id: stage for stage in persona.stages[:-1]}
    return [
        Case(
            measure="stage_kept",
            id=f"{question.stage}/{question.text}",
            value=float(
                not tells_later(
                    answer, question.text, earlier[question.stage], secrets[question.stage]
                )
            ),
            stage=question.stage,
            question=question.text,
            answer=answer,
        )
        for question, answer in outcome.answers.items()
        if question.stage in earlier and question.sample is None and not question.before
    ]


def _case(item: Item, measure: str, right: bool, answer: str, stage: str) -> Case:
    return Case(
        measure=measure,
        id=f"{item.id}@{stage}",
        value=float(right),
        stage=stage,
        question=item.question,
        answer=answer,
        sources=item.sources,
    )
