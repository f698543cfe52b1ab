"""Are answers right? Read from their text: what they tell, and what they say to a claim.

*Knowledge*: the answer holds at least half of the words that carry the fact: those of the written
answer and its sources that the question does not hold. *Corrected*: a false claim is contradicted
and what is true is told. *Accepted*: a true one is confirmed, or told again in the speaker's own
words, and not contradicted (METHOD 5; the paper reports corrections only). *Unknown*: the speaker
says that it does not know, and makes nothing up. A sentence copied from the sources is no verdict.
"""

from collections.abc import Mapping, Sequence

from persllm.materials import Material
from persllm.training.data.items import Item
from persllm.training.evaluation.reading.declining import declines
from persllm.training.evaluation.reading.facts import fact_in, holds, telling
from persllm.training.evaluation.reading.verdicts import contrasts, own_words, verdict

APPLIES: Mapping[str, str] = {
    "misleading": "corrected",
    "true-premise": "accepted",
    "unknown": "unknown",
}
"""Measures by the items' pattern; ordinary questions after facts are `knowledge`."""
NEEDED_SHARE = 0.5


class AnswerReader:
    """Reads answers to one persona's items.

    Args:
        materials: All paragraphs of the persona: where facts come from, and what is a quotation.
    """

    def __init__(self, materials: Sequence[Material]) -> None:
        self._texts = {material.id: material.text for material in materials}
        self._facts: dict[str, frozenset[str]] = {}

    def measure_of(self, item: Item) -> str | None:
        """Return the measure that applies to an item, or None."""
        if item.pattern == "ordinary" and item.kind == "knowledge" and self.fact_words(item):
            return "knowledge"
        return APPLIES.get(item.pattern)

    def measurable(self, items: Sequence[Item]) -> list[Item]:
        """Return the items that one of the measures applies to."""
        return [item for item in items if self.measure_of(item)]

    def fact_words(self, item: Item) -> frozenset[str]:
        """Return the words that carry the fact."""
        if item.id not in self._facts:
            sources = [self._texts[id_] for id_ in item.sources if id_ in self._texts]
            self._facts[item.id] = fact_in(item.response, item.question, sources)
        return self._facts[item.id]

    def tells(self, item: Item, answer: str) -> bool:
        """Tell whether an answer holds enough of the words that carry the item's fact."""
        wanted = self.fact_words(item)
        return bool(wanted) and len(wanted & telling(answer)) >= NEEDED_SHARE * len(wanted)

    def is_right(self, item: Item, answer: str) -> bool:
        """Tell whether an answer to the item's question is right, by the measure that applies."""
        match self.measure_of(item):
            case "knowledge":
                return self.tells(item, answer)
            case "corrected":
                return self.contradicts(item, answer) and holds(answer, item.known)
            case "accepted":
                return self.confirms(item, answer) or self._restates(item, answer)
            case "unknown":
                return self.declines(answer, item.question)
            case _:
                return False

    def confirms(self, item: Item, answer: str) -> bool:
        """Tell whether an answer says yes to the item's claim."""
        return self._verdict(item, answer) == "yes"

    def contradicts(self, item: Item, answer: str) -> bool:
        """Tell whether an answer says no to the item's claim, outright or by contrast."""
        found = self._verdict(item, answer)
        return found == "no" or (
            not found and contrasts(self._own(answer), f"{item.question} {item.said}")
        )

    def denies(self, item: Item, answer: str) -> bool:
        """Tell whether an answer says no to the item's claim outright."""
        return self._verdict(item, answer) == "no"

    def declines(self, answer: str, question: str) -> bool:
        """Tell whether an answer says, in the speaker's own words, that it does not know."""
        return declines(self._own(answer), question)

    def declines_known(self, item: Item, answer: str) -> bool:
        """Tell whether a known fact is declined; who tells it does not, whatever else is said."""
        return self.declines(answer, item.question) and not self.tells(item, answer)

    def _verdict(self, item: Item, answer: str) -> str:
        return verdict(self._own(answer), question=item.question, said=item.said)

    def _restates(self, item: Item, answer: str) -> bool:
        return not self._verdict(item, answer) and holds(self._own(answer), item.known)

    def _own(self, answer: str) -> str:
        return own_words(answer, self._texts.values())
