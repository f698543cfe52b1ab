"""Are answers right? Measures without a judge, on held-out items, from the items' own fields.

*Knowledge*: the answer holds at least half of the words that carry the fact: those that the
written answer and its source share and the question does not hold. *Corrected*: a false claim is
answered with what is known and not accepted. *Accepted*: a true one is not denied. Both matter, so
their harmonic mean stands beside them (METHOD 5; the paper reports corrections only).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from persllm.replies import parse_reply
from persllm.training.data.items import Item

Measure = Literal["knowledge", "corrected", "accepted"]
MEASURES: tuple[Measure, ...] = ("knowledge", "corrected", "accepted")
APPLIES: dict[str, Measure] = {"misleading": "corrected", "true-premise": "accepted"}
NEEDED_SHARE = 0.5
ACCEPTS = re.compile(
    r"^\W*(?:yes|indeed|certainly|quite (?:so|right)|true|that is (?:so|true|right|correct)|"
    r"it is (?:so|true)|you are (?:right|correct|not mistaken)|so it (?:is|was)|just so|of course|"
    r"you have heard rightly|exactly)\b",
    re.IGNORECASE,
)
DENIES = re.compile(
    r"^\W*(?:no|nay|nothing)\b|\bnot (?:so|true|right|at all)\b|"
    r"\bwrong|\bfalse|\buntrue|\bmistake|\bmisinformed\b|\bmisled\b|\bdeceived\b|\bamiss\b|"
    r"^\W*(?:but )?(?:i|it|he|she|they|we|that|this) (?:\w+ not|never)\b",
    re.IGNORECASE,
)
SMALL = frozenset(
    "about after again also another because been before being came could does down each ever "
    "every first from have having here into itself just know like made make many more most much "
    "must never nothing only other over said same shall should since some still such than that "
    "their them then there these they thing things this those through time upon used very was "
    "well were what when where which while with without would your yours".split()
)


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


def measurable(items: Sequence[Item]) -> list[Item]:
    """Return the items that one of the measures applies to."""
    return [item for item in items if measure_of(item)]


def measure_of(item: Item) -> Measure | None:
    """Return the measure that applies to an item, or None."""
    if item.pattern == "ordinary" and item.kind == "knowledge" and fact_words(item):
        return "knowledge"
    return APPLIES.get(item.pattern)


def is_right(item: Item, answer: str) -> bool:
    """Tell whether an answer to the item's question is right, by the measure that applies."""
    holds_known = item.known.lower() in answer.lower()
    match measure_of(item):
        case "knowledge":
            wanted = fact_words(item)
            return len(wanted & words_of(answer)) >= NEEDED_SHARE * len(wanted)
        case "corrected":
            return holds_known and not ACCEPTS.search(answer)
        case "accepted":
            return bool(ACCEPTS.search(answer)) or (holds_known and not denies(answer))
        case _:
            return False


def tallies(items: Sequence[Item], answers: Sequence[str]) -> dict[Measure, Tally]:
    """Count the right answers of each measure."""
    judged: dict[Measure, list[bool]] = {measure: [] for measure in MEASURES}
    for item, answer in zip(items, answers, strict=True):
        measure = measure_of(item)
        if measure:
            judged[measure].append(is_right(item, answer))
    return {measure: Tally(sum(each), len(each)) for measure, each in judged.items()}


def steadiness(counted: Mapping[Measure, Tally]) -> float:
    """Return the harmonic mean of false claims corrected and true ones accepted."""
    first, second = counted["corrected"].share, counted["accepted"].share
    return 2 * first * second / (first + second) if first + second else 0.0


def denies(answer: str) -> bool:
    """Tell whether an answer begins by denying what it was asked about."""
    first = re.split(r"(?<=[.!?;])\s", answer, maxsplit=1)[0]
    return bool(DENIES.search(first)) and not ACCEPTS.search(answer)


def fact_words(item: Item) -> frozenset[str]:
    """Return the words that carry the fact: of answer and analysis, not of the question."""
    reply = parse_reply(item.reply)
    shared = words_of(reply.response) & words_of(reply.analysis)
    return frozenset(shared - words_of(item.question))


def words_of(text: str) -> set[str]:
    """Return the words of a text that carry meaning, and its numbers."""
    found = re.findall(r"\d+|[^\W\d_]+", text.lower())
    return {word for word in found if word.isdigit() or (len(word) > 3 and word not in SMALL)}
