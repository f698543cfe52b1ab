"""Plays: stopped anywhere they go on the same; people sit at the table; words are dropped in."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from persllm.agents.dialogue.checkpoints import kept_in
from persllm.agents.dialogue.graph import reader
from persllm.agents.dialogue.play import Play, Said, first_turns
from persllm.agents.dialogue.scenario import Event, Scenario
from persllm.agents.dialogue.transcript import Turn
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.errors import ScenarioError
from tests.agents.dialogue.stage import (
    EDISON,
    TESLA,
    asked_as,
    by_seed,
    held,
    member,
    prompt,
    scenario,
    voices,
)

EVENTS = (
    Event(after=0, kind="note", text="Good evening."),
    Event(after=2, kind="fact", text="The bridge is closed."),
)
FOUR = scenario(events=EVENTS)


def timeless(turns: list[Turn]) -> list[Turn]:
    return [replace(turn, seconds=0.0) for turn in turns]


def on(saver: object, what: Scenario = FOUR, engine: ScriptedEngine | None = None) -> Play:
    return Play(what, voices(what, engine or ScriptedEngine(by_seed)), checkpointer=saver)  # type: ignore[arg-type]  # a SQLite saver


@pytest.mark.parametrize("stop", range(7))
def test_a_play_stopped_after_any_turn_goes_on_the_same(stop: int, tmp_path: Path) -> None:
    whole = timeless(held(FOUR))
    assert len(whole) == 6
    with kept_in(tmp_path / "play.sqlite") as saver:
        first = list(islice(on(saver).go_on(), stop))
    with kept_in(tmp_path / "play.sqlite") as saver:
        play = on(saver)
        assert timeless(play.turns)[:stop] == timeless(first)
        rest = list(play.go_on())
        assert timeless(play.turns) == whole
        assert timeless(first + rest) == whole
        assert play.is_finished


def test_a_finished_play_asks_the_engine_nothing(tmp_path: Path) -> None:
    with kept_in(tmp_path / "play.sqlite") as saver:
        list(on(saver).go_on())
        engine = ScriptedEngine(by_seed)
        assert list(on(saver, engine=engine).go_on()) == []
        assert engine.asked == []


def test_of_a_growing_play_every_turn_is_read_once() -> None:
    rows = [turn.row() for turn in held(FOUR)]
    read = reader()
    first = read({"turns": rows[:3]})
    whole = read({"turns": [*rows[:3], *rows[3:]]})
    assert timeless(whole) == timeless(held(FOUR))
    assert all(one is other for one, other in zip(first, whole[:3], strict=True))
    assert read({"turns": [dict(row, text="other") for row in rows[:2]]})[1].text == "other"


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "play.sqlite").write_text("nonsense " * 200)
    with pytest.raises(ScenarioError, match="--fresh"), kept_in(tmp_path / "play.sqlite"):
        pass


def test_another_seed_is_another_play_and_the_same_is_the_same() -> None:
    texts = [[turn.text for turn in held(replace(FOUR, seed=seed))] for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]


def test_a_play_is_forked_where_one_likes() -> None:
    whole = held(FOUR)
    fork = on(None, replace(FOUR, seed=5))
    fork.begin_with(first_turns(whole, 2))
    list(fork.go_on())
    assert len(fork.turns) == len(whole)
    assert timeless(fork.turns)[:3] == timeless(whole)[:3]
    assert fork.turns[-1].text != whole[-1].text
    with pytest.raises(ValueError, match="6 turns already"):
        fork.begin_with(whole)


@pytest.mark.parametrize("count", [-1, 5])
def test_a_fork_beyond_the_play_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"4 spoken turns, got {count}"):
        first_turns(held(FOUR), count)


def test_a_note_is_dropped_in_once() -> None:
    engine = ScriptedEngine(by_seed)
    play = on(None, engine=engine)
    list(islice(play.go_on(), 3))
    assert play.drop("note", "The lamp goes out.", to=["thomas-edison"])
    assert play.drop("note", "The lamp goes out.") is None
    list(play.go_on())
    assert play.is_finished and len(play.turns) == 7
    assert "(The lamp goes out.)" in prompt(asked_as(engine, "Thomas Edison")[-1])
    assert "lamp" not in prompt(asked_as(engine, "Nikola Tesla")[-1])
    with pytest.raises(ValueError, match="no seat 'moon'"):
        play.drop("note", "x", to=["moon"])


ANN = member("human:Ann", role="interviewer")
TALK = scenario(ANN, TESLA, EDISON, format="interview", count=2)


def test_a_person_asks_and_is_answered() -> None:
    engine = ScriptedEngine(by_seed)
    play = on(None, TALK, engine)
    said = iter([Said("What is a volt?"), Said("")])
    turns = list(play.go_on(lambda seat: next(said)))
    assert [turn.kind for turn in turns] == ["speech"] * 3 + ["pass"] + ["speech"] * 2
    assert prompt(engine.asked[0]).endswith("Ann: What is a volt?")
    assert "(Ann says nothing.)" in prompt(engine.asked[2])


def test_a_play_waits_for_a_person_and_goes_on_when_there_is_one(tmp_path: Path) -> None:
    with kept_in(tmp_path / "play.sqlite") as saver:
        assert list(on(saver, TALK).go_on()) == []
        waiting = on(saver, TALK).waiting_for
        assert waiting is not None and waiting.name == "Ann"
    with kept_in(tmp_path / "play.sqlite") as saver:
        play = on(saver, TALK)
        first = next(play.go_on(lambda seat: Said("What is a volt?")))
        assert (first.seat, first.text) == ("human:ann", "What is a volt?")
        assert len(list(play.go_on())) == 2


def test_a_persons_aside_is_heard_by_one_alone() -> None:
    engine = ScriptedEngine(by_seed)
    play = on(None, TALK, engine)
    said = iter([Said("Between us?", ("thomas-edison@early",)), Said("To all.")])
    list(play.go_on(lambda seat: next(said)))
    assert all("Between us?" not in prompt(each) for each in asked_as(engine, "Nikola Tesla"))
    assert "(aside, to you) Between us?" in prompt(asked_as(engine, "Thomas Edison")[0])


def test_a_person_who_asks_sincerely_gets_the_truth() -> None:
    engine = ScriptedEngine(by_seed)
    one = scenario(ANN, TESLA, format="interview", count=1)
    turns = list(on(None, one, engine).go_on(lambda seat: Said("Are you a machine?")))
    assert turns[1].text.startswith("In truth: I am a language model")
    assert engine.asked == []


def test_a_note_that_a_person_drops_while_asked_is_heard_before_the_answer() -> None:
    engine = ScriptedEngine(by_seed)
    play = on(None, scenario(ANN, TESLA, format="interview", count=1), engine)

    def listen(seat: object) -> Said:
        play.drop("fact", "A telegram came.")
        return Said("What does it say?")

    turns = list(play.go_on(listen))
    assert [turn.kind for turn in play.turns] == ["fact", "speech", "speech"]
    assert prompt(engine.asked[0]).endswith("(News: A telegram came.)\nWhat does it say?")
    assert play.is_finished and len(turns) == 2
