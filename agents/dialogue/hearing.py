"""Who is there, and what each one has heard: nobody is told what was not said to him."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.scene import opening_of, prompts, scene_of
from persllm.agents.dialogue.seats import Seat
from persllm.agents.dialogue.transcript import SPEECH, Turn


def present(seats: Sequence[Seat], turns: Sequence[Turn]) -> tuple[Seat, ...]:
    """Return who is there after these turns, in seating order."""
    there = {seat.id: not seat.absent for seat in seats}
    for turn in turns:
        if turn.kind in ("enters", "leaves"):
            there[turn.seat] = turn.kind == "enters"
    return tuple(seat for seat in seats if there[seat.id])


def heard(turns: Sequence[Turn], seat: Seat) -> list[Turn]:
    """Return the turns that a seat has heard, its own among them."""
    return [turn for turn in turns if turn.seat == seat.id or seat.id in turn.heard_by]


def as_heard(
    scenario: Scenario, seat: Seat, turns: Sequence[Turn], *, ask: str = ""
) -> list[BaseMessage]:
    """Return a play as one seat has heard it: the others' turns are said to it."""
    there = present(scenario.seats, turns)
    company = [other for other in there if other.id != seat.id]
    messages: list[BaseMessage] = [
        SystemMessage(scene_of(scenario, seat, company=company, ask=ask))
    ]
    named = len(scenario.seats) > 2
    for turn in heard(turns, seat):
        own = turn.seat == seat.id and turn.kind == SPEECH
        if own and len(messages) == 1:
            messages.append(HumanMessage(opening_of(scenario)))
        messages.append(AIMessage(turn.text) if own else _said(turn, named=named))
    if not _was_spoken_to(seat, turns):
        spoke = any(isinstance(message, AIMessage) for message in messages)
        messages.append(HumanMessage(prompts()["go_on"] if spoke else opening_of(scenario)))
    return messages


def last_heard(turns: Sequence[Turn], seat: Seat) -> Turn | None:
    """Return the last words that somebody else said to a seat."""
    said = [turn for turn in heard(turns, seat) if turn.kind == SPEECH and turn.seat != seat.id]
    return said[-1] if said else None


def _was_spoken_to(seat: Seat, turns: Sequence[Turn]) -> bool:
    """Tell whether anybody spoke to a seat since it last spoke."""
    words = [turn for turn in heard(turns, seat) if turn.kind == SPEECH]
    return bool(words) and words[-1].seat != seat.id


def _said(turn: Turn, *, named: bool) -> HumanMessage:
    if turn.kind != SPEECH:
        form = prompts()[turn.kind]
        return HumanMessage(form.format(text=turn.text, name=turn.speaker))
    text = prompts()["whisper"].format(text=turn.text) if turn.aside else turn.text
    return HumanMessage(text, name=turn.speaker if named else None)
