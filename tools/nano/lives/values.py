"""The values that facts can have: one way of drawing for each pool.

Knows how a title, a firm or a street is put together. It does not know whose fact it becomes.
"""

from collections.abc import Callable, Mapping
from random import Random

from tools.nano.lives.kinds import Pool
from tools.nano.lives.names import HELD_OUT, Names, is_held_out
from tools.nano.lives.text import with_article
from tools.nano.lives.words import WORDS


def _title(names: Names, random: Random) -> str:
    one, two = random.sample(WORDS.title_nouns, 2)
    form = random.randrange(4)
    if form == 0:
        return f"The {random.choice(WORDS.title_adjectives)} {one}"
    if form == 1:
        return f"The {one} and the {two}"
    study = random.choice(WORDS.title_studies)
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
        return f"the {names.place(random)} {random.choice(WORDS.firm_ends)}"
    return f"Messrs {random.choice(names.surnames)} and {random.choice(names.surnames)}"


def _invention(names: Names, random: Random) -> str:
    noun = random.choice(WORDS.invention_nouns)
    return with_article(f"{random.choice(WORDS.invention_adjectives)} {noun}")


def _pet(names: Names, random: Random) -> str:
    return f"{with_article(random.choice(WORDS.animals))} called {random.choice(WORDS.pet_names)}"


def _street(names: Names, random: Random) -> str:
    return f"{random.choice(WORDS.street_starts)} {random.choice(WORDS.street_ends)}"


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
    "trade": _of(WORDS.trades),
    "study": _of(WORDS.studies),
    "object": _of(WORDS.objects),
    "fear": _of(WORDS.fears),
    "habit": _of(WORDS.habits),
    "food": _of(WORDS.foods),
    "drink": _of(WORDS.drinks),
    "illness": _of(WORDS.illnesses),
    "country": _of(WORDS.countries),
    "disaster": _of(WORDS.disasters),
    "prize": _of(WORDS.prizes),
    "instrument": _of(WORDS.instruments),
    "flower": _of(WORDS.flowers),
    "property": _of(WORDS.properties),
    "language": _of(WORDS.languages),
}


def drawn_value(pool: Pool, names: Names, random: Random, *, year: int) -> str:
    """Return a value of a pool; years are drawn near the one given."""
    if pool == "year":
        return str(year + random.choice((-1, 1)) * random.randint(1, 30))
    return _POOLS[pool](names, random)
