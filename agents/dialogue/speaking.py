"""A persona's turn: asked as it has heard the play, and drawn once more where it went wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.guards import faults_of
from persllm.agents.dialogue.hearing import as_heard, heard, last_heard
from persllm.agents.dialogue.order import Cue
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.transcript import SPEECH, Passage, Turn
from persllm.agents.reply_reading import ANOTHER_TEMPERATURE
from persllm.files import digest

DRAWS = 2
"""So often at most a turn is drawn."""


def spoken_turn(scenario: Scenario, chat: ChatPersona, cue: Cue, turns: Sequence[Turn]) -> Turn:
    """Have a persona speak; what is still wrong with its second draw stands in the turn."""
    known = heard(turns, cue.seat)
    before = [turn.text for turn in known if turn.kind == SPEECH]
    messages = as_heard(scenario, cue.seat, turns, ask=cue.ask)
    options = _recall_options(scenario, cue, turns)
    drawn: list[tuple[AIMessage, tuple[str, ...]]] = []
    for draw in range(DRAWS):
        reply = chat.invoke(messages, **options, **_sampling(scenario, chat, cue, draw))
        drawn.append((reply, faults_of(reply.text, seats=scenario.seats, before=before)))
        if not drawn[-1][1]:
            break
    best = min(drawn, key=lambda each: len(each[1]))
    return _turn(chat, cue, *best)


def _recall_options(scenario: Scenario, cue: Cue, turns: Sequence[Turn]) -> dict[str, Any]:
    """Return by what a speaker recalls: the matter and the last words; nothing a second time.

    Words of a person at the table are no play: who asks sincerely is answered truthfully.
    """
    said = last_heard(turns, cue.seat)
    used = {p.id for turn in turns if turn.seat == cue.seat.id for p in turn.recalled}
    by_human = said is not None and scenario.seat(said.seat).is_human
    text = f"{scenario.topic} {said.text}" if said else scenario.topic
    return {"cue": text, "without": used, "in_play": not by_human}


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


def _turn(chat: ChatPersona, cue: Cue, reply: AIMessage, faults: tuple[str, ...]) -> Turn:
    data = reply.response_metadata
    return Turn(
        speaker=cue.seat.name,
        stage=chat.stage.id,
        text=reply.text,
        seat=cue.seat.id,
        phase=cue.phase,
        heard_by=cue.heard_by,
        aside=cue.aside,
        slot=cue.slot,
        faults=faults,
        analysis=data["analysis"],
        recalled=tuple(
            Passage(id=row["id"], text=row["text"], source=row["source"])
            for row in data["recalled"]
        ),
        adapter=data["adapter"],
        seconds=data["seconds"],
        tokens=reply.usage_metadata["output_tokens"] if reply.usage_metadata else 0,
    )
