"""Plays on disk: killed anywhere, the same command goes on to the same end."""

import multiprocessing
import os
import signal
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from persllm.agents.dialogue import graph
from persllm.agents.dialogue.play import Said
from persllm.agents.dialogue.scenario import Event, Scenario
from persllm.agents.dialogue.transcript import Turn, append_turn, read_transcript
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.engine import Request
from persllm.errors import ScenarioError
from persllm.workflows import play as plays
from persllm.workflows.play import HTML, keep_turns, kept_play, play_folder
from tests.agents.dialogue.stage import by_seed, held, member, scenario, voices

FOUR = scenario(events=[Event(after=2, kind="note", text="The lamp goes out.")])


def runtime(runs: Path, **changes: float) -> Runtime:
    return Runtime(RuntimeOptions(runs=runs, base="nano", **changes))  # type: ignore[arg-type]  # floats all


def hold(
    folder: Path,
    what: Scenario = FOUR,
    *,
    engine: ScriptedEngine | None = None,
    most: int | None = None,
    fork: str = "",
    fresh: bool = False,
) -> list[Turn]:
    """Hold a play as the command does; return the turns that were new."""
    speakers = voices(what, engine or ScriptedEngine(by_seed))
    on = runtime(folder.parent)
    with kept_play(what, on, speakers, folder, fork=fork, fresh=fresh) as play:
        return list(islice(keep_turns(play, folder, lambda seat: Said("And then?")), most))


def told(turns: list[Turn]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(turn.seat, turn.text, turn.heard_by) for turn in turns]


def kept(folder: Path) -> list[tuple[str, str, tuple[str, ...]]]:
    return told(read_transcript(folder / "transcript.jsonl"))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hold_and_die(folder: Path, request: int, *, appending: int = -1) -> None:
    """Hold a play in this process until it is killed: at a request, or at a line of the file."""
    asked = 0

    def answer(each: Request) -> str:
        nonlocal asked
        if asked == request:
            die()
        asked += 1
        return by_seed(each)

    written, append = 0, append_turn

    def append_or_die(path: Path, turn: Turn) -> None:
        nonlocal written
        if written == appending:
            die()
        written += 1
        append(path, turn)

    setattr(plays, "append_turn", append_or_die)  # noqa: B010 (what it imports, not what it offers)
    hold(folder, engine=ScriptedEngine(answer))


@pytest.mark.parametrize(
    ("request_", "appending"), [(0, -1), (1, -1), (2, -1), (3, -1), (9, 0), (9, 2), (9, 4)]
)
def test_killed_anywhere_a_play_goes_on_to_the_same_end(
    request_: int, appending: int, tmp_path: Path
) -> None:
    folder = tmp_path / "play"
    child = multiprocessing.get_context("fork").Process(
        target=hold_and_die, args=(folder, request_), kwargs={"appending": appending}
    )
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    hold(folder)
    assert kept(folder) == told(held(FOUR))
    assert FOUR.title.replace("<", "&lt;")[:6] in (folder / HTML).read_text(encoding="utf-8")


TABLE = scenario(
    member("human:Ann", role="interviewer"),
    member("nikola-tesla"),
    format="interview",
    count=2,
    events=[Event(after=1, kind="note", text="The lamp goes out.")],
)


def hold_and_die_at(folder: Path, step: str, time: int) -> None:
    """Hold a play in this process until a node of the graph is in its work for so many times."""
    real, begun = getattr(graph, step), 0

    def work(*given: object, **named: object) -> object:
        nonlocal begun
        begun += 1
        if begun == time:
            die()
        return real(*given, **named)

    setattr(graph, step, work)
    hold(folder, TABLE)


@pytest.mark.parametrize(
    ("step", "time"),
    [
        ("event_turn", 1),
        ("spoken_turn", 1),
        ("spoken_turn", 2),
        ("human_turn", 1),
        ("human_turn", 2),
    ],
)
def test_killed_in_any_node_a_play_goes_on_to_the_same_end(
    step: str, time: int, tmp_path: Path
) -> None:
    child = multiprocessing.get_context("fork").Process(
        target=hold_and_die_at, args=(tmp_path / "play", step, time)
    )
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    hold(tmp_path / "play", TABLE)
    hold(tmp_path / "whole", TABLE)
    assert len(kept(tmp_path / "play")) == 5
    assert kept(tmp_path / "play") == kept(tmp_path / "whole")


def test_a_transcript_grows_turn_by_turn(tmp_path: Path) -> None:
    folder = tmp_path / "play"
    with kept_play(FOUR, runtime(tmp_path), voices(FOUR, ScriptedEngine(by_seed)), folder) as play:
        for number, _ in enumerate(keep_turns(play, folder), start=1):
            assert len(kept(folder)) == number


def test_fresh_begins_anew_and_a_finished_play_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "play"
    assert [len(hold(folder)), len(hold(folder)), len(hold(folder, fresh=True))] == [5, 0, 5]


def test_a_folder_of_another_play_is_refused(tmp_path: Path) -> None:
    hold(tmp_path / "play")
    with pytest.raises(ScenarioError, match=r"holds another play.*--fresh"):
        hold(tmp_path / "play", replace(FOUR, seed=1))
    assert len(hold(tmp_path / "play", replace(FOUR, seed=1), fresh=True)) == 5


def test_a_play_that_is_being_held_is_not_held_twice(tmp_path: Path) -> None:
    folder = tmp_path / "play"
    with (
        kept_play(FOUR, runtime(tmp_path), {}, folder),
        pytest.raises(ScenarioError, match="is in use"),
    ):
        hold(folder)


def test_every_play_has_a_folder_of_its_own(tmp_path: Path) -> None:
    on = runtime(tmp_path)
    folders = {
        play_folder(FOUR, on),
        play_folder(replace(FOUR, seed=1), on),
        play_folder(replace(FOUR, topic="Peace."), on),
        play_folder(FOUR, runtime(tmp_path, temperature=0.1)),
        play_folder(FOUR, on, fork="x@1"),
    }
    assert len(folders) == 5
    assert play_folder(FOUR, runtime(tmp_path)) in folders


def test_a_play_is_forked_from_its_folder(tmp_path: Path) -> None:
    hold(tmp_path / "play")
    fork = f"{tmp_path / 'play'}@2"
    other = replace(FOUR, seed=8)
    assert len(hold(tmp_path / "fork", other, fork=fork)) == 3
    assert kept(tmp_path / "fork")[:3] == kept(tmp_path / "play")[:3]
    assert kept(tmp_path / "fork")[3:] != kept(tmp_path / "play")[3:]
    assert hold(tmp_path / "fork", other, fork=fork) == []


@pytest.mark.parametrize(
    ("fork", "remedy"),
    [
        ("play", "Name its folder and a turn"),
        ("no-such@2", "Name its folder and a turn"),
        ("play@9", "4 spoken turns, got 9"),
    ],
)
def test_a_fork_of_nothing_is_refused(fork: str, remedy: str, tmp_path: Path) -> None:
    hold(tmp_path / "play")
    with pytest.raises(ScenarioError, match=remedy):
        hold(tmp_path / "fork", fork=str(tmp_path / fork))


def test_a_fork_of_another_cast_is_refused(tmp_path: Path) -> None:
    hold(tmp_path / "play")
    others = scenario(member("marie-curie"), member("ada-lovelace"))
    with pytest.raises(ScenarioError, match="with its own scenario"):
        hold(tmp_path / "fork", others, fork=f"{tmp_path / 'play'}@2")
