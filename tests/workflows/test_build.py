"""`persllm build` where a chat model writes: estimates, remarks, shards, budgets."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from persllm.errors import BudgetError, DataError
from persllm.persona import Persona
from persllm.training.data.items import PATTERNS, read_items
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teachers.store import AnswerStore
from persllm.ui.cli.main import app
from persllm.workflows import build as build_workflow
from persllm.workflows import data
from tests.doubles import LetterEmbeddings, MakePersona
from tests.mock_teacher import Served, mock_teacher

FEW = ("--per-part", "4")


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with mock_teacher() as mock:
        yield mock


@pytest.fixture
def persona(tiny_persona: MakePersona, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Persona:
    for module in (build_workflow, data):
        monkeypatch.setattr(module, "find_embeddings", lambda name: LetterEmbeddings())
    monkeypatch.setenv("PERSLLM_RUNS", str(tmp_path / "runs"))
    return tiny_persona()


def build(persona: Persona, *arguments: str) -> None:
    app(["build", str(persona.folder), *FEW, *arguments], standalone_mode=False)


def test_a_dry_run_tells_what_it_will_take_and_leaves_nothing(
    persona: Persona, server: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.forget()
    build(persona, "--dry-run", "--json", "--teacher", server.name, "--price", "1,2")
    needs = json.loads(capsys.readouterr().out)
    assert needs["items"] == 2 * sum(map(BuildSettings(per_part=4).most, PATTERNS))
    assert needs["teachers"][0]["dollars"] > 0
    build(persona, "--dry-run")
    assert "no model, no cost" in capsys.readouterr().out
    assert not (tmp_path / "runs").exists() and not server.counts()["asked"]


def test_a_budget_stops_the_build_and_the_same_command_goes_on(
    persona: Persona, server: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ("--teacher", server.name, "--price", "1,1", "--budget", "0.02", "--at-once", "4")
    stops = 0
    for _ in range(20):
        try:
            build(persona, *wanted)
        except BudgetError as error:
            stops += 1
            assert "the same command goes on" in str(error) and error.exit_code == 10
        else:
            break
    told = capsys.readouterr()
    assert 1 < stops < 20 and "Data of Marta Lind" in told.out
    assert "about 0." in told.err and "dollars" in told.err
    assert set(server.counts()["answered"].values()) == {1}


def test_remarks_are_given_in_the_command_and_remembered(
    persona: Persona, server: Served, tmp_path: Path
) -> None:
    build(persona, "--teacher", server.name, "--remark", "Shorter.")
    kept = tmp_path / "runs" / "marta-lind" / "calibration.yaml"
    assert "Shorter." in kept.read_text()
    first = AnswerStore(tmp_path / "runs" / "marta-lind" / "teacher.sqlite")
    before = len(first)
    build(persona, "--teacher", server.name)
    assert len(first) == before


def test_calibration_asks_until_there_is_no_remark(
    persona: Persona,
    server: Served,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(DataError, match="--remark"):
        build(persona, "--teacher", server.name, "--calibrate")
    said = iter(["Never ask back.", ""])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(Console, "input", lambda *_: next(said))
    build(persona, "--teacher", server.name, "--calibrate")
    told = capsys.readouterr().out
    assert told.count("visitor") == 2 and "thinks" in told and "early-" in told
    assert "Never ask back." in (tmp_path / "runs/marta-lind/calibration.yaml").read_text()


def test_shards_are_asked_apart_and_taken_over(
    persona: Persona, server: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for shard in ("1/2", "2/2"):
        build(persona, "--teacher", server.name, "--shard", shard)
    build(persona, "--teacher", server.name)
    told = capsys.readouterr()
    assert "answers taken over from 2 shards" in told.err
    assert (tmp_path / "runs/marta-lind/data/statistics.json").is_file()


def test_general_instructions_join_the_items(
    persona: Persona, server: Served, tmp_path: Path
) -> None:
    path = tmp_path / "general.jsonl"
    path.write_text('{"instruction": "Name a knot."}\n{"instruction": "REFUSE this."}\n')
    build(persona, "--teacher", server.name, "--general", str(path), "--plain")
    items = tmp_path / "runs/marta-lind/data/items"
    general = [item for file in items.glob("*.general.jsonl") for item in read_items(file)]
    assert [item.question for item in general] == ["Name a knot."]


@pytest.mark.parametrize(
    "flags",
    [("--calibrate",), ("--remark", "a"), ("--general", "x.jsonl"), ("--shard", "1/2"),
     ("--ray", "2")],
)  # fmt: skip
def test_what_needs_a_chat_model_says_so(flags: tuple[str, ...], persona: Persona) -> None:
    with pytest.raises(DataError, match=f"{flags[0]} needs a chat model"):
        build(persona, *flags)


@pytest.mark.parametrize("shares", ["a", "1", "1,0", "1,2,3"])
def test_shares_that_do_not_fit_are_told(shares: str, persona: Persona, server: Served) -> None:
    with pytest.raises(DataError, match="share"):
        build(persona, "--teacher", server.name, "--teacher", "rules", "--shares", shares)


def test_prompts_are_copied_to_be_changed(tmp_path: Path, persona: Persona, server: Served) -> None:
    mine = tmp_path / "mine"
    app(["prompts", str(mine)], standalone_mode=False)
    (mine / "task.ordinary.txt").write_text("Answer in rhyme.")
    build(persona, "--teacher", server.name, "--prompts", str(mine))
    assert (tmp_path / "runs/marta-lind/data/statistics.json").is_file()
