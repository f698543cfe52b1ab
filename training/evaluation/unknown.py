"""Asked what nothing tells: does the persona say that it does not know?

The questions of `unknown.yaml` have answers that no materials hold, so whoever answers makes them
up; items of the pattern `unknown` are asked too. Who declines everything knows nothing of what it
knows: beside each question a known fact of the same stage is asked, and where that is declined too
the case is wrong.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from persllm.materials import Material
from persllm.persona import Persona
from persllm.training.data.facts import find_facts
from persllm.training.data.items import Item
from persllm.training.evaluation.answers import AnswerReader
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.systems import Outcome, Question

FILE = Path(__file__).parent / "unknown.yaml"
INVENTED = ("name", "place", "year")


def unknown_part(
    persona: Persona,
    items: Sequence[Item],
    materials: Sequence[Material],
    reader: AnswerReader,
    *,
    most: int,
) -> Part:
    """Return the part that asks each stage up to `most` things that nothing tells."""
    known = " ".join([persona.name, persona.summary, *(m.text for m in materials)])
    rows: list[tuple[Question, Item | None]] = []
    for stage in persona.stages:
        own = [i for i in items if i.stage == stage.id]
        facts = [i for i in own if reader.measure_of(i) == "knowledge"][:most]
        texts = [i.question for i in own if i.pattern == "unknown"] + untold(known)
        for at, text in enumerate(texts[:most]):
            beside = facts[at % len(facts)] if facts else None
            rows.append((Question(stage=stage.id, text=text), beside))

    def judged(outcome: Outcome) -> list[Case]:
        return [_case(question, beside, outcome, known, reader) for question, beside in rows]

    asked = [question for question, _ in rows]
    asked += [_fact(beside) for _, beside in rows if beside]
    return Part(name="unknown", questions=tuple(asked), cases=judged)


def untold(known: str) -> list[str]:
    """Return the questions whose telling words a persona's texts do not hold."""
    texts = known.lower()
    return [
        row["ask"]
        for row in _rows()
        if not any(re.search(rf"\b{re.escape(word.lower())}\b", texts) for word in row["told_by"])
    ]


def invents(answer: str, question: str, known: str) -> bool:
    """Tell whether an answer holds a name, a place or a year that nobody told."""
    told = f"{known} {question}"
    return any(fact.kind in INVENTED and fact.text not in told for fact in find_facts(answer))


def _case(
    question: Question, beside: Item | None, outcome: Outcome, known: str, reader: AnswerReader
) -> Case:
    answer = outcome.answers[question]
    right = reader.declines(answer, question.text) and not invents(answer, question.text, known)
    if beside and reader.declines_known(beside, outcome.answers[_fact(beside)]):
        right = False
    return Case(
        measure="unknown",
        id=f"{question.stage}/{question.text}",
        value=float(right),
        stage=question.stage,
        question=question.text,
        answer=answer,
        reference="(nothing tells)",
    )


def _fact(item: Item) -> Question:
    return Question(stage=item.stage, text=item.question)


@cache
def _rows() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded
