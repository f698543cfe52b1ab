"""Bases as they come: no system role, strict alternation, no padding, no end token."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.bases import NANO_FOLDER
from persllm.errors import BaseModelError
from persllm.persona_catalog import find_persona

TEMPLATE = (NANO_FOLDER / "chat_template.jinja").read_text(encoding="utf-8")
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}"
)
ALTERNATES = (
    "{% set begins = 1 if messages[0]['role'] == 'system' else 0 %}{% for m in messages[begins:] %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% endfor %}"
)
OTHER_END = {"eos_token": "<|system|>", "pad_token": "<|system|>"}
ODD: dict[str, dict[str, Any]] = {
    "no system role": {"template": NO_SYSTEM, "tokenizer_config": OTHER_END},
    "strict alternation": {"template": ALTERNATES},
    "pads with its end": {"tokenizer_config": {"pad_token": "<|end|>"}},
    "no padding": {"tokenizer_config": {"pad_token": None}, "config": {"pad_token_id": None}},
    "no end token": {"tokenizer_config": {"eos_token": None}},
}
QUESTION = HumanMessage("Do you like pigeons?")
TALKS: list[list[BaseMessage]] = [
    [QUESTION],
    [AIMessage("Good evening."), QUESTION],
    [SystemMessage("It rains."), AIMessage("Good evening."), QUESTION],
]


def _odd_base(folder: Path, *, template: str = "", **changes: dict[str, Any]) -> Path:
    shutil.copytree(NANO_FOLDER, folder)
    (folder / "chat_template.jinja").write_text(template + TEMPLATE, encoding="utf-8")
    for name, changed in changes.items():
        path = folder / f"{name}.json"
        values = json.loads(path.read_text(encoding="utf-8")) | changed
        kept = {key: value for key, value in values.items() if value is not None}
        path.write_text(json.dumps(kept), encoding="utf-8")
    return folder


@pytest.mark.parametrize("odd", ODD)
def test_a_persona_talks_over_any_base(odd: str, tmp_path: Path) -> None:
    folder = _odd_base(tmp_path / "base", **ODD[odd])
    runtime = Runtime(RuntimeOptions(base=str(folder), runs=tmp_path / "runs"))
    tesla = find_persona("nikola-tesla")
    chat = runtime.chat(tesla, stage="late", use_adapter=False, use_memory=False)
    for talk in TALKS:
        assert chat.invoke(talk, max_tokens=8).text


def test_a_base_without_a_chat_template_is_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = _odd_base(tmp_path / "base")
    (folder / "chat_template.jinja").unlink()
    runtime = Runtime(RuntimeOptions(base=str(folder), runs=tmp_path / "runs"))
    tesla = find_persona("nikola-tesla")
    with pytest.raises(BaseModelError, match="no chat template"):
        runtime.chat(tesla, stage="late", use_adapter=False, use_memory=False).invoke("Hello")
