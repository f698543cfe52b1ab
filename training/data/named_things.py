"""Years, numbers, persons and places of a sentence, and which others may stand in their place.

A word is a person or a place where titles, given names, a list of places or its neighbours in the
texts say so and nothing speaks against it; of everything else nothing is said. One is exchanged for
another of its own type alone: a town for a town, a country for a country, a woman for a woman.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from persllm.materials import Material
from persllm.training.data.prose import plain
from persllm.training.data.texts import read_words

ThingKind = Literal["year", "number", "person", "place"]

YEAR = re.compile(r"\b(1[4-9]\d\d|20\d\d)\b(?!,\d)")
NUMBER_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "twenty thirty forty fifty sixty seventy eighty ninety"
).split()
NUMBER = re.compile(
    rf"(?<![-\d.,])\b({'|'.join(NUMBER_WORDS)}|[2-9]\d?|[1-9]\d?0|\d{{1,3}},000)\b"
    r"(?! (?:\w*(?:ths|thirds|quarters)|of|or|to|and|more|others?|hands|eyes|legs|sides|halves|"
    r"times|ways|at|by|parts|in|January|February|March|April|May|June|July|August|September|October|"
    r"November|December)\b)"
    r"(?![-.,%\d])(?= [a-z])"
)
NAME = re.compile(
    r"(?<![\w'\u2019])((?:(?:Mr|Mrs|Dr|St)\.? )?[A-Z][\w\u00c0-\u024f]*[a-z\u00e0-\u024f]"
    r"(?:[ -][A-Z][\w\u00c0-\u024f]*[a-z\u00e0-\u024f]){0,3})"
)
AT_PLACE = re.compile(
    r"\b(?:[Ii]n|[Nn]ear|towards?|outside|reached|through|leave|left|entered|visited) $"
)
FROM_PLACE = re.compile(r"\b(?:from|to|for|at|of|[Aa]t|[Ff]rom) $")
BY_PERSON = re.compile(
    r"\b(?:friend|uncle|cousin|brother|sister|nephew|husband|wife|teacher|named|called|met|married|"
    r"guide|physicist|chemist|painter|poet|doctor|with|by|and) $"
)
DOES = re.compile(
    r"^ (?:says?|said|told|asked|wrote|taught|hired|laughed|showed|gave|went|came|died|thought|"
    r"believed|lectured|invited|offered|lent|carried|scolded|found|himself|herself)\b"
)
KIN_BEFORE = re.compile(
    r"\b(?:father|mother|brother|sister|wife|husband|son|daughter|uncle|aunt|cousin|nephew|niece|"
    r"grandfather|grandmother|child|daughters|sons|brothers|sisters|dog|cat|horse|cow|boat|ship|mule|"
    r"parrot|steamer|name|my|our|the|a|an|his|her|your|their|and),? $",
    re.IGNORECASE,
)
GENDERED = re.compile(
    r"\b(?:he|him|his|she|her|hers|man|woman|girl|boy|wife|husband|himself|herself|mother|father)\b",
    re.IGNORECASE,
)
PEOPLES = re.compile(r"(?:ish|ese|ians?|icans?|men|man|ists?|isms?)$")
MOST_YEARS_OFF = 12
FEWEST_OTHERS = 2
"""Fewer others of a type and there is nothing believable to exchange it for."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One year, number, person or place of a sentence."""

    kind: ThingKind
    text: str
    start: int
    type: str
    """What it may be exchanged for: things of the same kind and type."""

    def swapped(self, sentence: str, other: str) -> str:
        """Return the sentence with another one in its place."""
        return sentence[: self.start] + other + sentence[self.start + len(self.text) :]


class NamedThings:
    """All persons and places of some texts, with what they are.

    Args:
        materials: Their texts; one of them tells what a name is in the others.
    """

    def __init__(self, materials: Iterable[Material]) -> None:
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        self._where: dict[str, set[int]] = defaultdict(set)
        for number, material in enumerate(materials):
            text = plain(material.text)
            for year in YEAR.findall(text):
                self._where[year].add(number)
            for match in NAME.finditer(text):
                name = _bare(text, match)
                self._where[name].add(number)
                for vote in _votes(text, match):
                    votes[name][vote] += 1
        self._types = {name: kind for name in self._where if (kind := _type_of(name, votes[name]))}
        self._others: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, kind in sorted(self._types.items()):
            self._others[kind].append(name)

    def find(self, sentence: str) -> list[Thing]:
        """Return the years, numbers, persons and places of a sentence, in order."""
        found = [Thing("year", m[1], m.start(1), "year") for m in YEAR.finditer(sentence)]
        found += [Thing("number", m[1], m.start(1), "number") for m in NUMBER.finditer(sentence)]
        for match in NAME.finditer(sentence):
            name = _bare(sentence, match)
            if name in self._types:
                kind, of = self._types[name]
                start = match.end() - len(name)
                found.append(Thing("person" if kind == "person" else "place", name, start, of))
        return sorted(found, key=lambda thing: thing.start)

    def is_name(self, word: str) -> bool:
        """Tell whether a word is part of a person's or place's name."""
        return any(word in name.split() for name in self._types)

    def alone(self, *names: str) -> bool:
        """Tell whether all of these stand together in one paragraph only."""
        return len(set[int].intersection(*(self._where[name] for name in names))) == 1

    def holds(self, name: str) -> bool:
        """Tell whether any paragraph names it."""
        return bool(self._where.get(name))

    def wrong(
        self, thing: Thing, sentence: str, text: str, years: tuple[int, int], draw: random.Random
    ) -> str | None:
        """Return another thing of its type that a paragraph does not hold; None if unsure.

        Args:
            thing: What is exchanged.
            sentence: Where it stands.
            text: The whole paragraph.
            years: First and last year that may be named.
            draw: Chooses.
        """
        before = sentence[: thing.start]
        if thing.kind == "year":
            return _wrong_year(thing.text, sentence, text, years, draw)
        if thing.kind == "number":
            return _wrong_number(thing.text, text, draw)
        if thing.kind == "person" and (KIN_BEFORE.search(before) or GENDERED.search(sentence)):
            return None
        if thing.kind == "place" and not (AT_PLACE.search(before) or FROM_PLACE.search(before)):
            return None
        if before.endswith("the ") or sentence[thing.start + len(thing.text) :].startswith(" of "):
            return None
        others = [
            name
            for name in self._others[thing.kind, thing.type]
            if not set(re.findall(r"\w+", name)) & set(re.findall(r"\w+", text))
        ]
        if len(others) < FEWEST_OTHERS and thing.type == "town":
            others += sorted(town for town in read_words("names", "towns") if town not in text)
        return draw.choice(others) if len(others) >= FEWEST_OTHERS else None


def _bare(text: str, match: re.Match[str]) -> str:
    """Return a name without the first word of a sentence that happens to stand before it."""
    words = match[1].split(" ")
    first = match.start() == 0 or bool(re.search(r"[.!?][\"'\u201d]? $", text[: match.start()]))
    while len(words) > 1 and first and words[0].lower() in SENTENCE_STARTS:
        words.pop(0)
    return " ".join(words)


SENTENCE_STARTS = frozenset(
    "in on at by from when as after before my our the a an his her their its one two dear for to "
    "then but and yet of with since until while though if this that these old young".split()
)


def _votes(text: str, match: re.Match[str]) -> Iterable[str]:
    before, after = text[: match.start()], text[match.end() :]
    if AT_PLACE.search(before):
        yield "at"
    elif FROM_PLACE.search(before):
        yield "from"
    if BY_PERSON.search(before):
        yield "by"
    if DOES.match(after):
        yield "does"
    if before.endswith((" the ", "The ", " a ", " an ")) or after.startswith(("-", "s ")):
        yield "article"


def _type_of(name: str, votes: Counter[str]) -> tuple[str, str] | None:
    """Return (kind, type) of a name, or None where it is not plain."""
    words = [word.rstrip(".") for word in re.split(r"[ ]", name)]
    if votes["article"] or set(words) & read_words("names", "no_names"):
        return None
    gender = _gender(words)
    if gender:
        return "person", f"{gender} {min(len(words), 2)}"
    if name in read_words("names", "countries"):
        return "place", "country"
    if name in read_words("names", "towns"):
        return "place", "town"
    if words[-1] in read_words("names", "other_ends") or words[0] in read_words(
        "names", "other_starts"
    ):
        return None
    if PEOPLES.search(name):
        return None
    if len(words) == 1 and votes["at"] and not votes["by"] and not votes["does"]:
        return "place", "town"
    return None


def _gender(words: list[str]) -> str:
    """Return who a title or a given name tells of; nothing where none does."""
    for gender in ("women", "men"):
        titles = read_words("names", f"{gender}_titles")
        if len(words) > 1 and words[0] in titles:
            return f"{words[0]}"
        if len(words) > 1 and words[0] in read_words("names", gender):
            of = read_words("names", "other_ends")
            return "" if words[-1] in of else gender
    if len(words) > 1 and words[0] in read_words("names", "titles"):
        return words[0]
    return ""


def _wrong_year(
    year: str, sentence: str, text: str, years: tuple[int, int], draw: random.Random
) -> str | None:
    if len(YEAR.findall(sentence)) != 1:
        return None
    near = range(int(year) - MOST_YEARS_OFF, int(year) + MOST_YEARS_OFF + 1)
    free = [
        each
        for each in near
        if abs(each - int(year)) > 1 and years[0] <= each <= years[1] and str(each) not in text
    ]
    return str(draw.choice(free)) if free else None


def _wrong_number(number: str, text: str, draw: random.Random) -> str | None:
    near: list[str] = []
    if number in NUMBER_WORDS:
        place = NUMBER_WORDS.index(number)
        near = [str(each) for each in NUMBER_WORDS[max(0, place - 3) : place + 4]]
    else:
        value = int(number.replace(",", ""))
        step = 1 if value < 20 else 10 if value < 1000 else 1000
        off = [value + n * step for n in (-5, -4, -3, -2, 2, 3, 4, 5)]
        near = [f"{each:,}" for each in off if each > 1]
    others = [other for other in near if not re.search(rf"\b{other}\b", text)]
    return draw.choice(others) if others else None
