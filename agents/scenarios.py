"""Debates of the bundled cast that are ready to be held."""

from dataclasses import dataclass

from persllm.errors import PersonaError


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who debates what."""

    id: str
    motion: str
    first: str
    """"persona@stage" of who speaks for the motion."""
    second: str
    """Of who speaks against it."""


CURRENTS = Scenario(
    "currents",
    "Alternating current should light our cities.",
    "nikola-tesla@early",
    "thomas-edison@early",
)
SCENARIOS = (
    CURRENTS,
    Scenario(
        "constitution",
        "The Constitution of the United States stands on the side of liberty.",
        "frederick-douglass@late",
        "frederick-douglass@early",
    ),
    Scenario(
        "machines",
        "A machine will one day think as a man does.",
        "nikola-tesla@late",
        "ada-lovelace@late",
    ),
)


def find_scenario(name: str) -> Scenario:
    """Return a scenario by its id.

    Raises:
        PersonaError: There is none of that name; the message lists those there are.
    """
    for scenario in SCENARIOS:
        if scenario.id == name:
            return scenario
    known = ", ".join(scenario.id for scenario in SCENARIOS)
    raise PersonaError(f"there is no scenario {name!r}. Choose one of: {known}.")
