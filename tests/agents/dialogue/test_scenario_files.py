"""Scenario files: those that ship can be played, and what is wrong with one is told by line."""

from pathlib import Path

import pytest

from persllm.agents.dialogue.play import Play, Said
from persllm.agents.dialogue.scenario_files import (
    find_scenario,
    load_scenario,
    scenario_rows,
    shipped,
)
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.scenarios import OFFERED_FIRST, ready_debates
from persllm.agents.scenarios import find_scenario as find_debate
from persllm.errors import ScenarioError
from persllm.persona import MAX_CARD_BYTES
from tests.agents.dialogue.stage import by_seed, voices
from tests.doubles import MARTA, write_tiny_persona

GOOD = """\
title: Light
format: debate
motion: Alternating current should light our cities.
cast:
  - {persona: nikola-tesla, side: for}
  - {persona: thomas-edison, stage: late, side: against}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(written(folder, text))
    return str(caught.value)


def test_eleven_scenarios_ship() -> None:
    assert len(shipped()) == 11


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_is_played_to_its_end(name: str) -> None:
    scenario = find_scenario(name)
    engine = ScriptedEngine(by_seed)
    play = Play(scenario, voices(scenario, engine))
    turns = list(play.go_on(lambda seat: Said("What is radium?")))
    assert play.is_finished
    assert len([turn for turn in turns if turn.slot >= 0]) == len(scenario.slots)
    assert {turn.event for turn in turns if turn.event >= 0} == set(range(len(scenario.events)))
    assert {turn.seat for turn in turns if turn.slot >= 0} == {s.id for s in scenario.seats}
    (row,) = [row for row in scenario_rows() if row.id == name]
    assert row.cast[0] in (scenario.seats[0].id, scenario.seats[0].name)


def test_what_stands_in_a_file_is_played(tmp_path: Path) -> None:
    scenario = load_scenario(
        written(tmp_path, GOOD + "turns: 3\nseed: 7\nopening: Good evening.\n")
    )
    assert (scenario.id, scenario.title, scenario.count, scenario.seed) == ("mine", "Light", 3, 7)
    assert [seat.id for seat in scenario.seats] == ["nikola-tesla@early", "thomas-edison@late"]
    assert [seat.side for seat in scenario.seats] == ["for", "against"]
    assert [(event.kind, event.text) for event in scenario.events] == [("note", "Good evening.")]


def test_a_persona_folder_is_named_as_seen_from_the_file(tmp_path: Path) -> None:
    folder = write_tiny_persona(tmp_path, MARTA).folder
    text = GOOD.replace("nikola-tesla", folder.name)
    assert load_scenario(written(tmp_path, text)).seats[0].name == MARTA


def test_all_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    text = GOOD.replace("side: for", "side: pro").replace("stage: late", "stage: middle")
    told = faults(tmp_path, text + "turns: 0\nmood: gay\n")
    assert "4 fault(s)" in told
    assert "line 5: cast.0.side" in told and "'pro'" in told
    assert "line 6: cast.1" in told and "Choose one of: early, late." in told
    assert "line 7: turns" in told
    assert "line 8: mood" in told


@pytest.mark.parametrize(
    ("change", "to", "line", "remedy"),
    [
        ("format: debate", "format: brawl", 2, "choose one of dialogue, debate, oxford"),
        ("persona: nikola-tesla", "persona: nobody", 5, "nikola-tesla, thomas-edison"),
        ("persona: nikola-tesla", "human: Ann, persona: nikola-tesla", 5, "and not both"),
        ("format: debate", "format: oxford\nturns: 3", 3, "the format oxford counts `rounds`"),
        ("format: debate", "format: interview", 4, "needs somebody: interviewer"),
        ("motion:", "topic:", 3, "a debate needs a `motion`"),
        (", side: against}", "}", 0, ""),
        (", side: for}", ", side: against}", 0, ""),
        ("title: Light\n", "", 1, "title: Field required"),
    ],
)
def test_a_fault_is_told_with_its_remedy(
    change: str, to: str, line: int, remedy: str, tmp_path: Path
) -> None:
    text = GOOD.replace(change, to)
    if not remedy:
        assert load_scenario(written(tmp_path, text))
        return
    told = faults(tmp_path, text)
    assert f"line {line}: " in told
    assert remedy in told


@pytest.mark.parametrize(
    ("event", "remedy"),
    [
        ("{after: 1}", "one of note, fact, enters, leaves, aside is needed, got none"),
        ("{after: 1, note: a, fact: b}", "one of note"),
        ("{after: -1, note: a}", "greater than or equal to 0"),
        ("{after: 1, enters: marie-curie}", "name one of nikola-tesla@early, thomas-edison@late"),
        ("{after: 1, aside: Hush}", "`aside` needs `by`"),
        ("{after: 1, note: a, to: [moon]}", "no one seat is that"),
    ],
)
def test_a_fault_of_an_event_is_told_with_its_line(event: str, remedy: str, tmp_path: Path) -> None:
    told = faults(tmp_path, f"{GOOD}events:\n  - {event}\n")
    assert "line 8: events.0" in told
    assert remedy in told


@pytest.mark.parametrize("text", ["a: [", "- a\n", "", "\x00", "a: " + "b" * MAX_CARD_BYTES])
def test_what_is_no_scenario_at_all_is_refused(text: str, tmp_path: Path) -> None:
    assert "mine.yaml" in faults(tmp_path, text)


def test_an_unknown_scenario_is_told_with_those_there_are() -> None:
    with pytest.raises(ScenarioError, match="Choose one of constitution, currents"):
        find_scenario("moon")
    with pytest.raises(ScenarioError, match=r"moon\.yaml cannot be read"):
        find_scenario("moon.yaml")


def test_debates_of_two_are_offered_to_a_page() -> None:
    first = find_debate(OFFERED_FIRST)
    assert (first.first, first.second) == ("nikola-tesla@early", "thomas-edison@early")
    assert {each.id for each in ready_debates()} == {
        "constitution",
        "currents",
        "machines",
        "patents",
    }
    machines = find_debate("machines")
    assert machines.motion == "A machine will one day think as a man does."
    with pytest.raises(ScenarioError, match="Choose one of: constitution, currents"):
        find_debate("moon")
