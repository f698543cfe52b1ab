"""The profile one would expect from what the person left behind, and how well a profile fits it.

Two sources. *From the texts*: each facet leans to what its high end might say or to what its low
end might, by the nearness of the person's own paragraphs to both in the embedding; what the other
personas' texts lean is taken off, so that only what sets this person apart remains. Embeddings
read topics better than attitudes, so this is a rough guide. *By hand*: a YAML file that names
domains or facets with a number from 1 to 5, from a biographer's judgement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.errors import DataError
from persllm.training.evaluation.judging.agreement import spearman
from persllm.training.evaluation.psychometrics.inventory import MOST, inventory
from persllm.training.evaluation.psychometrics.profile import Profile

NEAREST = 5
"""Paragraphs that speak for a facet: those nearest to either end."""
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Fit:
    """How well the order of a profile's scales agrees with an expected one."""

    correlation: float | None
    """Spearman's, over the scales that both have."""
    low: float
    high: float
    """The 95 % interval: scales drawn again with replacement."""
    chance: float
    """Chance of a fit as good, were the expected figures dealt out at random."""
    scales: int


class Ends:
    """The high and the low end of each facet, as vectors."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        facets = inventory().facets
        self._high = embed(embeddings, [facet.high for facet in facets])
        self._low = embed(embeddings, [facet.low for facet in facets])
        apart = 1 - (self._high * self._low).sum(axis=1)
        self._apart = np.maximum(apart, 1e-6)  # (facets,)

    def leanings(self, texts: Sequence[str]) -> Vectors:
        """Return where texts stand between the ends, -1 to 1, (texts, facets)."""
        vectors = embed(self._embeddings, list(texts))
        lean = (vectors @ self._high.T - vectors @ self._low.T) / self._apart
        leanings: Vectors = np.clip(lean, -1, 1)
        return leanings

    def nearness(self, texts: Sequence[str]) -> Vectors:
        """Return how near texts come to either end, (texts, facets)."""
        vectors = embed(self._embeddings, list(texts))
        nearer: Vectors = np.maximum(vectors @ self._high.T, vectors @ self._low.T)
        return nearer


def expected_from_texts(
    own: Sequence[str], others: Sequence[Sequence[str]], ends: Ends
) -> dict[str, float]:
    """Return how each facet of a person leans, compared with other persons; 0 is like theirs.

    Raises:
        DataError: The person left no paragraphs.
    """
    if not own:
        raise DataError("no paragraphs to expect a profile from: write speech.md or writing.md.")
    mine = _leaning(own, ends)
    usual = [_leaning(texts, ends) for texts in others if texts]
    apart = mine - np.mean(usual, axis=0) if usual else mine
    return {facet.id: float(x) for facet, x in zip(inventory().facets, apart, strict=True)}


def expected_by_hand(path: Path) -> dict[str, float]:
    """Read a YAML file of scales, by letters or names, with numbers from 1 to 5.

    Raises:
        DataError: The file has faults; all are listed.
    """
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"{path} cannot be read: {error}. Write 'scale: number' lines.") from error
    if not isinstance(read, dict) or not read:
        raise DataError(f"{path}: 'scale: number' lines are needed, such as 'openness: 4.5'.")
    letters = {name: scale for scale, name in inventory().scales.items()}
    faults, found = [], {}
    for name, value in read.items():
        scale = letters.get(str(name), str(name))
        if scale not in inventory().scales:
            faults.append(f"no scale is called {name!r}")
        elif not isinstance(value, int | float) or not 1 <= value <= MOST:
            faults.append(f"{name}: a number from 1 to {MOST} is needed, got {value!r}")
        else:
            found[scale] = float(value)
    if faults:
        raise DataError(f"{path}: {len(faults)} fault(s)\n" + "\n".join(f"  - {f}" for f in faults))
    return found


def fit(profile: Profile, expected: Mapping[str, float], *, seed: int = 0) -> Fit:
    """Compare a profile's standings by the norms with what is expected."""
    scales = [scale for scale in profile.scales if scale in expected]
    got = np.array([profile.scales[scale].z for scale in scales])
    wanted = np.array([expected[scale] for scale in scales])
    seen = spearman(got.tolist(), wanted.tolist())
    if seen is None:
        return Fit(None, -1.0, 1.0, 1.0, len(scales))
    rng = np.random.default_rng(seed)
    drawn, hits = [], 1
    for _ in range(DRAWS):
        rows = rng.integers(0, len(scales), size=len(scales))
        again = spearman(got[rows].tolist(), wanted[rows].tolist())
        drawn += [] if again is None else [again]
        dealt = spearman(got.tolist(), rng.permutation(wanted).tolist())
        hits += dealt is not None and dealt >= seen
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Fit(seen, float(low), float(high), hits / (DRAWS + 1), len(scales))


def _leaning(texts: Sequence[str], ends: Ends) -> Vectors:
    """Return the mean leaning of the paragraphs that speak most of each facet, (facets,)."""
    lean, near = ends.leanings(texts), ends.nearness(texts)
    rows = np.argsort(-near, axis=0, kind="stable")[:NEAREST]  # (nearest, facets)
    mean: Vectors = np.take_along_axis(lean, rows, axis=0).mean(axis=0)
    return mean
