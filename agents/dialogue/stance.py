"""How far those who hear a debate agree with its motion, before it and as it goes on.

They are asked, off the table, whether they agree; what counts is how likely the base finds yes
beside no after all that they have heard. A base leans to one of the two before anything is said, so
what tells is the change.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.hearing import as_heard
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.seats import CastMember, Seat, Side, take_seats
from persllm.agents.dialogue.transcript import Turn
from persllm.engine import Request, Scorer

ASK, YES, NO = "stance", "Yes.", "No."


@dataclass(frozen=True, slots=True)
class Stance:
    """How far one of them agreed with the motion, at several times."""

    name: str
    side: Side
    """For the audience: none."""
    points: tuple[tuple[int, float], ...]
    """After so many turns; from 0, no, to 1, yes."""

    @property
    def change(self) -> float:
        """What the debate added, from -1 to 1."""
        return self.points[-1][1] - self.points[0][1] if self.points else 0.0


def stances(
    scenario: Scenario,
    voices: Mapping[str, ChatPersona],
    turns: Sequence[Turn],
    *,
    audience: Mapping[Seat, ChatPersona],
    scorer: Scorer,
) -> list[Stance]:
    """Return where personas stood before the debate, after it, and after each of their turns.

    Args:
        scenario: What was played.
        voices: Who spoke for each seat of a persona, by its id.
        turns: All of them.
        audience: Who hears all that is said to all, and says nothing.
        scorer: The engine, which tells how likely a reply is.

    Raises:
        PersLLMError: A prompt, adapter or base does not fit.
    """
    whole = len(turns)
    found = []
    for seat in scenario.seats:
        if chat := voices.get(seat.id):
            own = [at + 1 for at, turn in enumerate(turns) if turn.seat == seat.id]
            times = sorted({0, whole, *own})
            found.append(_stance(scenario, seat, chat, turns, times=times, scorer=scorer))
    for seat, chat in audience.items():
        heard = [turn if turn.aside else _also_heard(turn, seat) for turn in turns]
        found.append(_stance(scenario, seat, chat, heard, times=[0, whole], scorer=scorer))
    return found


def seated(audience: Sequence[ChatPersona]) -> dict[Seat, ChatPersona]:
    """Return who hears a debate without a word, each on a seat of its own."""
    cast = [CastMember(persona=chat.persona, stage=chat.stage) for chat in audience]
    return dict(zip(take_seats(cast), audience, strict=True))


def verdict(found: Sequence[Stance]) -> Side:
    """Return which side moved the audience; none where there is no audience, or nobody moved."""
    moved = math.fsum(each.change for each in found if each.side == "none")
    return "for" if moved > 0 else "against" if moved < 0 else "none"


def _also_heard(turn: Turn, seat: Seat) -> Turn:
    return replace(turn, heard_by=(*turn.heard_by, seat.id))


def _stance(
    scenario: Scenario,
    seat: Seat,
    chat: ChatPersona,
    turns: Sequence[Turn],
    *,
    times: Sequence[int],
    scorer: Scorer,
) -> Stance:
    asked = [_asked(scenario, seat, chat, turns[:time]) for time in times]
    requests = [request for request in asked for _ in (YES, NO)]
    scores = [each.log_probability for each in scorer.score(requests, [YES, NO] * len(asked))]
    values = [_share(yes, no) for yes, no in zip(scores[::2], scores[1::2], strict=True)]
    return Stance(seat.name, seat.side, tuple(zip(times, values, strict=True)))


def _asked(scenario: Scenario, seat: Seat, chat: ChatPersona, turns: Sequence[Turn]) -> Request:
    """Return the question; a side that was given to somebody is not what he thinks."""
    messages = as_heard(scenario, replace(seat, side="none"), turns, ask=ASK)
    ready = chat.prepare(messages, cue=scenario.topic, views=True, in_play=True)
    assert ready.request is not None  # in a play the engine answers
    return ready.request


def _share(yes: float, no: float) -> float:
    return round(1 / (1 + math.exp(min(700.0, no - yes))), 4)
