"""Did anything fall? Two reports compared, figure by figure.

Where both hold the same cases, a figure has fallen when the interval of the paired difference lies
below 0 at `LEVEL`; else when the fall is larger than both reports' intervals together allow. An
unchanged model answers alike and passes exactly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from persllm.training.evaluation.figures import FEWEST, difference
from persllm.training.evaluation.measures import MEASURES
from persllm.training.evaluation.report import ALL, FigureRow, Report, SystemRow

LEVEL = 0.99
"""Many figures are compared at once, so each is held to more than the usual 95 %."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in two reports."""

    persona: str
    system: str
    measure: str
    old: float
    new: float
    noise: float
    """How far it may fall by chance."""
    fell: bool
    rose: bool

    def __str__(self) -> str:
        """Say it in one line."""
        how = "fell" if self.fell else "rose" if self.rose else "held"
        return (
            f"{self.persona}, {self.system}: {MEASURES[self.measure].title} {how} from "
            f"{self.old:.3f} to {self.new:.3f} (noise {self.noise:.3f})"
        )


def changes(old: Report, new: Report) -> list[Change]:
    """Return every figure that both reports hold and that has a better side."""
    found = []
    for id_, persona in old.personas.items():
        for name, system in persona.systems.items():
            other = new.personas[id_].systems.get(name) if id_ in new.personas else None
            if other is None or id_ == ALL:
                continue
            found += _system_changes(id_, name, system, other)
    return found


def _system_changes(id_: str, name: str, old: SystemRow, new: SystemRow) -> list[Change]:
    found = []
    for measure, before in old.figures.items():
        after = new.figures.get(measure)
        text = MEASURES.get(measure)
        if after is None or text is None or text.better == "neither" or not before.n or not after.n:
            continue
        sign = -1.0 if text.better == "lower" else 1.0
        cases = old.cases.get(measure, {}), new.cases.get(measure, {})
        gained, noise = _gain(*cases) or _apart(before, after)
        fell, rose = sign * gained < -noise, sign * gained > noise
        found.append(Change(id_, name, measure, before.value, after.value, noise, fell, rose))
    return found


def _gain(old: Mapping[str, float], new: Mapping[str, float]) -> tuple[float, float] | None:
    """Return change and noise over the same cases; None where too few are the same."""
    shared = old.keys() & new.keys()
    if len(shared) < FEWEST or len(shared) < 0.8 * max(len(old), len(new)):
        return None
    found = difference(new, old, level=LEVEL)
    assert found is not None
    figure = found.figure
    below, above = figure.value - figure.low, figure.high - figure.value
    return figure.value, above if figure.value < 0 else below


def _apart(old: FigureRow, new: FigureRow) -> tuple[float, float]:
    """Return change and noise of two figures over different cases."""
    falls = new.value < old.value
    one = old.value - old.low if falls else old.high - old.value
    other = new.high - new.value if falls else new.value - new.low
    return new.value - old.value, math.hypot(one, other)
