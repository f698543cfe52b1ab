"""Real vLLM on a CPU: the contract in this process and over HTTP, and what PEFT itself writes."""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.http import HttpEngine
from persllm.agents.engines.served import parse_address
from persllm.agents.engines.vllm_engine import VllmEngine
from persllm.agents.serving.vllm_process import free_port, running, vllm_command
from persllm.bases import find_base
from persllm.engine import Engine, Request, whole
from persllm.errors import AdapterError
from persllm.manifest import ADAPTER_FOLDER
from persllm.messages import Message, render
from persllm.persona_catalog import find_persona
from tests.contracts.engine_contract import EngineContract
from tests.doubles import NANO_PROFILE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None,
        reason="vLLM is missing here: .ci/vllm makes an environment that has it and runs this file",
    ),
]
NANO = find_base("nano")
SMALL = ("--dtype", "float32", "--enforce-eager", "--max-model-len", "1024")
PROMPTS = (
    (Message("system", "You are a clerk in Graz."), Message("user", "Who are you?")),
    (Message("user", "What did your father do for a living?"),),
)


@cache
def vllm_here() -> VllmEngine:
    return VllmEngine(NANO, dtype="float32", enforce_eager=True, max_model_len=1024)


@pytest.fixture(scope="session")
def vllm_there(adapters: tuple[Path, Path]) -> Iterator[HttpEngine]:
    """Return an engine that asks vLLM's own server; it has the first adapter only at its start."""
    patch = pytest.MonkeyPatch()
    patch.setenv("VLLM_ALLOW_RUNTIME_LORA_UPDATING", "True")
    port = free_port()
    flags = (*SMALL, "--max-loras", "3", "--max-cpu-loras", "3")
    command = vllm_command(NANO, {"nikola-tesla": adapters[0]}, port=port, flags=flags)
    with running(command, port=port) as url:
        yield HttpEngine(parse_address(url), base=NANO)
    patch.undo()


class TestHere(EngineContract):
    def make(self) -> Engine:
        return vllm_here()


class TestHereWithAnAdapter(EngineContract):
    @pytest.fixture(autouse=True)
    def _adapter(self, adapters: tuple[Path, Path]) -> None:
        self.adapter = adapters[0]

    def make(self) -> Engine:
        return vllm_here()


class TestThere(EngineContract):
    @pytest.fixture(autouse=True)
    def _engine(self, vllm_there: HttpEngine) -> None:
        self._there = vllm_there

    def make(self) -> Engine:
        return self._there


class TestThereWithAnAdapterItLoads(EngineContract):
    @pytest.fixture(autouse=True)
    def _engine(self, vllm_there: HttpEngine, adapters: tuple[Path, Path]) -> None:
        self._there, self.adapter = vllm_there, adapters[1]

    def make(self) -> Engine:
        return self._there


@cache
def written_by_peft(adapter: Path | None, messages: tuple[Message, ...], merged: bool) -> str:
    """Return what transformers writes with PEFT, or with the adapter merged into the weights."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(NANO.location)
    model: Any = AutoModelForCausalLM.from_pretrained(NANO.location, dtype="float32")
    if adapter:
        model = PeftModel.from_pretrained(model, str(adapter))
        model = model.merge_and_unload() if merged else model
    rows = [message.as_dict() for message in messages]
    prompt = tokenizer.apply_chat_template(
        rows, add_generation_prompt=True, return_dict=True, return_tensors="pt"
    )
    out = model.eval().generate(**prompt, max_new_tokens=24, do_sample=False)
    return str(tokenizer.decode(out[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True))


def requests(adapters: Sequence[Path | None]) -> list[Request]:
    return [
        Request(messages=messages, adapter=adapter, max_tokens=24)
        for messages in PROMPTS
        for adapter in adapters
    ]


@pytest.mark.parametrize("merged", [False, True], ids=["peft", "merged"])
@pytest.mark.parametrize("where", ["here", "there"])
def test_a_mixed_batch_writes_what_transformers_writes(
    where: str, merged: bool, adapters: tuple[Path, Path], vllm_there: HttpEngine
) -> None:
    engine: Engine = vllm_here() if where == "here" else vllm_there
    asked = requests([None, *adapters])
    texts = [reply.text for reply in engine.generate(asked)]
    assert texts == [written_by_peft(r.adapter, r.messages, merged) for r in asked]
    assert len(set(texts)) == len(texts)


def test_a_trained_adapter_says_the_same_in_peft_merged_and_in_vllm() -> None:
    tesla = find_persona("nikola-tesla")
    adapter = tesla.folder / ADAPTER_FOLDER / "nano"
    asked = [
        Request(
            messages=render(
                tesla,
                tesla.stage("late"),
                (Message("user", question),),
                profile=NANO_PROFILE,
            ),
            adapter=adapter,
            max_tokens=24,
        )
        for question in ("Where were you born?", "What do you think of Edison?", "Good morning.")
    ]
    served = [reply.text for reply in vllm_here().generate(asked)]
    assert served == [written_by_peft(adapter, r.messages, merged=False) for r in asked]
    assert served == [written_by_peft(adapter, r.messages, merged=True) for r in asked]
    assert served != [written_by_peft(None, r.messages, merged=False) for r in asked]


def test_the_command_serves_every_persona_with_its_adapter() -> None:
    port, people = free_port(), ("nikola-tesla", "marie-curie")
    flags = ("--engine", "vllm", "--no-memory", "--port", str(port), "--", *SMALL)
    command = [sys.executable, "-m", "persllm", "serve", *people, *flags]
    body = {"messages": [{"role": "user", "content": "Who are you?"}], "temperature": 0}
    with running(command, port=port) as url:
        for name in people:
            asked = {**body, "model": f"{name}@late"}
            answer = httpx.post(f"{url}/chat/completions", json=asked, timeout=60, trust_env=False)
            persona = find_persona(name)
            adapter = persona.folder / ADAPTER_FOLDER / "nano"
            here = ChatPersona(
                persona=persona,
                engine=vllm_here(),
                stage="late",
                adapter=adapter,
                base_profile=NANO_PROFILE,
            )
            said = answer.json()["choices"][0]["message"]["content"]
            assert said == here.invoke("Who are you?").text


def test_a_seed_repeats_in_this_process() -> None:
    sampled = replace(requests([None])[0], temperature=1.5, seed=7)
    one, two, other = vllm_here().generate([sampled, sampled, replace(sampled, seed=8)])
    assert one == two
    assert one.text != other.text


def test_an_adapter_of_too_high_a_rank_is_refused_by_name(adapters: tuple[Path, Path]) -> None:
    with pytest.raises(AdapterError, match=r"nikola-tesla .*its rank is 4, the server takes 1"):
        vllm_command(NANO, {"nikola-tesla": adapters[0]}, port=1, flags=["--max-lora-rank=1"])


def test_the_server_forgets_an_adapter(vllm_there: HttpEngine, adapters: tuple[Path, Path]) -> None:
    request = requests([adapters[1]])[0]
    before = whole(vllm_there.stream(request))
    vllm_there.unload(adapters[1])
    assert whole(vllm_there.stream(request)) == before
