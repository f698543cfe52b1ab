"""What a speaker answers: of the words before its turn, the point that it can answer best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.formats import ANSWER, ASKING
from persllm.agents.dialogue.hearing import heard
from persllm.agents.dialogue.order import Cue
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.seats import Seat
from persllm.agents.dialogue.transcript import SPEECH, Turn
from persllm.memory.reranking import around_sentence
from persllm.sentences import one_line, sentences

OF_VIEWS = ("debate", "dialogue", "cooperation")
"""Kinds of formats in which what the persona thinks comes up before what it knows."""
ABOUT_TOPIC = ("propose", "result")
"""Asks that mean the matter, whatever was said last."""
TO_TOPIC = ("talk", "work")
"""Asks that mean what was said and the matter alike: a talk without sides else drifts away."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a turn answers, and by what its speaker recalls."""

    answers: str
    """Words of the turn before; empty where nobody has spoken, or the base reads all of it."""
    options: Mapping[str, Any]
    """Of the call: what is recalled."""
    tells: str = ""
    """The sentence that came up best."""


def point_of(scenario: Scenario, chat: ChatPersona, cue: Cue, turns: Sequence[Turn]) -> Point:
    """Return what the next turn answers; nothing that came up for its speaker comes up again.

    Words of a person at the table are no play: who asks sincerely is answered truthfully.
    """
    said = _answered(scenario, cue, turns)
    by_human = said is not None and scenario.seat(said.seat).is_human
    options: dict[str, Any] = {
        "without": _used(scenario, cue, turns),
        "views": not by_human and scenario.format.kind in OF_VIEWS,
        "most": 0 if by_human else chat.base_profile.play_passages,
        "in_play": not by_human,
    }
    if said is None:
        return _told(chat, "", {**options, "cue": scenario.topic})
    words = chat.base_profile.heard_words
    if not words:
        return _told(chat, "", {**options, **_sought(scenario, cue, said.text)})
    whole = by_human or len(said.text.split()) <= words
    best = said.text if whole else _best(scenario, chat, said.text, cue, options)
    return _told(chat, one_line(best), {**options, **_sought(scenario, cue, best)})


def _told(chat: ChatPersona, point: str, options: Mapping[str, Any]) -> Point:
    found = chat.coming_up(**options)
    return Point(point, options, found[0].answer if found else "")


def _answered(scenario: Scenario, cue: Cue, turns: Sequence[Turn]) -> Turn | None:
    """Return the last words that somebody else said; who is to answer hears who asked."""
    spoken = heard(turns, cue.seat)
    said = [turn for turn in spoken if turn.kind == SPEECH and turn.seat != cue.seat.id]
    slots = scenario.slots
    asked = [turn for turn in said if turn.slot >= 0 and slots[turn.slot].ask in ASKING]
    chosen = asked if cue.ask == ANSWER and asked else said
    return chosen[-1] if chosen else None


def _used(scenario: Scenario, cue: Cue, turns: Sequence[Turn]) -> set[str]:
    """Return the ids of what has come up for the persona before, at whichever of its seats."""
    same = {seat.id for seat in scenario.seats if _persona(seat) == _persona(cue.seat)}
    return {passage.id for turn in turns if turn.seat in same for passage in turn.recalled}


def _persona(seat: Seat) -> str:
    return seat.persona.id if seat.persona else seat.id


def _sought(scenario: Scenario, cue: Cue, point: str) -> dict[str, str]:
    """Return by what is recalled: the point in its matter, or the matter if that is asked for."""
    if cue.ask in ABOUT_TOPIC:
        return {"cue": scenario.topic}
    if cue.ask in TO_TOPIC:
        return {"cue": f"{scenario.topic} {point}"}
    return {"cue": point, "context": f"{scenario.topic} {point}"}


def _best(
    scenario: Scenario,
    chat: ChatPersona,
    said: str,
    cue: Cue,
    options: Mapping[str, Any],
) -> str:
    """Return the sentence with those beside it to which most comes to the speaker's mind."""
    lines, words = sentences(said), chat.base_profile.heard_words
    if cue.ask == ANSWER and any(line.endswith("?") for line in lines):
        place = max(at for at, line in enumerate(lines) if line.endswith("?"))
        return around_sentence(said, place, words)
    found = [chat.coming_up(**{**options, **_sought(scenario, cue, line)}) for line in lines]
    best = [max((each.relevance for each in passages), default=0.0) for passages in found]
    return around_sentence(said, best.index(max(best)), words) if lines else said
