"""Tokenizers of real bases, for tests: the small tokenizer of nano with a base's chat template."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from persllm.bases import NANO_FOLDER

FOLDER = Path(__file__).parent / "data" / "chat_templates"
SMALL = Path(__file__).parent.parent / "persllm" / "small" / "chat_template.jinja"


@dataclass(frozen=True, slots=True)
class Kind:
    """A family's chat template, and the control tokens that it needs."""

    template: Path
    end: str
    """Ends a turn."""
    marks: tuple[str, ...] = ()
    """Other control tokens."""
    bos: str | None = None
    eos: str | None = None
    """The tokenizer's, where it is not `end`."""


KINDS = {
    "nano": Kind(NANO_FOLDER / "chat_template.jinja", "<|end|>"),
    "qwen3": Kind(FOLDER / "qwen3.jinja", "<|im_end|>", ("<|im_start|>",)),
    "qwen3-thinking": Kind(FOLDER / "qwen3_thinking.jinja", "<|im_end|>", ("<|im_start|>",)),
    "smollm2": Kind(SMALL, "<|im_end|>", ("<|im_start|>",)),
    "llama3": Kind(
        FOLDER / "llama3.jinja",
        "<|eot_id|>",
        ("<|start_header_id|>", "<|end_header_id|>"),
        bos="<|begin_of_text|>",
    ),
    "gemma": Kind(
        FOLDER / "gemma.jinja", "<end_of_turn>", ("<start_of_turn>",), bos="<bos>", eos="<eos>"
    ),
    "gemma3": Kind(
        FOLDER / "gemma3.jinja", "<end_of_turn>", ("<start_of_turn>",), bos="<bos>", eos="<eos>"
    ),
    "mistral": Kind(FOLDER / "mistral.jinja", "</s>", bos="<s>"),
}


@cache
def shared_tokenizer(kind: str) -> Any:  # noqa: ANN401 (a transformers tokenizer)
    """Return the tokenizer of a kind for tests that do not change it."""
    return tokenizer_of(kind)


def tokenizer_of(kind: str) -> Any:  # noqa: ANN401 (a transformers tokenizer)
    """Return nano's tokenizer as a base of that kind has its own."""
    found = KINDS[kind]
    tokenizer: Any = AutoTokenizer.from_pretrained(NANO_FOLDER)
    tokenizer.add_tokens([found.end, *found.marks], special_tokens=True)
    tokenizer.add_special_tokens({"eos_token": found.eos or found.end, "pad_token": "<|pad|>"})
    if found.bos:
        tokenizer.add_special_tokens({"bos_token": found.bos})
    tokenizer.chat_template = found.template.read_text(encoding="utf-8")
    return tokenizer
