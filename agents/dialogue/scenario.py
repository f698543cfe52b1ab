"""What is to be played, as plain values: who, about what, in which format."""

from dataclasses import dataclass, field
from typing import Literal

from persllm.agents.dialogue.formats import Format, Slot, slots_of
from persllm.agents.dialogue.seats import Seat, find_seat
from persllm.files import digest

EventKind = Literal["note", "fact", "enters", "leaves", "aside"]
Order = Literal["round", "addressed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens between turns, as the scenario has it."""

    after: int
    """So many turns are spoken before it."""
    kind: EventKind
    text: str = ""
    seat: str = ""
    """Id of who enters, leaves, or speaks aside."""
    to: tuple[str, ...] = ()
    """Ids of those who notice it; nobody named means all who are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A play before it is held."""

    id: str
    title: str
    format: Format
    topic: str
    """The motion of a debate, the subject or the task of others."""
    seats: tuple[Seat, ...]
    count: int
    """Turns or rounds, whichever the format counts."""
    setting: str = ""
    order: Order = "addressed"
    """Who is next where the format leaves it open."""
    seed: int | None = 0
    """None: another play each time."""
    events: tuple[Event, ...] = ()
    slots: tuple[Slot, ...] = field(init=False, repr=False, compare=False)
    """Every turn that is to be spoken."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", slots_of(self.format, self.seats, self.count))

    def seat(self, id_: str) -> Seat:
        """Return a seat by its id.

        Raises:
            ValueError: There is none.
        """
        found = find_seat(self.seats, id_)
        if found is None:
            known = ", ".join(seat.id for seat in self.seats)
            raise ValueError(f"there is no seat {id_!r}. Name one of: {known}.")
        return found

    def digest(self) -> str:
        """Return a hash of all that a play of it depends on, but for the seed."""
        seats = [
            f"{seat.id}|{seat.name}|{seat.side}|{seat.role}|{seat.absent}|"
            f"{seat.persona.digest() if seat.persona else ''}"
            for seat in self.seats
        ]
        plan = (self.format, self.topic, self.count, self.setting, self.order)
        return digest(*seats, repr(plan), *map(repr, self.events))
