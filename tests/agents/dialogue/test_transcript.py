"""Transcripts: what is written can be read, by programs and by people."""

from pathlib import Path

import pytest

from persllm.agents.dialogue.transcript import (
    Passage,
    Turn,
    markdown,
    read_transcript,
    write_transcript,
)
from persllm.errors import DataError

TURNS = [
    Turn(
        speaker="Nikola Tesla",
        stage="early",
        text='The current "alternates".\nIt must. Žica!',
        analysis="He asks about currents.",
        recalled=(Passage(id="early-knowledge-1"), Passage(id="early-speech-2")),
        adapter="runs/x/adapter",
        seconds=1.25,
        tokens=17,
    ),
    Turn(
        speaker="Thomas Edison",
        stage="late",
        text="It kills.",
        seat="b@late",
        heard_by=("a@early", "b@late"),
        aside=True,
    ),
    Turn(speaker="Thomas Edison", stage="late", text="", kind="leaves", seat="b@late"),
]


def test_turns_survive_json_lines(tmp_path: Path) -> None:
    rows, _ = write_transcript(tmp_path, TURNS, title="Currents")
    assert read_transcript(rows) == TURNS


def test_a_transcript_has_one_line_a_turn(tmp_path: Path) -> None:
    rows, _ = write_transcript(tmp_path, TURNS, title="Currents")
    assert len(rows.read_text(encoding="utf-8").splitlines()) == 3


def test_markdown_names_motion_speakers_and_stages() -> None:
    page = markdown(TURNS, title="Currents")
    assert page.startswith("# Currents\n")
    assert "**Nikola Tesla** (early): The current" in page
    assert "**Thomas Edison** (late, heard only by a@early): It kills." in page
    assert "*Thomas Edison goes out.*" in page


def test_markdown_names_what_was_recalled() -> None:
    assert "recalled: early-knowledge-1, early-speech-2" in markdown(TURNS, title="Currents")


def test_a_missing_transcript_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_transcript(tmp_path / "transcript.jsonl")
