"""From single cases to figures with intervals, and from two systems to what lies between them.

A case is one question under one measure; its id is the same for every system, so differences are
taken case by case. Intervals are 95 % percentile bootstraps over cases, seeded.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from persllm.training.evaluation.measures import find_measure

TIMES = 1000
"""Resamples of a bootstrap."""
LEVEL = 0.95
FEWEST = 5
"""Fewer cases never tell two systems apart."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What one system did in one place, as one number.

    Raises:
        ValueError: The registry has no such measure.
    """

    measure: str
    id: str
    value: float
    stage: str = ""
    question: str = ""
    answer: str = ""
    reference: str = ""
    sources: tuple[str, ...] = ()
    """Ids of the materials that the reference comes from."""

    def __post_init__(self) -> None:
        find_measure(self.measure)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often answers were right."""

    right: int
    asked: int

    @property
    def share(self) -> float:
        """Right answers of those asked; 0 where none was."""
        return self.right / self.asked if self.asked else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share (Wilson, which holds for few items too)."""
        if not self.asked:
            return 0.0, 1.0
        z2 = 1.96**2
        middle = (self.right + z2 / 2) / (self.asked + z2)
        spread = self.share * (1 - self.share) * self.asked + z2 / 4
        half = 1.96 * math.sqrt(spread) / (self.asked + z2)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One system less another, case by case."""

    figure: Figure
    apart: bool
    """Whether 0 lies outside the interval of the paired difference."""
    overlap: bool
    """Whether the two systems' own intervals overlap."""


def figure_of(values: Sequence[float], *, seed: int = 1, level: float = LEVEL) -> Figure:
    """Return mean and interval.

    A share whose cases all came out alike has no spread to resample; it gets Wilson's interval.
    """
    if not values:
        return Figure(0.0, 0.0, 0.0, 0)
    each = np.asarray(values, dtype=np.float64)  # (n,)
    mean = float(each.mean())
    if np.ptp(each) == 0 and mean in (0.0, 1.0):
        low, high = Tally(int(each.sum()), len(each)).interval
        return Figure(mean, low, high, len(each))
    return Figure(mean, *_spread(_means(each, seed), level), len(each))


def harmonic_figure(first: Sequence[float], second: Sequence[float], *, seed: int = 1) -> Figure:
    """Return the harmonic mean of two shares; both are resampled."""
    if not first or not second:
        return Figure(0.0, 0.0, 0.0, 0)
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    value = float(_harmonic(one.mean(keepdims=True), other.mean(keepdims=True))[0])
    low, high = _spread(_harmonic(_means(one, seed), _means(other, seed + 1)), LEVEL)
    return Figure(value, low, high, len(one) + len(other))


def difference(
    first: Mapping[str, float], second: Mapping[str, float], *, seed: int = 1, level: float = LEVEL
) -> Difference | None:
    """Return the first less the second over the cases both have, or None where they share none."""
    shared = sorted(first.keys() & second.keys())
    if not shared:
        return None
    each = np.asarray([first[id_] - second[id_] for id_ in shared])
    low, high = _spread(_means(each, seed), level)
    figure = Figure(float(each.mean()), low, high, len(shared))
    one, other = (figure_of([side[id_] for id_ in shared], seed=seed) for side in (first, second))
    apart = len(shared) >= FEWEST and not low <= 0 <= high
    return Difference(figure, apart, one.low <= other.high and other.low <= one.high)


def _means(values: Floats, seed: int) -> Floats:
    """Return the mean of each resample, (TIMES,)."""
    draw = np.random.default_rng(seed)
    rows = draw.integers(0, len(values), (TIMES, len(values)))
    return np.asarray(values[rows].mean(axis=1), dtype=np.float64)


def _spread(means: Floats, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _harmonic(first: Floats, second: Floats) -> Floats:
    total = first + second
    return np.asarray(2 * first * second / np.where(total > 0, total, 1.0), dtype=np.float64)
