"""The flags of all that lets personas talk are declared once and say the same everywhere."""

from typing import Any

import pytest

from persllm.agents.options import RuntimeOptions
from persllm.bases import DEFAULT_BASE
from persllm.ui.cli.main import app

FLAGS = [
    "--base=nano", "--engine=local:int8", "--embeddings=openai:x", "--recall=5", "--threads=2",
    "--max-tokens=99", "--temperature=0.7", "--top-p=0.9", "--no-memory", "--no-adapter",
]  # fmt: skip
SAID = RuntimeOptions(
    base="nano",
    engine="local:int8",
    embeddings="openai:x",
    recall=5,
    threads=2,
    max_tokens=99,
    temperature=0.7,
    top_p=0.9,
    use_memory=False,
    use_adapter=False,
)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[RuntimeOptions]:
    """Return the options that commands pass on."""
    for name in ("PERSLLM_RUNS", "PERSLLM_BASE"):
        monkeypatch.delenv(name, raising=False)
    found: list[RuntimeOptions] = []

    def hear(names: Any, options: RuntimeOptions, **_: Any) -> None:  # noqa: ANN401
        found.append(options)

    for where in ("actions.chat.hold_chat", "actions.play.run_debate", "actions.serve.run_serve"):
        monkeypatch.setattr(f"persllm.ui.cli.{where}", hear)
    return found


@pytest.mark.parametrize("command", [["chat", "nikola-tesla"], ["debate"]])
def test_flags_become_one_value(command: list[str], heard: list[RuntimeOptions]) -> None:
    app([*command, *FLAGS], standalone_mode=False)
    assert heard == [SAID]


@pytest.mark.parametrize("command", [["chat", "nikola-tesla"], ["debate"], ["serve"]])
def test_without_flags_the_defaults_hold(command: list[str], heard: list[RuntimeOptions]) -> None:
    app(command, standalone_mode=False)
    assert heard == [RuntimeOptions()]
    assert heard[0].base == DEFAULT_BASE


def test_the_environment_says_the_same(
    heard: list[RuntimeOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"RECALL": "5", "CHAT_NO_MEMORY": "1", "CHAT_STAGE": "late"}.items():
        monkeypatch.setenv(f"PERSLLM_{name}", value)
    app(["chat", "nikola-tesla"], standalone_mode=False)
    assert heard == [RuntimeOptions(recall=5, use_memory=False)]
