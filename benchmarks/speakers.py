"""What the engine benchmarks share: a random base, adapters over it, and the plain way to ask.

The base is a random Llama of 28 million parameters with the nano base's tokenizer: speed does not
depend on what the weights are, and nobody has to download anything.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

from persllm.bases import NANO_FOLDER, Base, find_base
from persllm.engine import Request
from persllm.manifest import Manifest, prompt_hash_of, write_manifest
from persllm.messages import Message

RANK = 16
WORDS = "the clerk of Graz wrote letters about rivers machines and the price of bread".split()

torch.set_num_threads(1)


def random_base(folder: Path, *, half: bool = False) -> Base:
    """Return a random base of 8 layers, 512 wide; `half` as if it were published in fp16."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=4096,
        hidden_size=512,
        intermediate_size=1408,
        num_hidden_layers=8,
        num_attention_heads=8,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        eos_token_id=1,
        pad_token_id=0,
    )
    model = AutoModelForCausalLM.from_config(config)
    (model.half() if half else model).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(NANO_FOLDER / name, folder)
    return find_base(str(folder))


def random_adapters(base: Base, folder: Path, count: int) -> list[Path]:
    """Return adapters of rank 16 over all linear layers."""
    folders = []
    settings = {"r": RANK, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
    config = LoraConfig(init_lora_weights=False, **settings)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base.location, dtype=torch.float32), config
    )
    for number in range(count):
        torch.manual_seed(number)
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.data.normal_(0, 0.05)
        path = folder / f"adapter{number}"
        model.save_pretrained(str(path), save_embedding_layers=False)
        write_manifest(path, _manifest(base))
        folders.append(path)
    return folders


def words(count: int, seed: int) -> str:
    """Return so many words."""
    return " ".join(WORDS[(seed * 7 + at * at + at * seed) % len(WORDS)] for at in range(count))


def request(text: str, adapter: Path | None, *, tokens: int, header: str = "") -> Request:
    """Return a request of one turn."""
    messages = (Message("system", header or "You are a clerk."), Message("user", text))
    return Request(messages=messages, adapter=adapter, max_tokens=tokens)


class Plain:
    """Stock PEFT: the adapter is switched, the whole prompt read, one reply after another."""

    def __init__(self, base: Base, adapters: list[Path]) -> None:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base.location)
        model: Any = AutoModelForCausalLM.from_pretrained(base.location, dtype=torch.float32)
        self.model: Any = PeftModel.from_pretrained(model, str(adapters[0]), str(adapters[0]))
        for adapter in adapters[1:]:
            self.model.load_adapter(str(adapter), str(adapter))
        self.model.eval()

    @torch.inference_mode()
    def reply(self, asked: Request) -> tuple[str, int]:
        """Return text and number of tokens."""
        rows = [message.as_dict() for message in asked.messages]
        prompt = self.tokenizer.apply_chat_template(
            rows, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        self.model.set_adapter(str(asked.adapter))
        out = self.model.generate(
            **prompt, max_new_tokens=asked.max_tokens, do_sample=False, pad_token_id=0
        )
        written = out[0, prompt["input_ids"].shape[1] :].tolist()
        written = written[: written.index(1)] if 1 in written else written
        return self.tokenizer.decode(written, skip_special_tokens=True), len(written)


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return what was made and the CPU seconds it took; a busy neighbour fakes no ratio."""
    started = time.process_time()
    made = run()
    return made, time.process_time() - started


def _manifest(base: Base) -> Manifest:
    return Manifest(
        persona="random",
        persona_hash="",
        stages=("one",),
        base=base.name,
        base_key=base.key,
        prompt_hash=prompt_hash_of(base),
        data_hash="",
        settings={},
        versions={},
        seconds=0.0,
    )
