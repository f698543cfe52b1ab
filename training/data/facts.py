"""Facts that a misleading turn can get wrong: years, numbers, names, places, and words of measure.

What a name is, a person or a place, is decided by how it stands in most of the texts.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from persllm.materials import Material
from persllm.training.data.grammar import STOP_WORDS
from persllm.training.data.opposites import OPPOSITES, find_opposable
from persllm.training.data.prose import plain
from persllm.training.data.topics import Vocabulary

FactKind = Literal["year", "number", "place", "name", "opposite"]

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
ENOUGH_NAMES = 12
VOWELS = "aeiou"
TITLE = re.compile(r"(?:Mr|Mrs|Miss|Dr|Sir|Lord|Lady|Professor|Prof|Captain|Capt|Colonel)\b")
SAYS = re.compile(
    r"(?:['\u2019]s)? (?:says?|said|has|had|states?|remarks?|believes?|thinks?|observed?|observes|"
    r"found|wrote|writes|told|asked|came|went|informs?|gave|showed|shows|thought)\b"
)
SURE_PLACE = re.compile(r"\b(?:in|at|from|near|toward|towards|outside|reached|left|visited) $")
ARTICLE_BEFORE = re.compile(r"\b(?:a|an) $")
NO_NAME = re.compile(
    r"(?:ish|ians?|icans?|ese|men|man|idae|ptera|acea|alia|ineae|ites|ists?|isms?|umana|mata)$"
)
"""Peoples, followers and animals: "Englishman", "Lepidoptera"."""


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

    def __init__(self, materials: Iterable[Material], *, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        votes: dict[str, Counter[FactKind]] = defaultdict(Counter)
        self._where: dict[str, set[int]] = defaultdict(set)
        for number, material in enumerate(materials):
            text = plain(material.text)
            for fact in find_facts(text):
                self._where[fact.text].add(number)
                if fact.kind in ("place", "name") and self._is_name(fact.text):
                    votes[fact.text][_vote(text, fact)] += 1
        self._kinds: dict[str, FactKind] = {
            name: _elected(counted) for name, counted in votes.items()
        }
        seen = {name: sum(counted.values()) for name, counted in votes.items()}
        self._names = {
            kind: _known([n for n, known in self._kinds.items() if known == kind], seen)
            for kind in ("place", "name")
        }

    def facts(self, sentence: str) -> list[Fact]:
        """Return the replaceable facts of a sentence; a name is what it is in most places."""
        found: list[Fact] = []
        for fact in find_facts(sentence):
            if fact.kind not in ("place", "name"):
                found.append(fact)
            elif fact.text in self._kinds and not ARTICLE_BEFORE.search(sentence[: fact.start]):
                found.append(Fact(self._kinds[fact.text], fact.text, fact.start))
        return found

    def tells(self, *facts: Fact) -> bool:
        """Tell whether facts stand together in one paragraph only, so that they point to it."""
        return len(set[int].intersection(*(self._where[fact.text] for fact in facts))) < 2

    def wrong(self, fact: Fact, text: str, draw: random.Random) -> str | None:
        """Return another fact of the kind that the text does not hold, or None."""
        if fact.kind == "year":
            away = (n for n in range(-MOST_YEARS_OFF, MOST_YEARS_OFF + 1) if abs(n) > 1)
            years = [str(int(fact.text) + n) for n in away]
            free = [year for year in years if year not in text]
            return draw.choice(free) if free else None
        if fact.kind == "number":
            return _wrong_number(fact.text, text, draw)
        if fact.kind == "opposite":
            return OPPOSITES.get(fact.text)
        others = [
            name
            for name in self._names.get(fact.kind, ())
            if name not in text
            and len(name.split()) == len(fact.text.split())
            and bool(TITLE.match(name)) == bool(TITLE.match(fact.text))
        ]
        return draw.choice(others) if others else None

    def _is_name(self, name: str) -> bool:
        words = name.split()
        return (
            not NO_NAME.search(words[-1])
            and all(self._vocabulary.is_name(word.rstrip(".")) for word in words)
            and words[0].lower() not in STOP_WORDS
        )


def opposable(sentence: str) -> list[Fact]:
    """Return the words of a sentence that have an opposite, as facts."""
    return [
        Fact("opposite", word, start)
        for start, word, other in find_opposable(sentence)
        if not ARTICLE_BEFORE.search(sentence[:start])
        or (word[0] in VOWELS) == (other[0] in VOWELS)
    ]


def _vote(text: str, fact: Fact) -> FactKind:
    """Return what one occurrence makes of a name: its title and neighbours tell."""
    before, after = text[: fact.start], text[fact.start + len(fact.text) :]
    if (
        TITLE.match(fact.text)
        or SAYS.match(after)
        or re.search(r"\b(?:by|with|and|M\.|Mr\.) $", before)
    ):
        return "name"
    return "place" if SURE_PLACE.search(before) else fact.kind


def _elected(counted: Counter[FactKind]) -> FactKind:
    return "place" if counted["place"] > counted["name"] else "name"


def _known(names: list[str], seen: dict[str, int]) -> list[str]:
    """Return the names worth borrowing: those that recur, where there are enough of them."""
    often = sorted(name for name in names if seen[name] > 1)
    return often if len(often) >= ENOUGH_NAMES else sorted(names)


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
