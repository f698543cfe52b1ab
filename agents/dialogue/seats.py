"""Who sits at the table: a seat is told by its id, not by a name.

Two of one name, two ages of one person, and a persona beside itself have seats of their own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from persllm.persona import Persona, Stage, persona_id, year_text

Side = Literal["for", "against", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CastMember:
    """Who is to take a seat: a persona at a stage, or a person at the terminal."""

    persona: Persona | None = None
    """None: a person."""
    stage: Stage | None = None
    """None: the persona's first."""
    human: str = ""
    """The person's name."""
    side: Side = "none"
    role: str = ""
    """Such as moderator or interviewer."""
    absent: bool = False
    """Whether it is not there before it enters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A place at the table and who sits there."""

    id: str
    """Persona id, stage and, from the second of the same on, a number: "x@late#2"."""
    name: str
    """What the others call it; no two seats share one."""
    persona: Persona | None
    stage: Stage | None
    side: Side
    role: str
    absent: bool

    @property
    def is_human(self) -> bool:
        """Whether a person sits there."""
        return self.persona is None

    @property
    def called(self) -> tuple[str, ...]:
        """By what it is addressed: its name, and the last word of it."""
        whole = self.persona.name if self.persona else self.name
        return tuple(dict.fromkeys((self.name, whole, whole.split()[-1])))


def take_seats(cast: Sequence[CastMember]) -> tuple[Seat, ...]:
    """Return a seat for each, in order; ids and names differ."""
    plain = [_plain_id(member) for member in cast]
    years = [_with_year(member, cast) for member in cast]
    return tuple(
        Seat(
            id=_numbered(plain, place, "{}#{}"),
            name=_numbered(years, place, "{} ({})"),
            persona=member.persona,
            stage=_stage(member),
            side=member.side,
            role=member.role,
            absent=member.absent,
        )
        for place, member in enumerate(cast)
    )


def find_seat(seats: Sequence[Seat], said: str) -> Seat | None:
    """Return the seat that an id means; a persona's id is enough where it sits once."""
    exact = [seat for seat in seats if said in (seat.id, seat.name)]
    by_persona = [seat for seat in seats if seat.id.partition("@")[0] == said]
    found = exact or by_persona
    return found[0] if len(found) == 1 else None


def _stage(member: CastMember) -> Stage | None:
    return member.stage or (member.persona.stages[0] if member.persona else None)


def _plain_id(member: CastMember) -> str:
    stage = _stage(member)
    if member.persona is None or stage is None:
        return f"human:{persona_id(member.human)}"
    return f"{member.persona.id}@{stage.id}"


def _name(member: CastMember) -> str:
    return member.persona.name if member.persona else member.human


def _with_year(member: CastMember, cast: Sequence[CastMember]) -> str:
    """Return a name, with the year it speaks from where another one has the name."""
    name, stage = _name(member), _stage(member)
    shared = sum(_name(other) == name for other in cast) > 1
    return f"{name} of {year_text(stage.last)}" if shared and stage else name


def _numbered(names: Sequence[str], place: int, form: str) -> str:
    number = Counter(names[: place + 1])[names[place]]
    return names[place] if number == 1 else form.format(names[place], number)
