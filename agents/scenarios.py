"""Debates of two that are ready to be held, as a page offers them; `persllm play` has more."""

from dataclasses import dataclass
from functools import cache

from persllm.agents.dialogue.scenario_files import scenario_rows
from persllm.errors import ScenarioError

OFFERED_FIRST = "currents"
"""Id of the debate that a page and the demo begin with."""


@dataclass(frozen=True, slots=True)
class ReadyDebate:
    """Who debates what."""

    id: str
    motion: str
    first: str
    """"persona@stage" of who speaks for the motion."""
    second: str
    """Of who speaks against it."""


@cache
def ready_debates() -> tuple[ReadyDebate, ...]:
    """Return all of them."""
    return tuple(
        ReadyDebate(row.id, row.topic, row.cast[0], row.cast[1])
        for row in scenario_rows()
        if row.kind == "debate" and len(row.cast) == 2
    )


def find_scenario(name: str) -> ReadyDebate:
    """Return a debate by its id.

    Raises:
        ScenarioError: There is none of that name; the message lists those there are.
    """
    for scenario in ready_debates():
        if scenario.id == name:
            return scenario
    known = ", ".join(scenario.id for scenario in ready_debates())
    raise ScenarioError(f"there is no debate {name!r}. Choose one of: {known}.")
