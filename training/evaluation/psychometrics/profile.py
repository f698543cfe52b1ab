"""From sittings to a profile: scores with intervals, how steady they are, and differences.

Whether a profile says anything is asked in three ways. *Stability*: do sittings in other orders
agree? *Reversal*: does a facet come out alike from statements that speak for it and from those that
speak against it? *Structure*: do the statements of one facet agree more than statements dealt out
at random? A model that says the same to everything is perfectly stable, so stability alone is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from persllm.training.evaluation.psychometrics.inventory import (
    DOMAINS,
    inventory,
    keyed,
    scored,
)
from persllm.training.evaluation.psychometrics.norms import Norms
from persllm.training.evaluation.psychometrics.sitting import Sitting

DRAWS = 2000
STABLE, UNLIKELY = 0.5, 0.05
INTERVIEW = "interview"
"""The method whose four answers of a facet are one mark."""
OF_A_FACET = 4
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Standing:
    """One domain or facet of a profile."""

    score: float
    """Mean over the sittings: 24 to 120 for a domain, 4 to 20 for a facet."""
    low: float
    high: float
    """The 95 % interval: statements drawn again with replacement."""
    sd: float
    """Of the sittings; 0 where there was one."""
    z: float
    percentile: float
    """Both by the norms."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far a profile can be trusted."""

    stability: float | None
    """Mean correlation of the answers of two sittings; None for one sitting or equal answers."""
    reversal: float | None
    """Correlation over facets of statements for it with those against it, by their keys."""
    structure: float | None
    """Chance of facets that differ as much, if statements are dealt out within their key."""
    agreeing: float
    """Mean answer before keys, 1 to 5: above 3 is agreeing with whatever is said."""

    @property
    def above_noise(self) -> bool | None:
        """Whether the profile is steady and has more structure than chance.

        None where that cannot be told: after one sitting, or an interview, which asks once a facet.
        """
        if self.stability is None or self.structure is None:
            return None
        turned = self.reversal is not None and self.reversal > 0
        return self.stability >= STABLE and turned and self.structure < UNLIKELY


@dataclass(frozen=True, slots=True)
class Profile:
    """What the sittings of one persona at one stage came to."""

    who: str
    method: str
    sittings: tuple[Sitting, ...]
    scales: dict[str, Standing]
    reliability: Reliability
    counts: tuple[float, ...]
    """Keyed answers, a mean over the sittings each, in the printed order."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher the second of two profiles stands."""

    scale: str
    points: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def profile_of(
    who: str, method: str, sittings: Sequence[Sitting], norms: Norms, *, seed: int = 0
) -> Profile:
    """Return the profile of one or more sittings.

    Raises:
        ValueError: There is no sitting.
    """
    if not sittings:
        raise ValueError("a profile needs at least one sitting")
    rows = _filled([keyed(sitting.answers) for sitting in sittings])  # (sittings, 120)
    counts = rows.mean(axis=0)  # (120,)
    totals = [scored(list(row)) for row in rows]
    scales = {}
    for scale in inventory().scales:
        each = np.array([total[scale] for total in totals])
        score = float(each.mean())
        low, high = _interval(_drawn_from(counts, scale, method), seed)
        norm = norms[scale]
        sd = float(each.std(ddof=1)) if len(each) > 1 else 0.0
        scales[scale] = Standing(score, low, high, sd, norm.z(score), norm.percentile(score))
    reliability = _reliability(rows, sittings, method, seed=seed)
    return Profile(who, method, tuple(sittings), scales, reliability, tuple(counts.tolist()))


def differences(first: Profile, second: Profile, *, seed: int = 0) -> list[Difference]:
    """Return how the domains differ; the same statements are compared, drawn again in pairs."""
    change = np.array(second.counts) - np.array(first.counts)  # (120,)
    found = []
    for scale in DOMAINS:
        own = _drawn_from(change, scale, first.method)
        low, high = _interval(own, seed)
        found.append(Difference(scale, float(own.sum()), low, high))
    return found


def _filled(rows: Sequence[Sequence[float | None]]) -> Floats:
    """Return keyed answers with gaps filled as scoring fills them, (sittings, 120)."""
    filled = np.empty((len(rows), len(inventory().statements)))
    for place, statement in enumerate(inventory().statements):
        for row, counts in enumerate(rows):
            given = counts[place]
            facet = scored(counts)[statement.facet] / OF_A_FACET if given is None else given
            filled[row, place] = facet
    return filled


def _drawn_from(counts: Floats, scale: str, method: str) -> Floats:
    """Return what a scale is the sum of: its statements, or an interview's marks times four."""
    if method != INTERVIEW:
        return counts[inventory().of(scale)]
    marks = [
        counts[inventory().of(facet.id)[0]]
        for facet in inventory().facets
        if facet.id.startswith(scale)
    ]
    return OF_A_FACET * np.array(marks)


def _interval(counts: Floats, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the sum, statements drawn with replacement."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(counts), size=(DRAWS, len(counts)))
    low, high = np.quantile(counts[drawn].sum(axis=1), (0.025, 0.975))
    return float(low), float(high)


def _reliability(
    rows: Floats, sittings: Sequence[Sitting], method: str, *, seed: int
) -> Reliability:
    pairs = [_correlation(one, two) for one, two in combinations(rows, 2)]
    known = [pair for pair in pairs if pair is not None]
    given = [answer for sitting in sittings for answer in sitting.answers.values()]
    counts, single = rows.mean(axis=0), method == INTERVIEW
    return Reliability(
        stability=sum(known) / len(known) if known else None,
        reversal=None if single else _reversal(counts),
        structure=None if single else _structure(counts, seed),
        agreeing=sum(given) / len(given) if given else float("nan"),
    )


def _reversal(counts: Floats) -> float | None:
    direct, reverse = [], []
    for facet in inventory().facets:
        places = inventory().of(facet.id)
        against = [i for i in places if inventory().statements[i].reverse]
        speak_for = [i for i in places if i not in against]
        if against and speak_for:
            direct.append(counts[speak_for].mean())
            reverse.append(counts[against].mean())
    return _correlation(np.array(direct), np.array(reverse))


def _structure(counts: Floats, seed: int) -> float:
    """Return the chance of facet means as far apart, statements dealt out within their key."""
    rng = np.random.default_rng(seed)
    keys = np.array([each.reverse for each in inventory().statements])
    places = np.array([inventory().of(facet.id) for facet in inventory().facets])  # (30, 4)
    seen = counts[places].mean(axis=1).var()
    hits = 1
    for _ in range(DRAWS):
        dealt = counts.copy()
        for key in (True, False):
            dealt[keys == key] = rng.permutation(counts[keys == key])
        hits += bool(dealt[places].mean(axis=1).var() >= seen - 1e-12)
    return hits / (DRAWS + 1)


def _correlation(one: Floats, two: Floats) -> float | None:
    """Return Pearson's correlation, or None where one side does not vary."""
    if one.std() < 1e-9 or two.std() < 1e-9:
        return None
    return float(np.corrcoef(one, two)[0, 1])
