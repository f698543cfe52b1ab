"""What may be wrong with a turn: empty, a form that leaked, words put in others' mouths, a loop.

A reply that is word for word one of the few turns before is drawn again while it is read
(`persllm.agents.reply_guards`); here a whole turn is held against the whole play.
"""

import re
from collections.abc import Sequence, Set
from functools import cache, lru_cache

from persllm.agents.dialogue.seats import Seat
from persllm.agents.reply_guards import plain_turn
from persllm.sentences import joined, sentences
from persllm.tables import table

EMPTY, LEAKED, FOR_OTHERS, REPEATED = "empty", "leaks a form", "speaks for others", "repeats"
RUN = 5
"""So many words in a row count as said before."""
SHARE = 0.6
"""A turn repeats another one that has this part of its runs, and so does a sentence."""
KEPT = 4096
"""Of so many texts the runs are kept: a turn is held against every one before it."""


@cache
def _tables() -> dict[str, list[str]]:
    tables: dict[str, list[str]] = table("persllm.agents.dialogue.guards")
    return tables


def faults_of(text: str, *, seats: Sequence[Seat], before: Sequence[str]) -> tuple[str, ...]:
    """Return what is wrong with a turn.

    Args:
        text: What was said.
        seats: Who is at the table; nobody's name may stand before words, as in a script.
        before: Everything that was said before it.
    """
    if not plain_turn(text):
        return (EMPTY,)
    found = {
        LEAKED: any(mark.lower() in text.lower() for mark in _tables()["forms"]),
        FOR_OTHERS: _has_speaker_line(text, seats),
        REPEATED: any(_repeats(text, earlier) for earlier in before),
    }
    return tuple(fault for fault, is_so in found.items() if is_so)


def without_repeats(text: str, before: Sequence[str]) -> str:
    """Return a turn without the sentences that were said before; nothing may be left."""
    lines = sentences(text)
    return joined(line for line in lines if not any(_is_in(line, each) for each in before))


def _is_in(line: str, earlier: str) -> bool:
    if _runs(line):
        return len(_runs(line) & _runs(earlier)) >= SHARE * len(_runs(line))
    return plain_turn(line) in _short_sentences(earlier)


def _has_speaker_line(text: str, seats: Sequence[Seat]) -> bool:
    names = [*_tables()["speakers"], *(name for seat in seats for name in seat.called)]
    any_name = "|".join(re.escape(name) for name in names)
    start = r"(?:^|[\n.!?\u201d\"])[ \t*_>]*"
    return re.search(rf"{start}(?:{any_name})[*_]*[ \t]*[:\uff1a]", text, re.IGNORECASE) is not None


def _repeats(text: str, earlier: str) -> bool:
    said, known = _runs(text), _runs(earlier)
    if not said or not known:
        return plain_turn(text) == plain_turn(earlier)
    return len(said & known) >= SHARE * len(said)


@lru_cache(KEPT)
def _runs(text: str) -> Set[tuple[str, ...]]:
    """Return the runs of words in a text; none where it is shorter than one."""
    words = plain_turn(text).split()
    return frozenset(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


@lru_cache(KEPT)
def _short_sentences(text: str) -> Set[str]:
    return frozenset(plain_turn(line) for line in sentences(text) if not _runs(line))
