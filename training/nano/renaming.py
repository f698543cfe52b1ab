"""Other names and years for the same story, so that a model copies them instead of knowing them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from persllm.training.nano.lives.names import TRAINING

NAME = re.compile(r"(?<![.!?\"'] )(?<!^)(?<![\"'>(])\b[A-Z][a-zà-öø-ÿ]+\b", re.MULTILINE)
WORD = re.compile(r"\b[A-Z][a-zà-öø-ÿ]+\b")
YEAR = re.compile(r"\b1[5-9]\d\d\b|\b20\d\d\b")
PLACE_BEFORE = re.compile(
    r"\b(?:in|at|near|outside|across|through|leave|left|reached|(?:went|came|moved|sailed) to) $"
)
WOMAN_BEFORE = re.compile(
    r"\b(?:sister|mother|aunt|wife|daughter|widow|girl|Mrs|Miss|Madame|Aunt)\.? $"
)
KEPT = frozenset(
    """January February March April May June July August September October November December Monday
    Tuesday Wednesday Thursday Friday Saturday Sunday Mr Mrs Miss Dr Doctor Captain Father
    Mother Uncle Aunt Sir Saint Professor Madame Monsieur Master Lord Lady God Christmas Easter
    Bible King Queen Empire Street Church School University Royal North South East West New
    English French German Dutch Spanish Portuguese Italian American British Latin Greek Arabic
    Chinese Japanese Russian Indian Irish Scottish Welsh African European Christian Catholic
    Jewish Europe Africa America Asia England France Germany Spain Italy India China Japan Sea
    Ocean River Lake Bay Island Mount""".split()
)
PLACE_SHARE = 0.5
MOST_YEARS = 40


@dataclass(frozen=True, slots=True)
class Names:
    """A person's proper names, by what may stand for them."""

    places: tuple[str, ...]
    women: tuple[str, ...]
    others: tuple[str, ...]


def names_of(texts: Iterable[str]) -> Names:
    """Return the proper names in texts: words that are capital within sentences, and only so."""
    whole = "\n".join(texts)
    small = set(re.findall(r"\b[a-zà-öø-ÿ]+\b", whole))
    seen: Counter[str] = Counter()
    places: Counter[str] = Counter()
    women: Counter[str] = Counter()
    for match in NAME.finditer(whole):
        name, before = match[0], whole[max(0, match.start() - 16) : match.start()]
        if name not in KEPT and name.lower() not in small:
            seen[name] += 1
            places[name] += bool(PLACE_BEFORE.search(before))
            women[name] += bool(WOMAN_BEFORE.search(before))
    where = {name for name in seen if places[name] >= PLACE_SHARE * seen[name]}
    female = {name for name in seen if women[name]} - where
    rest = set(seen) - where - female
    return Names(*(tuple(sorted(group)) for group in (where, female, rest)))


def renamed(texts: Sequence[str], names: Names, random: Random) -> list[str]:
    """Return the texts with other names, and with all years moved by as much."""
    pools = (
        (names.places, (*TRAINING.cities, *TRAINING.towns)),
        (names.women, TRAINING.women),
        (names.others, (*TRAINING.men, *TRAINING.women, *TRAINING.surnames)),
    )
    turned = {
        old: new
        for group, pool in pools
        for old, new in zip(group, random.sample(pool, len(group)), strict=True)
    }
    years = random.randint(-MOST_YEARS, MOST_YEARS)

    def year(match: re.Match[str]) -> str:
        return str(int(match[0]) + years)

    return [
        YEAR.sub(year, WORD.sub(lambda match: turned.get(match[0], match[0]), text))
        for text in texts
    ]
