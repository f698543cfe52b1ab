"""A person's seat on the terminal: what is typed becomes words, a whisper, a note or nothing."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from persllm.agents.dialogue.play import Play, Said
from persllm.agents.dialogue.transcript import Turn
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.ui.cli.actions.play import _go_on, _show_heard
from persllm.ui.cli.actions.seat import ask_person
from persllm.workflows.play import keep_turns, kept_play
from tests.agents.dialogue.stage import EDISON, TESLA, by_seed, member, scenario, voices
from tests.workflows.test_play import runtime

TALK = scenario(member("human:Ann", role="interviewer"), TESLA, EDISON, format="interview", count=1)


def typed(
    lines: str, monkeypatch: pytest.MonkeyPatch, play: Play | None = None
) -> tuple[Said, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    shown = io.StringIO()
    playing = play or Play(TALK, voices(TALK, ScriptedEngine(by_seed)))
    return ask_person(Console(file=shown), playing, TALK.seats[0]), shown.getvalue()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("What is a volt?\n", Said("What is a volt?")),
        ("\n  \nWell?\n", Said("Well?")),
        ("/pass\n", Said("")),
        ("/to Tesla: Between us?\n", Said("Between us?", ("nikola-tesla@early",))),
        ("/to thomas-edison: Hm?\n", Said("Hm?", ("thomas-edison@early",))),
        ("/to Moon: Hm?\n/nonsense\nWell?\n", Said("Well?")),
    ],
)
def test_what_is_typed_is_understood(
    lines: str, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    got, shown = typed(lines, monkeypatch)
    assert got == said
    assert ("/to NAME" in shown) is ("Moon" in lines or lines.startswith("\n"))


def test_a_note_is_dropped_in_and_the_person_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(TALK, voices(TALK, ScriptedEngine(by_seed)))
    said, _ = typed("/fact A telegram came.\nWhat does it say?\n", monkeypatch, play)
    assert said == Said("What does it say?")
    assert [(turn.kind, turn.text) for turn in play.turns] == [("fact", "A telegram came.")]


def test_who_leaves_ends_the_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EOFError):
        typed("", monkeypatch)


def test_a_person_sees_only_what_that_seat_hears() -> None:
    shown = io.StringIO()
    for text, hears in (("All.", "human:ann"), ("Hush.", "thomas-edison@early")):
        turn = Turn(speaker="Nikola Tesla", text=text, heard_by=("nikola-tesla@early", hears))
        _show_heard(Console(file=shown), TALK, turn)
    assert "All." in shown.getvalue() and "Hush." not in shown.getvalue()


def test_a_finished_debate_that_is_asked_for_again_says_so_and_asks_nobody(tmp_path: Path) -> None:
    debate = scenario(TESLA, member("thomas-edison", side="against"), format="debate", count=2)
    engine, folder, shown = ScriptedEngine(by_seed), tmp_path / "play", io.StringIO()
    with kept_play(debate, runtime(tmp_path), voices(debate, engine), folder) as play:
        list(keep_turns(play, folder))
    asked = len(engine.asked)
    with kept_play(debate, runtime(tmp_path), voices(debate, engine), folder) as play:
        _go_on(play, folder, Console(file=shown, width=200), ())
    assert "This play is finished: 2 turns. Begin anew with --fresh" in shown.getvalue()
    assert len(engine.asked) == asked == 2
