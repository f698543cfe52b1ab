"""Who is there, and what each one has heard: nobody is told what was not said to him."""

from collections.abc import Sequence
from dataclasses import replace

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.scene import asked_for, opening_of, prompts, scene_of
from persllm.agents.dialogue.seats import Seat
from persllm.agents.dialogue.transcript import SPEECH, Turn
from persllm.sentences import one_line


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
    scenario: Scenario, seat: Seat, turns: Sequence[Turn], *, ask: str = "", point: str = ""
) -> list[BaseMessage]:
    """Return a play as one seat has heard it: the others' turns are said to it.

    Args:
        scenario: What is played.
        seat: Who is told.
        turns: Everything that was said.
        ask: What the turn to come is asked for; a key of the prompts, or nothing.
        point: What of the others' words it is to answer; all of them by default.
    """
    there = present(scenario.seats, turns)
    company = [other for other in there if other.id != seat.id]
    messages: list[BaseMessage] = [SystemMessage(scene_of(scenario, seat, company=company))]
    since: list[Turn] = []
    for turn in heard(turns, seat):
        if turn.seat == seat.id and turn.kind == SPEECH:
            asked = scenario.slots[turn.slot].ask if turn.slot >= 0 else ""
            messages += _before(
                scenario, since, point=turn.answers, ask=asked, first=not messages[1:]
            )
            messages.append(AIMessage(turn.text))
            since = []
        else:
            since.append(turn)
    return [*messages, *_before(scenario, since, point=point, ask=ask, first=not messages[1:])]


def _before(
    scenario: Scenario, since: Sequence[Turn], *, point: str, ask: str, first: bool
) -> list[BaseMessage]:
    """Return what stands before a turn: what was heard since the last one, and what is asked."""
    named = len(scenario.seats) > 2 and not point
    told = [_only(turn, point) for turn in since if turn.kind != SPEECH or point in _line(turn)]
    said = [turn.text for turn in told if turn.kind == SPEECH]
    line = asked_for(scenario, ask, said=said[-1] if said else "")
    if not said and not line:
        line = opening_of(scenario) if first else str(prompts()["go_on"])
    return [_said(turn, named=named) for turn in told] + ([HumanMessage(line)] if line else [])


def _line(turn: Turn) -> str:
    return one_line(turn.text)


def _only(turn: Turn, point: str) -> Turn:
    return replace(turn, text=point) if point and turn.kind == SPEECH else turn


def _said(turn: Turn, *, named: bool) -> BaseMessage:
    if turn.kind != SPEECH:
        form = prompts()[turn.kind]
        return HumanMessage(form.format(text=turn.text, name=turn.speaker))
    text = prompts()["whisper"].format(text=turn.text) if turn.aside else turn.text
    return HumanMessage(text, name=turn.speaker if named else None)
