"""The command line as a user meets it."""

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from persllm.agents.dialogue.transcript import read_transcript
from persllm.ui.cli.main import app, main
from tests.doubles import MakePersona

COMMANDS = "demo build check train eval chat debate play ui doctor prompts".split()
BROKEN = {
    "empty": b"",
    "list": b"- one\n- two\n",
    "no stages": b"name: Lin\nsummary: A clerk.\n",
    "unknown key": (
        b"name: Lin\nsummary: A clerk.\nage: 3\nstages: [{id: a, label: b, from: 1, to: 2}]\n"
    ),
    "not yaml": b"name: [Lin\n",
    "not utf-8": "name: Žica\n".encode("latin2"),
}


def left_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    """Run the command line in this process; return exit code and what it complained."""
    monkeypatch.setattr(sys, "argv", ["persllm", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert isinstance(left.value.code, int)
    return left.value.code, capsys.readouterr().err


def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "persllm", *arguments],
        input=said,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    told = CliRunner().invoke(app, [command, "--help"])
    assert told.exit_code == 0
    shown = " ".join(told.output.replace("Examples:", "Example:").split())
    assert f"Example: persllm {command}" in shown or command == "debate"
    assert "Usage:" in told.output


def test_help_lists_every_command_and_where_to_start() -> None:
    told = CliRunner().invoke(app, ["--help"])
    assert all(command in told.output for command in COMMANDS)
    assert "Start with: persllm demo" in told.output


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_persona_is_told_without_traceback(
    fault: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "persona.yaml").write_bytes(BROKEN[fault])
    code, told = left_with(monkeypatch, capsys, "chat", str(tmp_path), "--ask", "Hello")
    assert code == 3
    assert told.startswith(f"error: {tmp_path}/persona.yaml")
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "code", "remedy"),
    [
        (["chat", "no-body", "--ask", "Hi"], 3, "nikola-tesla, thomas-edison"),
        (["chat", "nikola-tesla", "--stage", "middle"], 3, "Choose one of: early, late."),
        (["chat", "nikola-tesla", "--base", "no-such"], 6, "or 'nano'"),
        (["train", "nikola-tesla", "--base", "./no-such"], 6, "or 'nano'"),
        (["train"], 3, "--bundled"),
        (["eval", "nikola-tesla", "no-body"], 3, "nikola-tesla, thomas-edison"),
        (["build", "no-body"], 3, "give the folder's path"),
        (["debate", "nikola-tesla"], 3, "persllm play currents"),
        (["debate", "nikola-tesla", "thomas-edison"], 12, "--motion"),
        (["play", "moon"], 12, "Choose one of constitution, currents"),
        (["debate", "nikola-tesla", "thomas-edison@middle"], 3, "Choose one of: early, late."),
    ],
)
def test_a_mistake_is_told_with_its_remedy(
    arguments: list[str],
    code: int,
    remedy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    got, told = left_with(monkeypatch, capsys, *arguments, "--runs", str(tmp_path))
    assert got == code
    assert told.startswith("error: ")
    assert remedy in told
    assert len(told.splitlines()) <= 3


@pytest.mark.slow
def test_a_persona_that_was_never_trained_speaks_and_the_command_is_told(
    tiny_persona: MakePersona,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["chat", str(tiny_persona().folder), "--ask", "Hi", "--runs", str(tmp_path)]
    code, told = left_with(monkeypatch, capsys, *arguments)
    assert code == 0
    assert "Marta Lind speaks by the base nano" in told
    assert f"persllm train {tmp_path / 'marta-lind'}" in told


def test_a_busy_port_is_told_with_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ["ui", "--port", str(port), "--runs", str(tmp_path)]
        code, told = left_with(monkeypatch, capsys, *arguments)
    assert code == 9
    assert told.startswith(f"error: port {port} at 127.0.0.1 cannot be used")
    assert "Choose another: persllm ui --port" in told


def test_a_memory_folder_that_is_a_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "memory").write_text("no folder")
    arguments = ["chat", "nikola-tesla", "--ask", "Hi", "--no-adapter", "--runs", str(tmp_path)]
    code, told = left_with(monkeypatch, capsys, *arguments)
    assert code == 8
    assert "Name a folder that can be written" in told


def test_the_doctor_speaks_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["persllm", "doctor", "--json", "--runs", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        main()
    findings = json.loads(capsys.readouterr().out)
    assert left.value.code == int(any(row["state"] == "missing" for row in findings))
    assert {"python", "torch", "nikola-tesla", "runs folder"} <= {row["what"] for row in findings}


@pytest.mark.slow
def test_a_chat_runs_over_a_pipe(tmp_path: Path) -> None:
    arguments = ["chat", "nikola-tesla", "--no-adapter", "--no-memory", "--runs", str(tmp_path)]
    said = "Hello\nAre you a machine?\n/stage middle\n/stage late\nAnd now?\n/exit\nNot heard\n"
    told = run(*arguments, said=said)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.count("Nikola Tesla: ") == 3
    assert "Nikola Tesla: In truth: I am a language model" in told.stdout
    assert "error: Nikola Tesla has no stage 'middle'" in told.stdout


@pytest.mark.slow
def test_a_debate_writes_its_transcript(tmp_path: Path) -> None:
    out = tmp_path / "out"
    speakers = ["nikola-tesla@late", "thomas-edison"]
    options = ["--turns", "2", "--no-adapter", "--runs", str(tmp_path), "--out", str(out)]
    told = run("debate", *speakers, "--motion", "Pigeons are [bold] birds.", *options)
    assert (told.returncode, told.stderr) == (0, "")
    turns = read_transcript(out / "transcript.jsonl")
    assert [(turn.speaker, turn.stage) for turn in turns] == [
        ("Nikola Tesla", "late"),
        ("Thomas Edison", "early"),
    ]
    page = (out / "transcript.md").read_text(encoding="utf-8")
    assert page.startswith("# Pigeons are [bold] birds.")
    assert "<h1>Pigeons are [bold] birds.</h1>" in (out / "transcript.html").read_text("utf-8")


@pytest.mark.slow
def test_a_chat_ends_where_its_input_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Are you a machine?"))
    options = ["--no-adapter", "--no-memory", "--runs", str(tmp_path)]
    assert left_with(monkeypatch, capsys, "chat", "nikola-tesla", *options) == (0, "")


def test_check_tells_what_is_doubtful_or_not_read_and_what_disagrees(
    tiny_persona: MakePersona,
) -> None:
    persona = tiny_persona()
    notes = persona.folder / "materials" / "knowledge.md"
    kept = notes.read_text(encoding="utf-8")
    notes.write_text(f"{kept}\n\nCrown 8vo. 5s. Second edition, cloth, 7s. 6d.\n", encoding="utf-8")
    notes.with_name("diary.docx").write_bytes(b"PK")
    told = CliRunner().invoke(app, ["check", str(persona.folder)])
    assert told.exit_code == 0
    assert "1 paragraph(s) look like an editor's" in told.output
    assert "not read: diary.docx" in told.output
    assert "an advertisement or imprint: Crown 8vo." in told.output
    rows = CliRunner().invoke(app, ["check", str(persona.folder), "--json"])
    assert json.loads(rows.stdout)["doubtful"][0]["text"].startswith("Crown 8vo.")
    later = persona.stages[-1].last + 30
    notes.write_text(f"{kept}\n\nIn {later} I sold the lamp.\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["check", str(persona.folder)])
    assert told.exit_code != 0
    assert str(later) in told.output
