"""What a visitor asks of himself, and how near to it lies what he told.

"What's my dog called?" asks for the note about "dog name". Vectors alone do not tell a dog's name
from a cat's, and a life full of dogs would bury it.
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from persllm.memory.clauses import APOSTROPHES, is_command, mended
from persllm.memory.lemmas import lemmas, meant
from persllm.memory.store import Memory
from persllm.tables import table

NAME = "name"
FOREIGN = 0.5
"""What of its nearness a note keeps that is about somebody else than who was asked for."""
NEWS = 5
"""So many of the best answers are looked at for news that make others untrue."""
OWN = re.compile(r"\bmy ((?:[\w-]+)(?:'s)?)")
OTHER = re.compile(r"\b(?:you|your|yours|yourself)\b")
HIMSELF = "The visitor "
LIVING = re.compile(r"\bfor (?:a living|money)\b")
SOMEBODY = re.compile(r"The visitor's ([\w-]+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a turn asks of the visitor himself."""

    kind: Literal["nothing", "himself", "everything", "last"]
    words: Set[str] = frozenset()
    """Those by which it is found."""
    whose: Set[str] = frozenset()
    """What of his he asks about, such as "dog"."""
    now: bool = False
    """Whether he asks how it is now, and not how it was."""


@lru_cache(256)
def asked_of(turn: str) -> Asked:
    """Return what a turn asks of the one who speaks."""
    text = " ".join(mended(turn.translate(APOSTROPHES)).lower().split()).rstrip("?!. ")
    if any(pattern.search(text) for pattern in _patterns("last")):
        return Asked("last")
    words = {*lemmas(LIVING.sub("", text)), *_meant_otherwise(text)}
    if len(words) <= 1 and any(pattern.search(text) for pattern in _patterns("everything")):
        return Asked("everything")
    if _patterns("advice")[0].search(text):
        return Asked("nothing")
    of_us = re.sub(r"\bour\b", "my", re.sub(r"\b(did|have|were) we\b", r"\1 i", text))
    if any(pattern.search(of_us) for pattern in _patterns("himself")) or _is_own(of_us, turn):
        own = [lemmas(each) for each in OWN.findall(of_us)]
        now = not _patterns("past")[0].search(text)
        return Asked("himself", words, next((each for each in own if each), frozenset()), now)
    others = turn.rstrip().endswith("?") and not OTHER.search(text)
    return Asked("nothing", words if others else frozenset())  # "Who is Amira?"


def _is_own(text: str, turn: str) -> bool:
    """Tell whether a question speaks of oneself and not of the other."""
    asking = turn.rstrip().endswith("?") or is_command(text)
    return asking and bool(re.search(r"\b(?:my|i|i'm|i've|me)\b", text)) and not OTHER.search(text)


def _meant_otherwise(text: str) -> Set[str]:
    rows = (row for row in table("persllm.memory.asking")["means"] if re.search(row["asked"], text))
    return {word for row in rows for word in lemmas(row["words"])}


def nearness(asked: Asked, memory: Memory) -> float:
    """Return how much of what is asked a note tells, and how little else it is about, 0 to 1."""
    if not asked.words:
        return 0.0
    key, held = lemmas(memory.about), lemmas(f"{memory.about} {memory.heard}")
    told = sum(bool(meant({word}) & held) for word in asked.words) / len(asked.words)
    wanted = meant(asked.words)
    alike = len(wanted & key) / len(asked.words | key) if key else 0.0
    near = (told + min(1.0, alike)) / 2
    somebody = SOMEBODY.match(memory.text)
    named = " ".join(word for word in memory.about.split() if word[0].isupper())
    others = somebody and not lemmas(f"{somebody[1]} {named}") & wanted
    other = asked.whose and not meant(asked.whose) & held
    return near * FOREIGN if others or other else near


def still_so(asked: Asked, told: Sequence[Memory]) -> list[Memory]:
    """Return what was told, the best answer first, without what later news of the same changed.

    Only where one asks how it is now: who asks how the book came along wants all of it.
    """
    changes = _patterns("changes")[0]
    best = told[:NEWS] if asked.now else ()
    news = [each for each in best if changes.search(each.text) and _is_of(asked, each)]
    last = max(news, key=lambda memory: memory.when, default=None)
    if last is None:
        return list(told)
    same = lemmas(last.text)
    return [each for each in told if each.when >= last.when or not same & lemmas(each.text)]


def _is_of(asked: Asked, memory: Memory) -> bool:
    """Tell whether news may be of what is asked: where I moved to says nothing of my sister."""
    himself = memory.text.startswith(HIMSELF)
    return not (asked.whose and himself) or bool(meant(asked.whose) & lemmas(memory.heard))


def newest(told: Sequence[Memory], count: int, *, name_first: bool) -> list[Memory]:
    """Return what was told last, the newest first; with the name before that, where it is known."""
    late = sorted(told, key=lambda memory: memory.when, reverse=True)
    names = [memory for memory in late if memory.about == NAME][:1] if name_first else []
    return [*names, *(memory for memory in late if memory not in names)][:count]


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    given = table("persllm.memory.asking")[name]
    return tuple(re.compile(each) for each in ([given] if isinstance(given, str) else given))
