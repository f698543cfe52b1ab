"""Thirty plain things that visitors say, as conversations: read by rule, and shown to be read.

The talks of `visitors.yaml` are held at the first stage, where a chat begins. No rule tells a good
reply from a dull one; the rules find what no visitor should meet, and the report lists every reply.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from persllm.persona import Persona
from persllm.training.data.items import Item
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.form import Rule
from persllm.training.evaluation.reading.form import in_third_person, repeats
from persllm.training.evaluation.systems import System
from persllm.training.evaluation.talks import Talk, speak

FILE = Path(__file__).parent / "visitors.yaml"


@dataclass(frozen=True, slots=True)
class Visit:
    """One thing that a visitor said, and what was answered."""

    about: str
    stage: str
    said: str
    answer: str
    faults: tuple[str, ...]
    """Measures of form that it fails."""


def visitor_lines(persona: Persona, items: Sequence[Item]) -> dict[str, tuple[str, ...]]:
    """Return the visitors' lines by conversation, with the persona's own questions in place."""
    own = _own_questions(persona, items)
    return {
        talk["about"]: tuple(_line(turn, own) for turn in talk["turns"])
        for talk in _conversations()
    }


def visit(
    system: System, persona: Persona, items: Sequence[Item], rules: Mapping[str, Rule]
) -> tuple[list[Case], list[Visit]]:
    """Hold the visitors' conversations side by side; return cases and what was said.

    Args:
        system: Who answers.
        persona: As whom.
        items: Held-out items.
        rules: What finds a fault in a single answer, by name.
    """
    lines = visitor_lines(persona, items)
    talks = [Talk(persona.stages[0].id, about) for about in lines]
    for turn in zip(*lines.values(), strict=True):
        speak(system, talks, turn)
    visits = list(_read(talks, lines, persona, rules))
    return [case for number, each in enumerate(visits) for case in _cases(number, each)], visits


def _read(
    talks: Sequence[Talk],
    lines: Mapping[str, Sequence[str]],
    persona: Persona,
    rules: Mapping[str, Rule],
) -> Iterator[Visit]:
    earlier: list[str] = []
    for talk in talks:
        for said, answer in zip(lines[talk.name], talk.said, strict=True):
            faults = [name for name, rule in rules.items() if rule(answer)]
            if repeats(answer, earlier):
                faults.append("repeats")
            if in_third_person(answer, persona.name):
                faults.append("third_person")
            earlier.append(answer)
            yield Visit(talk.name, talk.stage, said, answer, tuple(faults))


def _cases(number: int, each: Visit) -> Iterator[Case]:
    values = {
        "sound": not each.faults,
        "repeats": "repeats" in each.faults,
        "third_person": "third_person" in each.faults,
    }
    for measure, value in values.items():
        yield Case(
            measure=measure,
            id=f"{number + 1:02} {each.about}",
            value=float(value),
            stage=each.stage,
            question=each.said,
            answer=each.answer,
        )


def _own_questions(persona: Persona, items: Sequence[Item]) -> dict[str, str]:
    """Return what stands in for the names in braces."""
    first, later = persona.stages[0].id, {stage.id for stage in persona.stages[1:]}
    here = [item for item in items if item.stage == first]
    facts = [i.question for i in here if i.pattern == "ordinary" and i.kind == "knowledge"]
    found = {
        "fact": facts[:1],
        "other_fact": facts[1:2],
        "claim": [i.question for i in here if i.pattern == "misleading"],
        "true": [i.question for i in here if i.pattern == "true-premise"],
        "opinion": [i.question for i in here if i.pattern == "opinion"],
        "later": [i.question for i in items if i.stage in later and i.pattern == "ordinary"],
    }
    return {name: texts[0] for name, texts in found.items() if texts}


def _line(turn: Mapping[str, str], own: Mapping[str, str]) -> str:
    said = turn["say"]
    name = said.strip("{}")
    return said if name == said else own.get(name, turn["otherwise"])


@cache
def _conversations() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
    return loaded
