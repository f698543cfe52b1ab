"""Facts that a misleading turn can get wrong: years, numbers, names and places in a sentence."""

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from persllm.materials import Material

FactKind = Literal["year", "number", "place", "name"]

YEAR = re.compile(r"\b(1[4-9]\d\d|20\d\d)\b")
NUMBER = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|forty|"
    r"fifty|sixty|eighty|hundred|[2-9]\d?(?:,\d{3})?)\b(?! (?:of|or))"
)
NUMBER_WORDS = (
    "two three four five six seven eight nine ten twelve twenty thirty forty fifty sixty eighty"
).split()
NAME = re.compile(
    r"(?<![.!?\"] )(?<!^)(?<!^.)\b((?:(?:Mr|Mrs|Dr|St)\. )?[A-Z][a-z]+(?:[ -][A-Z][a-z]+){0,2})\b"
)
PLACE_BEFORE = re.compile(r"\b(?:in|at|to|from|near|of|for|toward|towards|outside) $")
NOT_NAMES = frozenset(
    "I The A An And But Mr Mrs Dr Sir Lord Lady God January February March April May June July "
    "August September October November December Monday Tuesday Wednesday Thursday Friday "
    "Saturday Sunday Christmas Easter English French German American Serbian Austrian Italian "
    "British European Latin Greek Orthodox Christian Bible".split()
)
MOST_YEARS_OFF = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """One replaceable part of a sentence."""

    kind: FactKind
    text: str
    start: int

    def swapped(self, sentence: str, other: str) -> str:
        """Return the sentence with this fact replaced."""
        return sentence[: self.start] + other + sentence[self.start + len(self.text) :]


def find_facts(sentence: str) -> list[Fact]:
    """Return the replaceable facts of a sentence, in order."""
    facts = [Fact("year", m[1], m.start(1)) for m in YEAR.finditer(sentence)]
    facts += [Fact("number", m[1], m.start(1)) for m in NUMBER.finditer(sentence)]
    for match in NAME.finditer(sentence):
        if match[1].split()[0] not in NOT_NAMES:
            place = PLACE_BEFORE.search(sentence[: match.start(1)])
            facts.append(Fact("place" if place else "name", match[1], match.start(1)))
    return sorted(facts, key=lambda fact: fact.start)


class FactPool:
    """All facts of a persona's materials, to borrow plausible wrong ones from."""

    def __init__(self, materials: Iterable[Material]) -> None:
        seen: dict[FactKind, set[str]] = defaultdict(set)
        for material in materials:
            for fact in find_facts(material.text):
                seen[fact.kind].add(fact.text)
        both = seen["place"] & seen["name"]
        self._names: dict[FactKind, list[str]] = {
            "place": sorted(seen["place"] - both),
            "name": sorted(seen["name"] - both),
        }

    @property
    def names(self) -> frozenset[str]:
        """First words of all names and places, for telling them from sentence starts."""
        return frozenset(name.split()[0] for pool in self._names.values() for name in pool)

    def wrong(self, fact: Fact, text: str, draw: random.Random) -> str | None:
        """Return another fact of the kind that the text does not hold, or None."""
        if fact.kind == "year":
            away = (n for n in range(-MOST_YEARS_OFF, MOST_YEARS_OFF + 1) if abs(n) > 1)
            years = [str(int(fact.text) + n) for n in away]
            free = [year for year in years if year not in text]
            return draw.choice(free) if free else None
        if fact.kind == "number":
            return _wrong_number(fact.text, text, draw)
        others = [
            name
            for name in self._names[fact.kind]
            if name not in text and len(name.split()) == len(fact.text.split())
        ]
        return draw.choice(others) if others else None


def _wrong_number(number: str, text: str, draw: random.Random) -> str | None:
    near: list[str] = []
    if number in NUMBER_WORDS:
        place = NUMBER_WORDS.index(number)
        near = [*NUMBER_WORDS[max(0, place - 4) : place + 5]]
    elif number.replace(",", "").isdigit():
        value = int(number.replace(",", ""))
        near = [f"{n:,}" for n in (value // 2, value * 2, value * 3)]
    others = [other for other in near if not re.search(rf"\b{other}\b", text)]
    return draw.choice(others) if others else None
