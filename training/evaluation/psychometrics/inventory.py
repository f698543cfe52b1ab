"""The IPIP-NEO-120: statements, keys and how answers are counted.

The inventory is in the public domain (Goldberg; Johnson 2014, the 120-item form). It has 24
statements for each of five domains, four for each of their thirty facets. Somebody says of each
statement how accurately it describes them, from 1 to 5; a reverse-keyed statement counts 6 minus
that.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent
DOMAINS = {
    "N": "neuroticism",
    "E": "extraversion",
    "O": "openness",
    "A": "agreeableness",
    "C": "conscientiousness",
}
CHOICES = (
    "very inaccurate",
    "moderately inaccurate",
    "neither accurate nor inaccurate",
    "moderately accurate",
    "very accurate",
)
"""What is chosen from; the first counts 1, the last 5."""
MOST = len(CHOICES)
MIDDLE = (1 + MOST) / 2


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of the inventory."""

    number: int
    facet: str
    """Such as "N1"; its first letter is the domain."""
    reverse: bool
    """Whether agreeing speaks against the facet."""
    text: str
    """As the inventory prints it: "Worry about things"."""

    @property
    def sentence(self) -> str:
        """The statement in the first person."""
        return f"I {self.text[0].lower()}{self.text[1:]}."

    def keyed(self, answer: float) -> float:
        """Return what an answer from 1 to 5 counts for the facet."""
        return 1 + MOST - answer if self.reverse else answer


@dataclass(frozen=True, slots=True)
class Facet:
    """One of the thirty, and how an interview asks for it."""

    id: str
    name: str
    question: str
    high: str
    """What somebody high on the facet might say."""
    low: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """All statements in their printed order, and the facets."""

    statements: tuple[Statement, ...]
    facets: tuple[Facet, ...]

    @property
    def scales(self) -> dict[str, str]:
        """Names of the five domains and thirty facets by their letters, each domain first."""
        names: dict[str, str] = {}
        for letter, name in DOMAINS.items():
            names[letter] = name
            names |= {facet.id: facet.name for facet in self.facets if facet.id[0] == letter}
        return names

    def of(self, scale: str) -> list[int]:
        """Return the places of a domain's or facet's statements in the printed order."""
        return [i for i, each in enumerate(self.statements) if each.facet.startswith(scale)]


@cache
def inventory() -> Inventory:
    """Return the inventory, read once."""
    with (FOLDER / "statements.csv").open(encoding="utf-8", newline="") as stream:
        statements = tuple(
            Statement(int(row["number"]), row["facet"], row["key"] == "-", row["text"])
            for row in csv.DictReader(stream)
        )
    facets = yaml.safe_load((FOLDER / "facets.yaml").read_text(encoding="utf-8"))
    return Inventory(statements, tuple(Facet(id_, **fields) for id_, fields in facets.items()))


def keyed(answers: Mapping[int, float]) -> list[float | None]:
    """Return what answers by statement number count, in the printed order; None if not given.

    Raises:
        ValueError: An answer is not from 1 to 5, or its statement does not exist.
    """
    statements = inventory().statements
    known = {each.number for each in statements}
    faults = [f"{n}: {a}" for n, a in answers.items() if n not in known or not 1 <= a <= MOST]
    if faults:
        raise ValueError(f"answers are from 1 to {MOST} to statements 1 to 120, got {faults}")
    return [
        each.keyed(answers[each.number]) if each.number in answers else None for each in statements
    ]


def scored(counts: Sequence[float | None]) -> dict[str, float]:
    """Return the sum of each domain (24 to 120) and facet (4 to 20) from keyed answers.

    A statement without answer counts as the mean of its facet's others, or of its domain's where
    the facet has none, or the middle of the choices where nothing was answered.
    """
    filled = _filled(counts)
    return {
        scale: sum(filled[place] for place in inventory().of(scale)) for scale in inventory().scales
    }


def _filled(counts: Sequence[float | None]) -> list[float]:
    filled = []
    for statement, count in zip(inventory().statements, counts, strict=True):
        if count is None:
            count = _mean_of(counts, statement.facet) or _mean_of(counts, statement.facet[0])
        filled.append(MIDDLE if count is None else count)
    return filled


def _mean_of(counts: Sequence[float | None], scale: str) -> float | None:
    given = [count for i in inventory().of(scale) if (count := counts[i]) is not None]
    return sum(given) / len(given) if given else None
