"""What tests of plays share: people, voices and a memory of who was asked what."""

from collections.abc import Sequence
from functools import cache

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.formats import formats
from persllm.agents.dialogue.play import Play
from persllm.agents.dialogue.scenario import Event, Order, Scenario
from persllm.agents.dialogue.seats import CastMember, Side, take_seats
from persllm.agents.dialogue.transcript import SPEECH, Turn
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.base_profile import BaseProfile
from persllm.engine import Request
from persllm.persona import Persona
from persllm.persona_catalog import find_persona

WORDS = "amber birch cedar dune ember fjord grove heath inlet jetty knoll lagoon marsh".split()


@cache
def person(name: str) -> Persona:
    return find_persona(name)


def member(
    name: str, stage: str = "early", *, side: Side = "none", role: str = "", absent: bool = False
) -> CastMember:
    if name.startswith("human:"):
        return CastMember(human=name.removeprefix("human:"), side=side, role=role, absent=absent)
    who = person(name)
    return CastMember(persona=who, stage=who.stage(stage), side=side, role=role, absent=absent)


TESLA, EDISON = member("nikola-tesla"), member("thomas-edison")
OLD_TESLA = member("nikola-tesla", "late")


def scenario(
    *cast: CastMember,
    format: str = "dialogue",
    count: int = 4,
    events: Sequence[Event] = (),
    order: Order = "round",
    seed: int | None = 0,
) -> Scenario:
    return Scenario(
        id="test",
        title="A <test> & more",
        format=formats()[format],
        topic="Alternating current should light our cities.",
        seats=take_seats(cast or (TESLA, EDISON)),
        count=count,
        events=tuple(events),
        order=order,
        seed=seed,
    )


def by_seed(request: Request) -> str:
    """Say what depends on the seed and on everything heard, as a sampling model would."""
    number = (request.seed or 0) + sum(len(message.content) for message in request.messages)
    return " ".join(WORDS[number // 13**place % 13] for place in range(6)) + "."


LARGE = BaseProfile(name="large")


def voices(
    play: Scenario, engine: ScriptedEngine, profile: BaseProfile = LARGE
) -> dict[str, ChatPersona]:
    return {
        seat.id: ChatPersona(
            persona=seat.persona, stage=seat.stage.id, engine=engine, base_profile=profile
        )
        for seat in play.seats
        if seat.persona and seat.stage
    }


def held(
    play: Scenario, engine: ScriptedEngine | None = None, profile: BaseProfile = LARGE
) -> list[Turn]:
    return list(Play(play, voices(play, engine or ScriptedEngine(by_seed), profile)).go_on())


def speeches(turns: Sequence[Turn]) -> list[str]:
    return [turn.seat for turn in turns if turn.kind == SPEECH]


def prompt(request: Request) -> str:
    return "\n".join(message.content for message in request.messages)


def asked_as(engine: ScriptedEngine, name: str) -> list[Request]:
    return [
        each for each in engine.asked if each.messages[0].content.startswith(f"You are {name}.")
    ]
