"""Who debates what: named by the user, or supplied by a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass

from persllm.agents.debate import Side, Speaker
from persllm.agents.runtime import Runtime, split_speaker
from persllm.agents.scenarios import find_scenario
from persllm.errors import PersonaError
from persllm.persona import Persona

SIDES: tuple[Side, Side] = ("for", "against")


@dataclass(frozen=True, slots=True)
class DebatePlan:
    """Who debates what."""

    motion: str
    who: tuple[tuple[Persona, str | None], ...]
    """Personas with their stages, in the order in which they speak; the first is for it."""


def planned_debate(
    names: Sequence[str] = (), *, motion: str | None = None, scenario: str
) -> DebatePlan:
    """Return the plan; the scenario supplies what was not named.

    Args:
        names: "persona" or "persona@stage"; two or more, or none.
        motion: What is debated, as a statement.
        scenario: Id of a scenario.

    Raises:
        PersonaError: There is no such scenario, persona or stage, or only one is named.
    """
    ready = find_scenario(scenario)
    chosen = names or (ready.first, ready.second)
    if len(chosen) < 2:
        raise PersonaError(
            f"a debate needs two personas, got {len(chosen)}. "
            "Example: persllm debate nikola-tesla thomas-edison"
        )
    return DebatePlan(motion or ready.motion, tuple(split_speaker(name) for name in chosen))


def speakers_of(plan: DebatePlan, runtime: Runtime) -> list[Speaker]:
    """Return those who debate, ready to speak; sides take turns.

    Raises:
        PersLLMError: An adapter, the base or a memory cannot be had.
    """
    return [
        Speaker(runtime.chat(persona, stage=stage), SIDES[place % 2])
        for place, (persona, stage) in enumerate(plan.who)
    ]
