"""Proper names: which exist, and which are kept for held-out lives.

A name is held out by its own checksum, so that training and held-out lives share no name whatever
the seed. It does not know what a name is given to.
"""

from dataclasses import dataclass
from itertools import product
from random import Random
from zlib import crc32

from tools.nano.lives.words import WORDS

ONE_IN = 8


def is_held_out(name: str) -> bool:
    """Say whether a name belongs to held-out lives only."""
    return crc32(name.encode()) % ONE_IN == 0


def _joined(starts: tuple[str, ...], ends: tuple[str, ...]) -> tuple[str, ...]:
    """Return all starts with all ends, less those that stumble ("Mellley", "Norrick")."""
    return tuple(
        start + end
        for start, end in product(starts, ends)
        if start[-1] != end[0] and not (start[-1] in "aeiou" and end[0] in "aeiou")
    )


@dataclass(frozen=True, slots=True)
class Names:
    """All the proper names that one half of the lives may use."""

    men: tuple[str, ...]
    women: tuple[str, ...]
    surnames: tuple[str, ...]
    cities: tuple[str, ...]
    towns: tuple[str, ...]
    rivers: tuple[str, ...]

    def place(self, random: Random) -> str:
        """Return a real city or an invented town."""
        return random.choice(self.cities if random.random() < 0.3 else self.towns)

    def man(self, random: Random) -> str:
        """Return a man's first name and surname."""
        return f"{random.choice(self.men)} {random.choice(self.surnames)}"

    def woman(self, random: Random) -> str:
        """Return a woman's first name and surname."""
        return f"{random.choice(self.women)} {random.choice(self.surnames)}"

    def anyone(self, random: Random) -> str:
        """Return a man's or a woman's full name."""
        return self.man(random) if random.random() < 0.6 else self.woman(random)


def _half(*, held_out: bool) -> Names:
    def kept(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys(names) if is_held_out(name) == held_out)

    towns = _joined(WORDS.place_starts, WORDS.place_ends)
    surnames = _joined(WORDS.name_starts, WORDS.name_ends)
    taken = {*towns, *WORDS.cities, *WORDS.men, *WORDS.women}
    return Names(
        men=kept(WORDS.men),
        women=kept(WORDS.women),
        surnames=kept(tuple(n for n in (*WORDS.surnames, *surnames) if n not in taken)),
        cities=kept(WORDS.cities),
        towns=kept(towns),
        rivers=kept(_joined(WORDS.river_starts, WORDS.river_ends)),
    )


TRAINING = _half(held_out=False)
HELD_OUT = _half(held_out=True)
