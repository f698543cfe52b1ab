"""Formats as data: a list of phases, each a list of turns. `formats.yaml` holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from persllm.agents.dialogue.seats import Seat
from persllm.tables import table

Kind = Literal["dialogue", "debate", "interview", "cooperation"]
Hearing = Literal["all", "side"]
ROUNDS, TURNS = "rounds", "turns"
NEXT, ALL, OTHERS = "next", "all", "others"
SIDES = ("for", "against")
ANSWER, ASKING = "answer", ("question", "interview", "moderate")
"""What a turn is asked for that answers a question, and what one that asks it."""


@dataclass(frozen=True, slots=True)
class PhaseTurn:
    """One turn of a phase."""

    who: str
    """A side, a role, or one of `all`, `others` and `next`."""
    ask: str = ""
    """What the speaker is told to do: a key of the prompts; nothing by default."""
    heard: Hearing = "all"


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a format."""

    id: str
    turns: tuple[PhaseTurn, ...]
    times: int | str = 1
    """How often it is held: a number, or what the scenario counts, `rounds` or `turns`."""


@dataclass(frozen=True, slots=True)
class Format:
    """Who speaks when."""

    id: str
    kind: Kind
    about: str
    phases: tuple[Phase, ...]

    @property
    def counted(self) -> str:
        """What a scenario counts in it: `rounds`, `turns` or nothing."""
        return next(
            (str(phase.times) for phase in self.phases if phase.times in (ROUNDS, TURNS)), ""
        )

    @property
    def needed(self) -> tuple[str, ...]:
        """Sides and roles that somebody must have."""
        found = [turn.who for phase in self.phases for turn in phase.turns]
        return tuple(dict.fromkeys(who for who in found if who not in (NEXT, ALL)))


@dataclass(frozen=True, slots=True)
class Slot:
    """A turn that is to be spoken."""

    phase: str
    seat: str | None
    """Id of the seat; None: who is next is seen when it is time."""
    ask: str
    heard: Hearing


@cache
def formats() -> dict[str, Format]:
    """Return all formats by their ids."""
    rows = table("persllm.agents.dialogue.formats")
    return {name: _format(name, row) for name, row in rows.items()}


def matching(who: str, seats: Sequence[Seat]) -> list[Seat]:
    """Return the seats that a phase's `who` means, in order."""
    if who == ALL:
        return list(seats)
    if who == OTHERS:
        return [seat for seat in seats if not seat.role]
    if who in SIDES:
        return [seat for seat in seats if seat.side == who]
    return [seat for seat in seats if seat.role == who]


def slots_of(form: Format, seats: Sequence[Seat], count: int) -> tuple[Slot, ...]:
    """Return every turn of a format in order; `count` is what the scenario counts."""
    return tuple(
        Slot(phase.id, seat.id if seat else None, turn.ask, turn.heard)
        for phase in form.phases
        for _ in range(phase.times if isinstance(phase.times, int) else count)
        for turn in phase.turns
        for seat in ([None] if turn.who == NEXT else matching(turn.who, seats))
    )


def _format(name: str, row: dict[str, Any]) -> Format:
    phases = tuple(
        Phase(
            phase["id"],
            tuple(PhaseTurn(**turn) for turn in phase["turns"]),
            phase.get("times", 1),
        )
        for phase in row["phases"]
    )
    return Format(name, row["kind"], row["about"], phases)
