"""The scenarios name people and stages that exist, on matters they have written about."""

import pytest

from persllm.agents.runtime import split_speaker
from persllm.agents.scenarios import SCENARIOS, Scenario, find_scenario
from persllm.errors import PersonaError


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_its_speakers_and_stages_exist_and_differ(scenario: Scenario) -> None:
    first, second = split_speaker(scenario.first), split_speaker(scenario.second)
    assert first != second
    assert first[1] and second[1]
    assert find_scenario(scenario.id) is scenario
    assert scenario.motion.endswith(".")


def test_an_unknown_scenario_is_told_with_those_there_are() -> None:
    with pytest.raises(PersonaError, match="Choose one of: currents, constitution, machines"):
        find_scenario("moon")
