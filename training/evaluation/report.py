"""The report as a value and as JSON: figures, differences, curves, best and worst answers.

Every case's value is kept beside the figures, so that two reports can be compared case by case.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from persllm.errors import DataError
from persllm.files import write_json
from persllm.training.evaluation.figures import (
    Case,
    Difference,
    Figure,
    difference,
    figure_of,
    harmonic_figure,
)
from persllm.training.evaluation.measures import MEASURES
from persllm.training.evaluation.suite import Result
from persllm.training.evaluation.visitors import Visit

ALL = "all"
SHOWN = 4
"""Best and worst answers of a persona."""


class FigureRow(BaseModel):
    """A figure as it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float
    high: float
    n: int


class DifferenceRow(BaseModel):
    """A paired difference as it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    figure: FigureRow
    apart: bool
    overlap: bool


class VisitRow(BaseModel):
    """What a visitor said and was answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    stage: str
    said: str
    answer: str
    faults: list[str]


class SystemRow(BaseModel):
    """What one system reached with one persona, or with all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    figures: dict[str, FigureRow]
    cases: dict[str, dict[str, float]]
    """Values by measure and case id."""
    curve: list[tuple[str, int, float, float | None]] = []
    """Tone, turn, voice, facts."""
    behind: dict[str, DifferenceRow] = {}
    """By measure, the leading system less this one."""
    visits: list[VisitRow] = []
    """Thirty plain things that visitors say, with the answers."""


class AnswerRow(BaseModel):
    """An answer shown for its own sake."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str
    stage: str
    question: str
    answer: str
    reference: str
    value: float
    sources: list[str]
    """Where the reference comes from: place and text."""


class PersonaRow(BaseModel):
    """One persona, or all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    systems: dict[str, SystemRow]
    best: list[AnswerRow] = []
    worst: list[AnswerRow] = []


class Report(BaseModel):
    """A finished evaluation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 2
    made: dict[str, Any]
    """Base, settings, versions: what the figures belong to."""
    leading: str
    """The system the others are compared with."""
    baseline: str = ""
    """The system without the adapter that the leading one is held against first."""
    personas: dict[str, PersonaRow]


@dataclass(frozen=True, slots=True)
class PersonaResults:
    """What is known of one persona beside the results."""

    name: str
    sources: Mapping[str, str]
    """By material id: place and text."""


def make_report(
    results: Mapping[str, Mapping[str, Result]],
    people: Mapping[str, PersonaResults],
    *,
    leading: str,
    baseline: str = "",
    made: Mapping[str, Any],
    seed: int,
) -> Report:
    """Return the report of all personas and systems; several personas are also pooled."""
    personas = {
        id_: _persona(people[id_], systems, leading, seed) for id_, systems in results.items()
    }
    if len(results) > 1:
        personas[ALL] = _persona(PersonaResults(ALL, {}), _pooled(results), leading, seed)
    return Report(made=dict(made), leading=leading, baseline=baseline, personas=personas)


def write_report_json(path: Path, report: Report) -> None:
    """Write the report."""
    write_json(path, report.model_dump(mode="json"))


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        DataError: There is none, or it cannot be read.
    """
    try:
        return Report.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error}. Name the JSON of an evaluation."
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError, ValidationError) as error:
        raise DataError(
            f"{path} is no report of an evaluation: {error}. Make one: persllm eval <persona>."
        ) from error


def _pooled(results: Mapping[str, Mapping[str, Result]]) -> dict[str, Result]:
    """Put the cases of all personas together, each under its persona's name."""
    pooled: dict[str, list[Case]] = defaultdict(list)
    for id_, systems in results.items():
        for system, result in systems.items():
            pooled[system] += [
                Case(measure=case.measure, id=f"{id_}/{case.id}", value=case.value)
                for case in result.cases
            ]
    return {system: Result(tuple(cases), (), {}) for system, cases in pooled.items()}


def _persona(
    told: PersonaResults, systems: Mapping[str, Result], leading: str, seed: int
) -> PersonaRow:
    values = {name: _values(result.cases) for name, result in systems.items()}
    lead = values.get(leading, {})
    rows = {
        name: SystemRow(
            figures=_figures(values[name], seed),
            cases=values[name],
            curve=[(p.tone, p.turn, round(p.voice, 4), p.facts) for p in result.curve],
            behind={} if name == leading else _behind(lead, values[name], seed),
            visits=[_visit(each) for each in result.visits],
        )
        for name, result in systems.items()
    }
    best, worst = _extremes(systems[leading].cases, told) if leading in systems else ([], [])
    return PersonaRow(name=told.name, systems=rows, best=best, worst=worst)


def _visit(each: Visit) -> VisitRow:
    return VisitRow(
        about=each.about,
        stage=each.stage,
        said=each.said,
        answer=each.answer,
        faults=list(each.faults),
    )


def _values(cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    values: dict[str, dict[str, float]] = {}
    for case in cases:
        values.setdefault(case.measure, {})[case.id] = round(case.value, 6)
    return {name: values[name] for name in MEASURES if name in values}


def _figures(values: Mapping[str, Mapping[str, float]], seed: int) -> dict[str, FigureRow]:
    figures = {name: figure_of(list(each.values()), seed=seed) for name, each in values.items()}
    if "corrected" in values and "accepted" in values:
        sides = [list(values[name].values()) for name in ("corrected", "accepted")]
        figures["steadiness"] = harmonic_figure(*sides, seed=seed)
    return {name: _row(figures[name]) for name in MEASURES if name in figures}


def _behind(
    lead: Mapping[str, Mapping[str, float]], own: Mapping[str, Mapping[str, float]], seed: int
) -> dict[str, DifferenceRow]:
    found = {name: difference(lead[name], own[name], seed=seed) for name in lead if name in own}
    return {name: _difference_row(each) for name, each in found.items() if each}


def _difference_row(each: Difference) -> DifferenceRow:
    return DifferenceRow(figure=_row(each.figure), apart=each.apart, overlap=each.overlap)


def _row(figure: Figure) -> FigureRow:
    return FigureRow(**{k: round(v, 4) if k != "n" else v for k, v in asdict(figure).items()})


def _extremes(
    cases: Sequence[Case], told: PersonaResults
) -> tuple[list[AnswerRow], list[AnswerRow]]:
    """Return right and wrong answers to facts and claims, nearest and farthest from the reference.

    The nearest of the right ones are best; the farthest of the wrong ones are worst.
    """
    near = {case.id: case.value for case in cases if case.measure.endswith("_rouge_l")}
    asked = [case for case in cases if MEASURES[case.measure].answered]
    asked.sort(key=lambda case: (near.get(case.id, 0.5), case.id))
    best = [case for case in reversed(asked) if case.value == 1][:SHOWN]
    worst = [case for case in asked if case.value == 0][:SHOWN]
    return [_answer(case, told) for case in best], [_answer(case, told) for case in worst]


def _answer(case: Case, told: PersonaResults) -> AnswerRow:
    return AnswerRow(
        measure=case.measure,
        stage=case.stage,
        question=case.question,
        answer=case.answer,
        reference=case.reference,
        value=case.value,
        sources=[told.sources.get(source, source) for source in case.sources],
    )
