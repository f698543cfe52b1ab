"""What a visitor asks of himself, and how near to it lies what he told.

"What's my dog called?" asks for the note about "dog name". Vectors alone do not tell a dog's name
from a cat's, and a life full of dogs would bury it.
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from persllm.memory.clauses import APOSTROPHES, mended
from persllm.memory.lemmas import lemmas, meant
from persllm.memory.store import Memory

NAME = "name"
FOREIGN = 0.5
"""What of its nearness a note keeps that is about somebody who was not asked for."""
SOMEBODY = re.compile(r"The visitor's ([\w-]+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a turn asks of the visitor himself."""

    kind: Literal["nothing", "himself", "everything", "last"]
    words: Set[str] = frozenset()
    """Those by which it is found."""


@lru_cache(256)
def asked_of(turn: str) -> Asked:
    """Return what a turn asks of the one who speaks."""
    text = " ".join(mended(turn.translate(APOSTROPHES)).lower().split()).rstrip("?!. ")
    if any(pattern.search(text) for pattern in _patterns("last")):
        return Asked("last")
    words = {*lemmas(text), *_meant_otherwise(text)}
    if any(pattern.search(text) for pattern in _patterns("everything")) and len(words) <= 1:
        return Asked("everything")
    if _patterns("advice")[0].search(text):
        return Asked("nothing")
    if any(pattern.search(text) for pattern in _patterns("himself")):
        return Asked("himself", words)
    return Asked("nothing")


def _meant_otherwise(text: str) -> Set[str]:
    rows = (row for row in _data()["means"] if re.search(row["asked"], text))
    return {word for row in rows for word in lemmas(row["words"])}


def nearness(asked: Set[str], memory: Memory) -> float:
    """Return how much of what is asked for a note tells, and how little else it is about, 0 to 1."""
    if not asked:
        return 0.0
    key, held = lemmas(memory.about), lemmas(f"{memory.about} {memory.text}")
    told = sum(bool(meant({word}) & held) for word in asked) / len(asked)
    wanted = meant(asked)
    alike = len(wanted & key) / len(asked | key) if key else 0.0
    near = (told + min(1.0, alike)) / 2
    somebody = SOMEBODY.match(memory.text)
    foreign = somebody and not lemmas(somebody[1]) & wanted
    return near * FOREIGN if foreign else near


def newest(told: Sequence[Memory], count: int, *, name_first: bool) -> list[Memory]:
    """Return what was told last, the newest first; with the name before that, where it is known."""
    late = sorted(told, key=lambda memory: memory.when, reverse=True)
    names = [memory for memory in late if memory.about == NAME][:1] if name_first else []
    return [*names, *(memory for memory in late if memory not in names)][:count]


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    given = _data()[name]
    return tuple(re.compile(each) for each in ([given] if isinstance(given, str) else given))


@cache
def _data() -> dict[str, Any]:
    text = files("persllm.memory").joinpath("asking.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data
