"""What judged answers come to: a row a system, with intervals, and who agrees with whom.

Intervals are bootstraps over items, since answers of several systems to one item and repeats of
one verdict are no independent cases. A win is a better
rank than another system's for the same item and repeat, a tie half a win.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, pstdev

from persllm.training.evaluation.figures import Figure, figure_of
from persllm.training.evaluation.judging.agreement import kendall, krippendorff, spearman
from persllm.training.evaluation.judging.prompts import RUBRICS
from persllm.training.evaluation.judging.tasks import Judged


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two lists of marks of the same answers agree."""

    spearman: float | None
    kendall: float | None
    alpha: float | None
    """Krippendorff's, ordinal; between two judges only."""
    answers: int


@dataclass(frozen=True, slots=True)
class SystemRow:
    """What one system reached with one judge."""

    system: str
    figures: dict[str, Figure]
    """By name: "knowledge" and "attitude" (0 to 5), "mean rank", "win rate", and the rubrics."""


def system_rows(rows: Sequence[Judged], *, seed: int = 1) -> list[SystemRow]:
    """Return the figures of each system, in the order in which systems first occur."""
    wins = _wins(rows)
    found = []
    for system in dict.fromkeys(row.answer.system for row in rows):
        own = [row for row in rows if row.answer.system == system]
        values: dict[str, list[float]] = {
            kind: _means([row.accuracy for row in own if row.type == kind])
            for kind in ("knowledge", "attitude")
        }
        values["mean rank"] = _means([row.ranks for row in own])
        values["win rate"] = [
            wins[key] for row in own if (key := (system, row.answer.item)) in wins
        ]
        for name in RUBRICS:
            values[name] = _means([row.rubrics.get(name, []) for row in own])
        figures = {name: figure_of(each, seed=seed) for name, each in values.items() if each}
        found.append(SystemRow(system, figures))
    return found


def noise(rows: Sequence[Judged]) -> float | None:
    """Return the mean standard deviation of the repeats of an accuracy mark, or None without."""
    repeated = [[m for m in row.accuracy if m is not None] for row in rows]
    spreads = [pstdev(marks) for marks in repeated if len(marks) > 1]
    return mean(spreads) if spreads else None


def item_types(rows: Sequence[Judged]) -> dict[str, int]:
    """Return how many items are of each type."""
    types = {row.answer.item: row.type or "not told" for row in rows}
    return dict(Counter(types.values()))


def agreement_with_measures(rows: Sequence[Judged]) -> Agreement:
    """Compare accuracy marks with whether the measure without a judge found an answer right."""
    both = [
        (accuracy, float(row.answer.right))
        for row in rows
        if row.answer.right is not None and (accuracy := _mean(row.accuracy)) is not None
    ]
    return agreement([a for a, _ in both], [b for _, b in both])


def agreement_of_judges(one: Sequence[Judged], two: Sequence[Judged]) -> Agreement:
    """Compare two judges' accuracy marks of the same answers."""
    second = {(row.answer.system, row.answer.item): _mean(row.accuracy) for row in two}
    pairs = [
        (mark, other)
        for row in one
        if (mark := _mean(row.accuracy)) is not None
        and (other := second.get((row.answer.system, row.answer.item))) is not None
    ]
    found = agreement([a for a, _ in pairs], [b for _, b in pairs])
    units = [{"one": round(a), "two": round(b)} for a, b in pairs]
    alpha = krippendorff(units, level="ordinal")
    return Agreement(found.spearman, found.kendall, alpha, len(pairs))


def agreement(one: Sequence[float], two: Sequence[float]) -> Agreement:
    """Return the rank correlations of two score lists of the same answers."""
    return Agreement(spearman(one, two), kendall(one, two), None, len(one))


def _wins(rows: Sequence[Judged]) -> dict[tuple[str, str], float]:
    """Return by system and item the share of others that it beat, a tie counting half."""
    by_item: dict[str, list[Judged]] = {}
    for row in rows:
        by_item.setdefault(row.answer.item, []).append(row)
    found = {}
    for item, group in by_item.items():
        for row in group:
            scores = [
                (own < other) + 0.5 * (own == other)
                for rival in group
                if rival is not row
                for own, other in zip(row.ranks, rival.ranks, strict=False)
                if own is not None and other is not None
            ]
            if scores:
                found[row.answer.system, item] = mean(scores)
    return found


def _means(marks: Sequence[Sequence[int | None]]) -> list[float]:
    return [value for each in marks if (value := _mean(each)) is not None]


def _mean(marks: Sequence[int | None]) -> float | None:
    given = [mark for mark in marks if mark is not None]
    return mean(given) if given else None
