"""What a kind of fact is: the ways to state it, to ask for it and to claim it.

Knows the shape only; the tables are `kinds_early`, `kinds_grown` and `kinds_tastes`. Slots in the
texts: {v} the value, {a} the value with its article, {x} and {ax} a wrong value, {y} the year,
{p} a place, {n} a person.
"""

from dataclasses import dataclass
from typing import Literal

Pool = Literal[
    "place", "year", "man", "woman", "trade", "school", "study", "firm", "title", "invention",
    "object", "pet", "fear", "habit", "food", "drink", "street", "illness", "country",
    "disaster", "prize", "instrument", "flower", "property", "language", "river",
]  # fmt: skip
Time = Literal["birth", "childhood", "event", "always"]
Theme = Literal["place", "person", "work", "thing", "self", "kin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fact and its phrasings."""

    name: str
    pool: Pool
    time: Time
    theme: Theme
    about: str
    """What "Tell me about ..." names."""
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    first: tuple[str, ...]
    """Clauses in the speaker's mouth, without a full stop; `contrast` can follow them."""
    second: tuple[str, ...]
    """The same as the user would claim it."""
    tag: str
    """The question that can close `second`: "were you not"."""
    contrast: str
    """What was wrong: "not in {x}"."""
    negated: str
    """The denial as a clause."""
    loaded: tuple[str, ...]
    """Questions that take the fact for granted."""
    colours: tuple[str, ...] = ()
    """Sentences that may follow the statement."""
