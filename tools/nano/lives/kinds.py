"""What a kind of fact is: the ways to state it, to ask for it and to claim it.

The kinds stand in `tables/`: of childhood, of grown life and of tastes. Slots in the
texts: {v} the value, {a} the value with its article, {x} and {ax} a wrong value, {y} the year,
{p} a place, {n} a person.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic.dataclasses import dataclass

from tools.nano.lives.tables import COMPLETE, Texts, read_table

Pool = Literal[
    "place", "year", "man", "woman", "trade", "school", "study", "firm", "title", "invention",
    "object", "pet", "fear", "habit", "food", "drink", "street", "illness", "country",
    "disaster", "prize", "instrument", "flower", "property", "language", "river",
]  # fmt: skip
Time = Literal["birth", "childhood", "event", "always"]
Theme = Literal["place", "person", "work", "thing", "self", "kin"]


@dataclass(frozen=True, slots=True, kw_only=True, config=COMPLETE)
class Kind:
    """One kind of fact and its phrasings."""

    name: str
    pool: Pool
    time: Time
    theme: Theme
    about: str
    """What "Tell me about ..." names."""
    statements: Texts
    questions: Texts
    first: Texts
    """Clauses in the speaker's mouth, without a full stop; `contrast` can follow them."""
    second: Texts
    """The same as the user would claim it."""
    tag: str
    """The question that can close `second`: "were you not"."""
    contrast: str
    """What was wrong: "not in {x}"."""
    negated: str
    """The denial as a clause."""
    loaded: Texts
    """Questions that take the fact for granted."""
    colours: Texts = ()
    """Sentences that may follow the statement."""


_TABLES = ("kinds_early.yaml", "kinds_grown.yaml", "kinds_tastes.yaml")
KINDS: Mapping[str, Kind] = {
    kind.name: kind for name in _TABLES for kind in read_table(name, tuple[Kind, ...])
}
"""By name, in the order of their lives."""
