"""A persona's turn: asked as it has heard the play, and drawn again where it went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.guards import EMPTY, REPEATED, faults_of, without_repeats
from persllm.agents.dialogue.hearing import as_heard, heard
from persllm.agents.dialogue.order import Cue
from persllm.agents.dialogue.points import Point, point_of
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.transcript import SPEECH, Passage, Turn
from persllm.agents.reply_reading import ANOTHER_TEMPERATURE
from persllm.files import digest
from persllm.words import stems


@dataclass(frozen=True, slots=True)
class Draw:
    """One try of a turn."""

    reply: AIMessage
    text: str
    """Without what was said before."""
    faults: tuple[str, ...]
    told: float
    """Which part of what came up best it tells."""


def spoken_turn(scenario: Scenario, chat: ChatPersona, cue: Cue, turns: Sequence[Turn]) -> Turn:
    """Have a persona speak; what is still wrong with its best draw stands in the turn."""
    point = point_of(scenario, chat, cue, turns)
    messages = as_heard(scenario, cue.seat, turns, ask=cue.ask, point=point.answers)
    known = [turn for turn in heard(turns, cue.seat) if turn.kind == SPEECH]
    drawn: list[Draw] = []
    for number in range(chat.base_profile.draws):
        sampling = _sampling(scenario, chat, cue, number)
        reply = chat.invoke(messages, **point.options, **sampling)
        drawn.append(_looked_at(reply, scenario, known, point))
        if not drawn[-1].faults and drawn[-1].told >= chat.base_profile.told_share:
            break
    best = min(drawn, key=lambda each: (len(each.faults), -each.told))
    return _turn(chat, cue, best, point.answers)


def _looked_at(reply: AIMessage, scenario: Scenario, known: Sequence[Turn], point: Point) -> Draw:
    """Return a draw without the sentences that were said before, and what is wrong with it."""
    before = [turn.text for turn in known]
    text = without_repeats(reply.text, before)
    faults = faults_of(text, seats=scenario.seats, before=before)
    if EMPTY in faults and reply.text.strip(" .\u2026"):
        text, faults = reply.text, (REPEATED,)
    wanted = stems(point.tells)
    told = len(stems(text) & wanted) / len(wanted) if wanted else 1.0
    return Draw(reply, text, faults, told)


def _sampling(scenario: Scenario, chat: ChatPersona, cue: Cue, draw: int) -> Mapping[str, Any]:
    """Return how a draw is sampled: a turn's words depend on seed and place, not on luck."""
    options: dict[str, Any] = {}
    if scenario.seed is not None:
        mixed = digest(str(scenario.seed), cue.seat.id, str(cue.slot), str(draw))
        options["seed"] = int(mixed[:7], 16)
    if draw:
        usual = chat.base_profile.temperature if chat.temperature is None else chat.temperature
        options["temperature"] = max(usual, ANOTHER_TEMPERATURE)
    return options


def _turn(chat: ChatPersona, cue: Cue, drawn: Draw, answers: str) -> Turn:
    reply = drawn.reply
    data = reply.response_metadata
    return Turn(
        speaker=cue.seat.name,
        stage=chat.stage.id,
        text=drawn.text,
        seat=cue.seat.id,
        phase=cue.phase,
        heard_by=cue.heard_by,
        aside=cue.aside,
        slot=cue.slot,
        answers=answers,
        faults=drawn.faults,
        analysis=data["analysis"],
        recalled=tuple(
            Passage(id=row["id"], text=row["text"], source=row["source"])
            for row in data["recalled"]
        ),
        adapter=data["adapter"],
        seconds=data["seconds"],
        tokens=reply.usage_metadata["output_tokens"] if reply.usage_metadata else 0,
    )
