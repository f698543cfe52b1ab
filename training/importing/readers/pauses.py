"""Where a talk paused: what is said the next day begins a new one, unless it answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from persllm.training.importing.document import Turn

HOUR = 3600.0
PAUSE = 6 * HOUR
"""Seconds of silence after which a talk is over."""
WAITS = 24 * HOUR
"""So long may a question wait for its answer."""
ASKS = ("?", "\uff1f", "\u061f", "\u037e")


@dataclass(frozen=True, slots=True)
class Timed:
    """A turn, and when it was said in seconds of any clock, where that is known."""

    turn: Turn
    at: float | None


def parted(turns: Iterable[Timed]) -> Iterator[Turn]:
    """Yield turns whose scene is another one after every pause."""
    before: Timed | None = None
    pauses = 0
    for each in turns:
        pauses += before is not None and _paused(before, each)
        yield replace(each.turn, scene=f"{each.turn.scene} {pauses}")
        before = each


def _paused(before: Timed, after: Timed) -> bool:
    if before.at is None or after.at is None:
        return False
    asks = before.turn.text.rstrip().endswith(ASKS)
    return abs(after.at - before.at) > (WAITS if asks else PAUSE)
