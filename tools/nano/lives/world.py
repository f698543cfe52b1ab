"""What speakers know of the world: plain sentences in the third person."""

from pydantic.dataclasses import dataclass

from tools.nano.lives.tables import COMPLETE, Texts, read_table


@dataclass(frozen=True, slots=True, kw_only=True, config=COMPLETE)
class Topic:
    """Something that many know of."""

    name: str
    question: str
    text: str
    """What answers the question."""


@dataclass(frozen=True, slots=True, kw_only=True, config=COMPLETE)
class World:
    """Topics, and phrasings for towns, strangers and what a year is known for."""

    topics: tuple[Topic, ...]
    town_lies: Texts
    town_known: Texts
    town_river_questions: Texts
    town_goods_questions: Texts
    strangers: Texts
    events: tuple[tuple[int, str], ...]


WORLD = read_table("world.yaml", World)
