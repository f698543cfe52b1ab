"""What people answer: means and standard deviations by sex and age, and where a score stands.

The figures are those that Johnson's scoring of the 120-item form uses, from people who filled it in
on the web. They describe readers of the web around 2000, not the contemporaries of a persona: read
them as a common yardstick.
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

from persllm.errors import DataError
from persllm.training.evaluation.psychometrics.inventory import FOLDER

EVERYBODY = "everybody"
"""The eight groups together, each with the same weight."""


@dataclass(frozen=True, slots=True)
class Norm:
    """How one group scores on one scale."""

    mean: float
    sd: float

    def z(self, score: float) -> float:
        """Return how many standard deviations a score lies above the mean."""
        return (score - self.mean) / self.sd

    def percentile(self, score: float) -> float:
        """Return the share of the group below a score, if the group is normally distributed."""
        return 100 * NormalDist().cdf(self.z(score))


Norms = Mapping[str, Norm]
"""By scale."""


@cache
def groups() -> dict[str, dict[str, Norm]]:
    """Return the norms by group and scale, everybody first."""
    found: dict[str, dict[str, Norm]] = {}
    with (FOLDER / "norms.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            norm = Norm(float(row["mean"]), float(row["sd"]))
            found.setdefault(row["group"], {})[row["scale"]] = norm
    return {EVERYBODY: _together(list(found.values())), **found}


def norms_of(group: str) -> Norms:
    """Return one group's norms.

    Raises:
        DataError: There is no such group; the message lists those there are.
    """
    if group not in groups():
        raise DataError(f"there are no norms of {group!r}. Choose one of: {', '.join(groups())}.")
    return groups()[group]


def _together(parts: list[dict[str, Norm]]) -> dict[str, Norm]:
    whole = {}
    for scale in parts[0]:
        each = [part[scale] for part in parts]
        mean = sum(norm.mean for norm in each) / len(each)
        spread = sum(norm.sd**2 + (norm.mean - mean) ** 2 for norm in each) / len(each)
        whole[scale] = Norm(mean, math.sqrt(spread))
    return whole
