"""The demo's report: whole, safe and alone."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from persllm.agents.dialogue.transcript import Passage, Turn
from persllm.bases import find_base
from persllm.manifest import WEIGHTS_NAME, Manifest, prompt_hash_of, write_manifest
from persllm.persona_catalog import find_persona
from persllm.training.data.build import PersonaData
from persllm.workflows.demo_report import Chapter, write_report

TESLA = find_persona("nikola-tesla")
FOREIGN = re.compile(r"(?:src|href|action)\s*=|url\(|@import|<script|<link|https?://", re.I)
TURN = Turn(speaker="Nikola Tesla", stage="early", text="It alternates.", tokens=7, seconds=0.5)
ROW = {"pair_accuracy": 0.8125, "pair_error": 0.05, "pairs": 64, "perplexity": 7.5, "items": 90}


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / WEIGHTS_NAME).write_bytes(b"")
    write_manifest(
        folder,
        Manifest(
            persona=TESLA.id,
            persona_hash="test",
            stages=("early", "late"),
            base="nano",
            base_key=find_base("nano").key,
            prompt_hash=prompt_hash_of(find_base("nano")),
            data_hash="test",
            settings={},
            versions={},
            seconds=93.0,
            evaluation={"adapter": ROW},
        ),
    )
    statistics = {
        "items": {"early/<facts>": {"train": 41, "test": 9}},
        "pairs": {"other persona": 12},
    }
    return Chapter(TESLA, PersonaData(tmp_path, (), (), statistics), folder)


def page(folder: Path, turns: list[Turn], *chapters: Chapter, motion: str = "Currents") -> str:
    path = write_report(
        folder / "report.html", motion=motion, turns=turns, chapters=chapters, seconds=12.4
    )
    return path.read_text(encoding="utf-8")


def test_the_report_holds_every_turn_in_order(tmp_path: Path) -> None:
    html = page(tmp_path, [TURN, replace(TURN, speaker="Thomas Edison", text="It kills.")])
    assert html.index("It alternates.") < html.index("It kills.")
    assert html.index("Nikola Tesla") < html.index("Thomas Edison")


def test_what_models_write_is_no_html(tmp_path: Path) -> None:
    evil = replace(
        TURN,
        text="<script>alert(1)</script>",
        analysis="<img src=x>",
        speaker="<b>T</b>",
        stage="<i>",
        recalled=(Passage(id="x", text="<u>", source="<s>"),),
    )
    html = page(tmp_path, [evil], motion="<script>m</script> & more")
    assert not re.search(r"<script|<img|<b>T|<i>|<u>|<s>", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_dollars_in_a_motion_are_kept(tmp_path: Path) -> None:
    assert "<h1>Power costs $5 and $motion</h1>" in page(
        tmp_path, [TURN], motion="Power costs $5 and $motion"
    )


def test_the_report_loads_nothing_from_outside(tmp_path: Path, chapter: Chapter) -> None:
    assert not FOREIGN.search(page(tmp_path, [TURN], chapter))


def test_the_report_shows_results_and_data(tmp_path: Path, chapter: Chapter) -> None:
    html = page(tmp_path, [TURN], chapter)
    assert "81.2% ± 5.0%" in html
    assert "<td>early/&lt;facts&gt;</td><td>41</td><td>9</td>" in html
    assert "12 other persona" in html


def test_recalled_memories_are_quoted_with_their_source(tmp_path: Path) -> None:
    passage = Passage(id="1", text="I lit the fair.", source="speech.md")
    assert "<li>speech.md: I lit the fair.</li>" in page(
        tmp_path, [replace(TURN, recalled=(passage,))]
    )
