"""`persllm serve` and `persllm mcp` before they serve: what is refused, and what vLLM is told."""

import json
import shlex
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime, start_engine
from persllm.bases import find_base
from persllm.errors import AdapterError, EngineError, PersonaError, ServeError
from persllm.manifest import WEIGHTS_NAME, Manifest, prompt_hash_of, write_manifest
from persllm.persona_catalog import find_persona
from persllm.ui.cli.actions.serve import split_flags
from persllm.ui.cli.main import app

NANO = find_base("nano")


def adapter(
    runs: Path,
    persona: str = "nikola-tesla",
    *,
    revision: str = NANO.key,
    template: str = "",
    **config: object,
) -> Path:
    """Write an adapter's papers; its weights are never read here."""
    folder = runs / persona / "run" / "adapter"
    folder.mkdir(parents=True)
    (folder / WEIGHTS_NAME).write_bytes(b"weights")
    papers = {"r": 16, "use_dora": False, "modules_to_save": None, **config}
    (folder / "adapter_config.json").write_text(json.dumps(papers))
    manifest = Manifest(
        persona=persona,
        persona_hash=find_persona(persona).digest(),
        stages=(),
        base=NANO.name,
        base_key=revision,
        prompt_hash=template or prompt_hash_of(NANO),
        data_hash="",
        settings={},
        versions={},
        seconds=0.0,
    )
    write_manifest(folder, manifest)
    return folder


@pytest.fixture(autouse=True)
def never_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """What should be refused and is not fails at once; a server would stay for ever."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it was served")

    monkeypatch.setattr("persllm.agents.serving.listen.serve_until_stopped", refuse)


def serve(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["serve", *map(str, arguments)])


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSLLM_VLLM_PYTHON", "/opt/vllm/bin/python")


def test_what_begins_with_a_dash_is_vllms() -> None:
    given = ["nikola-tesla", "--tensor-parallel-size", "2"]
    assert split_flags(given) == (["nikola-tesla"], ["--tensor-parallel-size", "2"])
    assert split_flags(["one", "two"]) == (["one", "two"], [])


@pytest.mark.usefixtures("untrained_cast")
def test_an_adapter_of_another_base_is_refused_before_serving(tmp_path: Path) -> None:
    folder = adapter(tmp_path, revision="another-revision")
    error = serve("nikola-tesla", "thomas-edison", "--runs", tmp_path).exception
    assert isinstance(error, AdapterError)
    assert all(part in str(error) for part in (str(folder), "another-revision", "--base"))


@pytest.mark.usefixtures("untrained_cast")
def test_an_adapter_of_another_rendering_is_refused_before_serving(tmp_path: Path) -> None:
    adapter(tmp_path, template="older")
    error = serve("nikola-tesla", "--runs", tmp_path).exception
    assert isinstance(error, AdapterError)
    assert "another prompt rendering: train again" in str(error)


@pytest.mark.usefixtures("untrained_cast")
def test_all_adapters_that_do_not_fit_are_named(tmp_path: Path) -> None:
    for name in ("nikola-tesla", "thomas-edison"):
        adapter(tmp_path, name, revision="another-revision")
    error = serve("nikola-tesla", "thomas-edison", "--runs", tmp_path).exception
    assert "nikola-tesla" in str(error)
    assert "thomas-edison" in str(error)


@pytest.mark.usefixtures("vllm", "untrained_cast")
@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"r": 128}, "its rank is 128, the server takes 64: start with --max-lora-rank 128"),
        ({"use_dora": True}, "it is a DoRA adapter"),
        ({"modules_to_save": ["lm_head"]}, "it carries whole modules"),
    ],
)
def test_an_adapter_vllm_cannot_serve_is_refused_before_serving(
    tmp_path: Path, config: dict[str, Any], told: str
) -> None:
    adapter(tmp_path, **config)
    flags = ("--", "--max-lora-rank", "64")
    error = serve("nikola-tesla", "--engine", "vllm", "--runs", tmp_path, *flags).exception
    assert isinstance(error, AdapterError)
    assert "nikola-tesla" in str(error)
    assert told in str(error)


@pytest.mark.usefixtures("vllm", "untrained_cast")
def test_the_command_for_vllm_names_every_persona_and_ends_with_the_users_flags(
    tmp_path: Path,
) -> None:
    folder = adapter(tmp_path, r=20)
    flags = ("--", "--tensor-parallel-size", "2")
    names = ("nikola-tesla", "thomas-edison")
    done = serve(*names, "--engine", "vllm", "--runs", tmp_path, "--print-command", *flags)
    command = shlex.split(done.output)
    assert command[0] == "/opt/vllm/bin/python"
    assert command[-2:] == ["--tensor-parallel-size", "2"]
    assert command[command.index("--max-lora-rank") + 1] == "32"
    module = json.loads(command[command.index("--lora-modules") + 1])
    assert module == {"name": "nikola-tesla", "path": str(folder), "base_model_name": "nano"}


@pytest.mark.usefixtures("vllm")
def test_a_rank_flag_without_a_number_is_refused(tmp_path: Path) -> None:
    flags = ("--", "--max-lora-rank", "high")
    error = serve("--engine", "vllm", "--runs", tmp_path, "--print-command", *flags).exception
    assert isinstance(error, EngineError)
    assert "'high'" in str(error)


def test_flags_for_another_engine_are_refused() -> None:
    error = serve("nikola-tesla", "--", "--tensor-parallel-size", "2").exception
    assert isinstance(error, ServeError)
    assert "only --engine vllm takes flags" in str(error)


def test_a_taken_port_is_refused_with_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = serve("nikola-tesla", "--port", port, "--runs", tmp_path).exception
    assert isinstance(error, ServeError)
    assert f"persllm serve --port {port + 1}" in str(error)


def test_an_unknown_persona_is_refused() -> None:
    assert isinstance(serve("nobody").exception, PersonaError)
    assert isinstance(CliRunner().invoke(app, ["mcp", "nobody"]).exception, PersonaError)


def test_an_unknown_engine_is_told_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"'local', 'local:int8', 'vllm' or the address"):
        start_engine("llama", NANO)
    place = Runtime(RuntimeOptions(base="nano", runs=tmp_path, engine="llama"))
    with pytest.raises(EngineError, match="there is no engine 'llama'"):
        _ = place.engine
