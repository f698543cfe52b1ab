"""What the nano base can do, measured on held-out lives: one figure a skill, greedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from persllm.messages import parse_reply
from persllm.training.nano.lives.frames import UNKNOWNS
from persllm.training.nano.lives.items import SKILLS, LifeItem, life_items

HELD_OUT_SEED = 909
MOST_TOKENS = 140
BATCH = 40


@dataclass(frozen=True, slots=True)
class Skill:
    """How one skill went."""

    right: int
    asked: int
    sample: str
    """The first reply, to be read."""


def measure_skills(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, *, per_skill: int = 100
) -> dict[str, Skill]:
    """Ask held-out lives so many questions of each skill."""
    items: dict[str, list[LifeItem]] = {skill: [] for skill in SKILLS}
    for item in life_items(seed=HELD_OUT_SEED, count=per_skill * 30, held_out=True):
        if len(items[item.skill]) < per_skill:
            items[item.skill].append(item)
    model.eval()
    results: dict[str, Skill] = {}
    for skill, asked in items.items():
        replies = [
            reply
            for start in range(0, len(asked), BATCH)
            for reply in _replies(model, tokenizer, asked[start : start + BATCH])
        ]
        right = sum(is_right(item, reply) for item, reply in zip(asked, replies, strict=True))
        results[skill] = Skill(right, len(asked), f"{asked[0].question} >> {replies[0]}")
    model.train()
    return results


def is_right(item: LifeItem, reply: str) -> bool:
    """Tell whether a reply says what was wanted and nothing that was not."""
    response = parse_reply(reply).response
    if any(text in response for text in item.unwanted):
        return False
    if item.skill == "unknown":
        return any(text.rstrip(".") in response for text in UNKNOWNS)
    return all(text in response for text in item.want)


@torch.inference_mode()
def _replies(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, items: Sequence[LifeItem]
) -> list[str]:
    """Return greedy replies, batched with padding on the left."""
    tokenizer.padding_side = "left"
    prompts = [[message.as_dict() for message in item.messages()[:-1]] for item in items]
    encoded: Any = tokenizer.apply_chat_template(
        prompts,
        add_generation_prompt=True,
        padding=True,
        return_tensors="pt",
        return_dict=True,
    )
    untyped = cast("Any", model)
    tokens = untyped.generate(**encoded, max_new_tokens=MOST_TOKENS, do_sample=False)
    written = tokens[:, encoded["input_ids"].shape[1] :]
    return tokenizer.batch_decode(written, skip_special_tokens=True)
