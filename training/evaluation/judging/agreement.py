"""Do two judges, or many raters, agree? Small functions over plain numbers.

Rank correlations treat ties as ties: Spearman by mean ranks, Kendall's tau-b. For raters,
Krippendorff's alpha (with gaps, nominal, ordinal or interval) and Fleiss' kappa (no gaps).
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Literal

Level = Literal["nominal", "ordinal", "interval"]
Ratings = Sequence[Mapping[str, float]]
"""One mapping a unit, from rater to rating; a rater may leave units out."""


def spearman(one: Sequence[float], two: Sequence[float]) -> float | None:
    """Return the correlation of the ranks, or None where one side does not vary."""
    return pearson(ranks(one), ranks(two))


def kendall(one: Sequence[float], two: Sequence[float]) -> float | None:
    """Return Kendall's tau-b, or None where one side does not vary."""
    same = ties_one = ties_two = 0
    pairs = list(combinations(zip(one, two, strict=True), 2))
    for (a, b), (c, d) in pairs:
        same += ((a > c) - (a < c)) * ((b > d) - (b < d))
        ties_one += a == c
        ties_two += b == d
    below = math.sqrt((len(pairs) - ties_one) * (len(pairs) - ties_two))
    return same / below if below else None


def pearson(one: Sequence[float], two: Sequence[float]) -> float | None:
    """Return the linear correlation, or None where one side does not vary."""
    if len(one) != len(two):
        raise ValueError(f"as many on both sides are needed, got {len(one)} and {len(two)}")
    if not one:
        return None
    mean_one, mean_two = sum(one) / len(one), sum(two) / len(two)
    both = sum((a - mean_one) * (b - mean_two) for a, b in zip(one, two, strict=True))
    spread = math.sqrt(sum((a - mean_one) ** 2 for a in one))
    spread *= math.sqrt(sum((b - mean_two) ** 2 for b in two))
    return both / spread if spread > 1e-12 else None


def ranks(values: Sequence[float]) -> list[float]:
    """Return ranks from 1 for the smallest; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            found[place] = (start + end) / 2 + 1
        start = end + 1
    return found


def krippendorff(units: Ratings, *, level: Level) -> float | None:
    """Return Krippendorff's alpha, 1 for full agreement and 0 for chance.

    Units with fewer than two ratings do not count. None where nothing varies or nobody overlaps.
    """
    rated = [list(unit.values()) for unit in units if len(unit) > 1]
    total = Counter(value for unit in rated for value in unit)
    count = sum(total.values())
    apart = _apart(level, total)
    expected = sum(total[a] * total[b] * apart(a, b) for a in total for b in total)
    if count < 2 or not expected:
        return None
    observed = 0.0
    for unit in rated:
        seen = Counter(unit)
        pairs = sum(seen[a] * seen[b] * apart(a, b) for a in seen for b in seen)
        observed += pairs / (len(unit) - 1)
    return 1 - (count - 1) * observed / expected


def fleiss(units: Sequence[Mapping[str, int]]) -> float | None:
    """Return Fleiss' kappa of units given as counts by category, each with as many raters.

    Raises:
        ValueError: Units differ in their number of raters, or have fewer than two.
    """
    raters = {sum(unit.values()) for unit in units}
    if len(raters) != 1 or min(raters) < 2:
        raise ValueError(f"each unit needs the same two or more raters, got {sorted(raters)}")
    (n,) = raters
    seen = sum((sum(c * c for c in unit.values()) - n) / (n * (n - 1)) for unit in units)
    observed = seen / len(units)
    totals: Counter[str] = Counter()
    for unit in units:
        totals.update(unit)
    chance = sum((count / (n * len(units))) ** 2 for count in totals.values())
    return None if chance == 1 else (observed - chance) / (1 - chance)


def sign_test(wins: int, losses: int) -> float:
    """Return the two-sided chance of a split at least as uneven, were both sides alike."""
    n, more = wins + losses, max(wins, losses)
    tail: float = sum(math.comb(n, k) for k in range(more, n + 1)) / 2**n
    return min(1.0, 2 * tail)


def _apart(level: Level, total: Mapping[float, int]) -> Callable[[float, float], float]:
    """Return how far two ratings are apart, squared (Krippendorff 2011)."""
    if level == "nominal":
        return lambda a, b: float(a != b)
    if level == "interval":
        return lambda a, b: float((a - b) * (a - b))

    def ordinal(a: float, b: float) -> float:
        low, high = min(a, b), max(a, b)
        between = sum(count for value, count in total.items() if low <= value <= high)
        return float((between - (total[a] + total[b]) / 2) ** 2)

    return ordinal
