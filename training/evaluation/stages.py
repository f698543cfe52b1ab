"""Does a persona speak from its own year? Stage accuracy, and declining what is still to come.

*Stage accuracy*: one question is asked at two stages; the two answers fit their own stages'
paragraphs better than each other's (the nearest paragraph counts). Equal answers are wrong, so
a system that ignores the stage gets 0 and one that answers at random about a half.
*Horizon*: asked what only a later stage knows, the persona says that it does not know and tells
nothing of it; asked the same at that later stage, it does not decline.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.materials import Material
from persllm.persona import Persona, Stage
from persllm.training.data.facts import YEAR
from persllm.training.data.items import Item
from persllm.training.evaluation.answers import AnswerReader
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.systems import Outcome, Question


def stages_part(
    persona: Persona,
    items: Sequence[Item],
    materials: Sequence[Material],
    reader: AnswerReader,
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
        for item in [i for i in items if i.stage == last.id and _dated(i, where, reader)][:most]
        for stage in persona.reaches(last)[:-1]
    ]
    shelves = {
        stage.id: embed(embeddings, [m.text for m in materials if m.stage == stage.id])
        for stage in persona.stages
    }

    def judged(outcome: Outcome) -> list[Case]:
        cases = _turned_cases(turned, outcome, shelves, embeddings)
        return cases + [_horizon_case(item, stage, outcome, reader) for item, stage in later]

    asked = [_at(item, stage) for item, other in turned for stage in (item.stage, other)]
    asked += [_at(item, when) for item, stage in later for when in (stage, item.stage)]
    return Part(name="stages", questions=tuple(asked), cases=judged)


def _own(item: Item, where: Mapping[str, str]) -> bool:
    """Plain questions and opinions that rest on their own stage's paragraphs."""
    plain = item.pattern in ("ordinary", "opinion")
    return plain and all(where.get(source) == item.stage for source in item.sources)


def _dated(item: Item, where: Mapping[str, str], reader: AnswerReader) -> bool:
    return _own(item, where) and item.kind == "knowledge" and bool(reader.fact_words(item))


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


def _horizon_case(item: Item, stage: Stage, outcome: Outcome, reader: AnswerReader) -> Case:
    answer, in_time = (outcome.answers[_at(item, when)] for when in (stage, item.stage))
    told = reader.tells(item, answer) or _tells_later_year(answer, item.question, stage)
    right = reader.declines(answer, item.question) and not told
    return _case(
        item,
        "horizon",
        right and not reader.declines_known(item, in_time),
        f"{stage.id}: {answer} | {item.stage}: {in_time}",
        stage.id,
    )


def _tells_later_year(answer: str, question: str, stage: Stage) -> bool:
    return any(int(year) > stage.last and year not in question for year in YEAR.findall(answer))


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
