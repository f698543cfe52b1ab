"""Who speaks next and what happens before: read off the turns so far, so that nothing is kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from persllm.agents.dialogue.hearing import present
from persllm.agents.dialogue.scenario import Event, Scenario
from persllm.agents.dialogue.seats import Seat
from persllm.agents.dialogue.transcript import SPEECH, Turn


@dataclass(frozen=True, slots=True)
class Cue:
    """Whose turn it is."""

    slot: int
    seat: Seat
    phase: str
    ask: str
    heard_by: tuple[str, ...]
    """Ids of all who will hear it, the speaker among them."""
    aside: bool
    """Whether some of those who are there will not."""


def due_events(scenario: Scenario, turns: Sequence[Turn]) -> list[tuple[int, Event]]:
    """Return the events whose time has come, with their places in the scenario."""
    spoken = sum(turn.slot >= 0 for turn in turns)
    happened = {turn.event for turn in turns}
    return [
        (place, event)
        for place, event in enumerate(scenario.events)
        if event.after <= spoken and place not in happened
    ]


def next_cue(scenario: Scenario, turns: Sequence[Turn]) -> Cue | None:
    """Return whose turn it is; None where the play is over. Who is absent is passed over."""
    there = present(scenario.seats, turns)
    slots = scenario.slots
    first = max((turn.slot for turn in turns), default=-1) + 1
    for place in range(first, len(slots)):
        slot = slots[place]
        seat = _next_speaker(scenario, there, turns) if slot.seat is None else None
        seat = seat or next((each for each in there if each.id == slot.seat), None)
        if seat is not None:
            side_only = slot.heard == "side"
            hears = [s.id for s in there if not side_only or s.side == seat.side]
            return Cue(place, seat, slot.phase, slot.ask, tuple(hears), len(hears) < len(there))
    return None


def _next_speaker(scenario: Scenario, there: Sequence[Seat], turns: Sequence[Turn]) -> Seat | None:
    """Return who was addressed by the last speaker, else who has been silent longest."""
    words = [turn for turn in turns if turn.kind == SPEECH and not turn.aside]
    if scenario.order == "addressed" and words:
        others = [seat for seat in there if seat.id != words[-1].seat]
        called = addressed(words[-1].text, others)
        if called:
            return called
    spoke = {turn.seat: place for place, turn in enumerate(turns) if turn.slot >= 0}
    return min(there, key=lambda seat: spoke.get(seat.id, -1), default=None)


def addressed(text: str, seats: Sequence[Seat]) -> Seat | None:
    """Return the one seat of those that a text names last; None where that is not one alone."""
    last: dict[int, list[Seat]] = {}
    for seat in seats:
        ends = [
            found.end()
            for name in seat.called
            for found in re.finditer(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)
        ]
        if ends:
            last.setdefault(max(ends), []).append(seat)
    named = last[max(last)] if last else []
    return named[0] if len(named) == 1 else None
