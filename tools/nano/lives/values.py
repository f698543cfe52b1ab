"""The values that facts can have: one way of drawing for each pool.

Knows how a title, a firm or a street is put together. It does not know whose fact it becomes.
"""

from collections.abc import Callable, Mapping
from random import Random

from tools.nano.lives import words
from tools.nano.lives.kinds import Pool
from tools.nano.lives.names import HELD_OUT, Names, is_held_out
from tools.nano.lives.text import with_article


def _title(names: Names, random: Random) -> str:
    one, two = random.sample(words.TITLE_NOUNS, 2)
    form = random.randrange(4)
    if form == 0:
        return f"The {random.choice(words.TITLE_ADJECTIVES)} {one}"
    if form == 1:
        return f"The {one} and the {two}"
    study = random.choice(words.TITLE_STUDIES)
    return f"On {study}" if form == 2 else f"The Book of {study}"


def _own_title(names: Names, random: Random) -> str:
    held_out = names is HELD_OUT
    while is_held_out(title := _title(names, random)) != held_out:
        pass
    return title


def _school(names: Names, random: Random) -> str:
    place = names.place(random)
    return random.choice((f"the grammar school in {place}", f"the {place} village school"))


def _firm(names: Names, random: Random) -> str:
    if random.random() < 0.5:
        return f"the {names.place(random)} {random.choice(words.FIRM_ENDS)}"
    return f"Messrs {random.choice(names.surnames)} and {random.choice(names.surnames)}"


def _invention(names: Names, random: Random) -> str:
    noun = random.choice(words.INVENTION_NOUNS)
    return with_article(f"{random.choice(words.INVENTION_ADJECTIVES)} {noun}")


def _pet(names: Names, random: Random) -> str:
    return f"{with_article(random.choice(words.ANIMALS))} called {random.choice(words.PET_NAMES)}"


def _street(names: Names, random: Random) -> str:
    return f"{random.choice(words.STREET_STARTS)} {random.choice(words.STREET_ENDS)}"


def _of(choices: tuple[str, ...]) -> Callable[[Names, Random], str]:
    return lambda names, random: random.choice(choices)


_POOLS: Mapping[Pool, Callable[[Names, Random], str]] = {
    "place": lambda names, random: names.place(random),
    "man": lambda names, random: names.man(random),
    "woman": lambda names, random: names.woman(random),
    "river": lambda names, random: random.choice(names.rivers),
    "school": _school,
    "firm": _firm,
    "title": _own_title,
    "invention": _invention,
    "pet": _pet,
    "street": _street,
    "trade": _of(words.TRADES),
    "study": _of(words.STUDIES),
    "object": _of(words.OBJECTS),
    "fear": _of(words.FEARS),
    "habit": _of(words.HABITS),
    "food": _of(words.FOODS),
    "drink": _of(words.DRINKS),
    "illness": _of(words.ILLNESSES),
    "country": _of(words.COUNTRIES),
    "disaster": _of(words.DISASTERS),
    "prize": _of(words.PRIZES),
    "instrument": _of(words.INSTRUMENTS),
    "flower": _of(words.FLOWERS),
    "property": _of(words.PROPERTIES),
    "language": _of(words.LANGUAGES),
}


def drawn_value(pool: Pool, names: Names, random: Random, *, year: int) -> str:
    """Return a value of a pool; years are drawn near the one given."""
    if pool == "year":
        return str(year + random.choice((-1, 1)) * random.randint(1, 30))
    return _POOLS[pool](names, random)
