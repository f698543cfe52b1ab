"""A run may be said in one file; the command line and the environment count before it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from persllm.errors import RunFileError
from persllm.ui.cli.main import app
from persllm.ui.cli.run_files import RunFileCommand, key_of, read_run_file

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "runs").glob("*.yaml"))


def command(name: str) -> RunFileCommand:
    found = get_command(app).commands[name]  # type: ignore[attr-defined]
    assert isinstance(found, RunFileCommand)
    return found


def parsed(name: str, *arguments: str) -> dict[str, Any]:
    """Return what a command would be called with."""
    group = get_command(app)
    with group.make_context("persllm", [name, *arguments]) as outer:
        return dict(command(name).make_context(name, [*arguments], parent=outer).params)


def written(folder: Path, text: str) -> str:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_read_by_its_command(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERSLLM_BASE", raising=False)
    values = read_run_file(path, command(path.stem))
    params = parsed(path.stem, str(path))
    for name, value in values.items():
        assert params[name] == value or list(params[name]) == value


def test_there_is_an_example_for_each_command_that_takes_a_file() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    takes = {name for name, each in commands.items() if isinstance(each, RunFileCommand)}
    assert takes == {path.stem for path in EXAMPLES}


def test_the_command_line_counts_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PERSLLM_BASE", raising=False)
    file = written(tmp_path, "personas: [nikola-tesla]\nrank: 4\nbatch: 8\nbase: from-file\n")
    assert {parsed("train", file)[name] for name in ("rank", "batch")} == {4, 8}
    monkeypatch.setenv("PERSLLM_TRAIN_RANK", "5")
    monkeypatch.setenv("PERSLLM_BASE", "from-environment")
    found = parsed("train", file, "--batch", "9")
    assert (found["rank"], found["batch"], found["base"]) == (5, 9, "from-environment")
    assert found["personas"] == ["nikola-tesla"]
    assert parsed("train", file, "--rank", "6")["rank"] == 6


def test_personas_of_the_command_line_stand_in_place_of_the_files(tmp_path: Path) -> None:
    file = written(tmp_path, "personas: [nikola-tesla]\nseed: 3\n")
    found = parsed("eval", file, "thomas-edison")
    assert (found["personas"], found["seed"]) == (["thomas-edison"], 3)


def test_all_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    file = written(tmp_path, "personas: [nikola-tesla]\n\nranks: 4\nbatch: many\nfour-bit: 3.5\n")
    with pytest.raises(RunFileError) as told:
        parsed("train", file)
    text = str(told.value)
    assert "run.yaml: 3 fault(s)" in text
    assert "line 3: ranks" in text and "line 4: batch" in text and "line 5: four_bit" in text
    assert "Keys of train: ablate, accumulate" in text and told.value.exit_code == 11


def test_a_value_out_of_range_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="line 2: turns"):
        parsed("eval", written(tmp_path, "personas: [a]\nturns: -1\n"))


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "just words\n"])
def test_what_is_no_run_file_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(RunFileError):
        parsed("build", written(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="cannot be read"):
        parsed("train", str(tmp_path / "none.yaml"))


def test_keys_are_flags_without_dashes() -> None:
    keys = {key_of(each) for each in command("train").params}
    assert {"personas", "json", "dry_run", "sft_rate", "packed", "base"} <= keys


def test_a_run_from_a_file_speaks_json(tmp_path: Path) -> None:
    file = written(tmp_path, f"persona: nikola-tesla\nper_part: 2\nruns: {tmp_path}\njson: true\n")
    told = CliRunner().invoke(app, ["build", file, "--dry-run"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["teachers"] == []
