"""Claims asked in twos, so that no habit is taken for a verdict.

Who says yes to everything accepts every true claim, and who says no contradicts every false one.
So beside each claim one of the other kind is looked at, of the same stage and where there is one
of the same paragraph: a true claim counts as accepted only where the false one beside it is not
confirmed, a false one as corrected only where the true one beside it is not contradicted.
"""

from collections.abc import Mapping, Sequence

from persllm.training.data.items import Item
from persllm.training.evaluation.answers import AnswerReader

OTHER = {"corrected": "accepted", "accepted": "corrected"}


def beside(items: Sequence[Item], reader: AnswerReader) -> dict[str, Item]:
    """Return the claim that is looked at beside each claim, by the claim's id."""
    kinds: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        kinds.setdefault((item.stage, str(reader.measure_of(item))), []).append(item)
    found: dict[str, Item] = {}
    for (stage, measure), own in kinds.items():
        others = kinds.get((stage, OTHER.get(measure, "")), [])
        for at, item in enumerate(own if others else []):
            near = [other for other in others if set(other.sources) & set(item.sources)]
            found[item.id] = near[0] if near else others[at % len(others)]
    return found


def has_habit(other: Item, answer: str, reader: AnswerReader) -> bool:
    """Tell whether the claim beside got the same verdict, which is wrong there."""
    if reader.measure_of(other) == "accepted":
        return reader.denies(other, answer)
    return reader.confirms(other, answer)


def judged(
    items: Sequence[Item], answers: Mapping[str, str], reader: AnswerReader
) -> dict[str, bool]:
    """Return which items are answered rightly, by id.

    Args:
        items: What was asked.
        answers: What was said to each, by id.
        reader: Reads them.
    """
    others = beside(items, reader)
    right = {}
    for item in items:
        other = others.get(item.id)
        habit = other is not None and has_habit(other, answers[other.id], reader)
        right[item.id] = reader.is_right(item, answers[item.id]) and not habit
    return right
