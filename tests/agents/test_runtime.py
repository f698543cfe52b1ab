"""What the options of a runtime say holds for every persona that it opens."""

import os
from pathlib import Path
from typing import Any

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime, open_persona
from persllm.base_profile import find_profile
from persllm.bases import Base, find_base
from persllm.embeddings import find_embeddings
from persllm.errors import MemoryStoreError
from persllm.persona_catalog import find_persona

BARE: dict[str, Any] = {"use_memory": False, "use_adapter": False}


def test_options_shape_the_replies(tmp_path: Path) -> None:
    options = RuntimeOptions(
        runs=tmp_path, recall=5, max_tokens=33, temperature=0.5, top_p=0.8, **BARE
    )
    chat = Runtime(options, engine=ScriptedEngine("Yes.")).chat(find_persona("nikola-tesla"))
    assert (chat.max_tokens, chat.temperature, chat.top_p) == (33, 0.5, 0.8)
    assert chat.base_profile.passages == 5
    assert chat.adapter is None and chat.memory is None


def test_what_no_option_says_is_the_profiles_of_the_base(tmp_path: Path) -> None:
    runtime = Runtime(RuntimeOptions(runs=tmp_path, **BARE), engine=ScriptedEngine("Yes."))
    chat = runtime.chat(find_persona("nikola-tesla"))
    assert (chat.max_tokens, chat.temperature, chat.top_p) == (None, None, None)
    assert chat.base_profile == find_profile(find_base("nano"))


def test_the_engine_has_the_threads_that_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[dict[str, Any]] = []

    def start(base: Base, **given: Any) -> ScriptedEngine:  # noqa: ANN401
        started.append(given)
        return ScriptedEngine("Yes.")

    monkeypatch.setattr("persllm.agents.runtime.LocalEngine", start)
    own = find_profile(find_base("nano")).threads or os.cpu_count() or 1
    for threads in (own + 1, None):
        _ = Runtime(RuntimeOptions(base="nano", runs=tmp_path, threads=threads)).engine
    assert [given["threads"] for given in started] == [own + 1, own]


def test_opened_with_the_same_options_personas_share_an_engine(tmp_path: Path) -> None:
    options = RuntimeOptions(base="nano", runs=tmp_path, **BARE)
    one = open_persona("nikola-tesla", options)
    two = open_persona("thomas-edison", options, stage="late")
    warm = open_persona("thomas-edison", options, temperature=0.7)
    assert one.engine is two.engine and warm.temperature == 0.7


@pytest.mark.parametrize(
    "wrong", [{"recall": 0}, {"threads": 0}, {"max_tokens": 0}, {"temperature": -1}, {"top_p": 0}]
)
def test_a_value_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RuntimeOptions(**wrong)  # type: ignore[arg-type]


def test_embeddings_that_there_are_not_are_told() -> None:
    with pytest.raises(MemoryStoreError, match="nobody:nothing"):
        find_embeddings("nobody:nothing")
