"""Bases of other families go all the way, with no case of their own: build, train, chat, serve."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, Qwen3Config, Qwen3ForCausalLM

from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.agents.serving.voices import Company
from persllm.base_profile import find_profile
from persllm.bases import Base, find_base
from persllm.persona import Persona
from persllm.training.data.build import build
from persllm.training.data.sampling import BuildSettings
from persllm.training.settings import changed, preset
from persllm.training.train import TrainContext, train_persona
from tests.agents.served import served
from tests.chat_templates import tokenizer_of
from tests.doubles import OTTO, write_tiny_persona

pytestmark = pytest.mark.slow

SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 1024,
    "tie_word_embeddings": True,
}
MODELS: dict[str, tuple[Any, Any]] = {
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    "gemma": (Gemma3TextConfig, Gemma3ForCausalLM),
    "gemma3": (Gemma3TextConfig, Gemma3ForCausalLM),
}
TALKS: dict[str, list[BaseMessage]] = {
    "a question": [HumanMessage("Who keeps the light?")],
    "a greeting first": [AIMessage("Good evening."), HumanMessage("Who keeps the light?")],
    "a scene and a greeting": [
        SystemMessage("It rains."),
        AIMessage("Good evening."),
        HumanMessage("Who keeps the light?"),
    ],
}


def _write_base(folder: Path, kind: str) -> Base:
    """Write a random base of that kind, with nano's words and the kind's chat template."""
    torch.manual_seed(0)
    tokenizer = tokenizer_of(kind)
    config, model = MODELS[kind]
    ids = {name: getattr(tokenizer, name) for name in ("eos_token_id", "pad_token_id")}
    model(
        config(vocab_size=len(tokenizer), bos_token_id=tokenizer.bos_token_id, **ids, **SHAPE)
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return find_base(str(folder))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Persona, Persona]:
    folder = tmp_path_factory.mktemp("people")
    return write_tiny_persona(folder), write_tiny_persona(folder, OTTO)


@pytest.mark.parametrize("kind", MODELS)
def test_a_base_of_another_family_is_built_for_trained_talked_to_and_served(
    kind: str, people: tuple[Persona, Persona], tmp_path: Path
) -> None:
    base = _write_base(tmp_path / f"tiny-{kind}", kind)
    persona, other = people
    profile = find_profile(base)
    data = build(
        persona,
        out=tmp_path / "data",
        others=[other],
        embeddings=DeterministicFakeEmbedding(size=64),
        profile=profile,
        settings=BuildSettings(per_part=2),
    )
    few = {"repeats": 0.2, "batch": 4, "most_pairs": 4, "rank": 4}
    settings = changed(preset(profile.preset), few)
    runs = tmp_path / "runs"
    adapter = train_persona(persona, data, TrainContext(base=base, settings=settings, runs=runs))

    runtime = Runtime(RuntimeOptions(base=base.location, runs=runs))
    chat = runtime.chat(persona, use_adapter=True, use_memory=False)
    assert chat.adapter == adapter
    for talk in TALKS.values():
        reply = chat.invoke(talk, max_tokens=8)
        assert "think>" not in reply.text
        assert reply.response_metadata["finish_reason"] in {"stop", "length"}

    with served(Company(runtime.engine, [chat])) as running:
        asked = {
            "model": chat.model_name,
            "messages": [{"role": "user", "content": "Who keeps the light?"}],
            "max_tokens": 8,
        }
        answer = httpx.post(f"{running.url}/v1/chat/completions", json=asked, timeout=60)
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"][0]["message"]["content"]
