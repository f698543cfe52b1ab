"""What the nano base can do, measured on held-out lives and people: one figure a skill, greedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from persllm.materials import read_materials
from persllm.messages import Message
from persllm.replies import parse_reply
from persllm.training.data.items import Item
from persllm.training.evaluation.answers import AnswerReader
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.items import SKILLS, LifeItem, life_items
from tools.nano.remembering import Remembering
from tools.nano.written import Written

HELD_OUT_SEED = 909
MEASURED = ("knowledge", "corrected", "accepted")
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
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    *,
    per_skill: int = 100,
    remembering: Remembering | None = None,
) -> dict[str, Skill]:
    """Ask held-out lives so many questions of each skill.

    Args:
        model: Whom.
        tokenizer: Its.
        per_skill: How many.
        remembering: Tells what comes to mind; by default all that was drawn, in any order.
    """
    items: dict[str, list[LifeItem]] = {skill: [] for skill in SKILLS}
    for item in life_items(seed=HELD_OUT_SEED, count=per_skill * 30, held_out=True):
        if len(items[item.skill]) < per_skill:
            items[item.skill].append(remembering.of(item) if remembering else item)
    model.eval()
    results: dict[str, Skill] = {}
    for skill, asked in items.items():
        replies = _replies(model, tokenizer, [item.messages()[:-1] for item in asked])
        right = sum(is_right(item, reply) for item, reply in zip(asked, replies, strict=True))
        results[skill] = Skill(right, len(asked), f"{asked[0].question} >> {replies[0]}")
    model.train()
    return results


def measure_people(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    people: Sequence[Written],
    *,
    most: int = 5,
) -> dict[str, Skill]:
    """Ask each person so many questions of each measure, with what comes to mind."""
    model.eval()
    results: dict[str, Skill] = {}
    readers = {p.persona.id: AnswerReader(read_materials(p.persona)) for p in people}
    for measure in MEASURED:
        asked = [
            (readers[person.persona.id], item)
            for person in people
            for item in _asked(person, readers[person.persona.id], measure, most)
        ]
        replies = _replies(model, tokenizer, [item.prompt for _, item in asked])
        said = [parse_reply(reply).response for reply in replies]
        right = sum(
            reader.is_right(item, text) for (reader, item), text in zip(asked, said, strict=True)
        )
        results[measure] = Skill(right, len(asked), f"{asked[0][1].question} >> {said[0]}")
    model.train()
    return results


def _asked(person: Written, reader: AnswerReader, measure: str, most: int) -> list[Item]:
    """Return items that a measure applies to, spread over all that was written."""
    items = [item for item in map(person.item, person.drafts) if reader.measure_of(item) == measure]
    return items[:: max(1, len(items) // most)][:most]


def is_right(item: LifeItem, reply: str) -> bool:
    """Tell whether a reply says what was wanted and nothing that was not."""
    response = parse_reply(reply).response
    if any(text in response for text in item.unwanted):
        return False
    if item.skill == "unknown":
        return any(text.rstrip(".") in response for text in FRAMES.unknowns)
    told = response.lower()  # a title may stand with a small "the" inside a sentence
    return all(text.lower() in told for text in item.want)


def _replies(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Sequence[Message]],
) -> list[str]:
    return [
        reply
        for start in range(0, len(prompts), BATCH)
        for reply in _batch(model, tokenizer, prompts[start : start + BATCH])
    ]


@torch.inference_mode()
def _batch(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[Sequence[Message]],
) -> list[str]:
    """Return greedy replies, batched with padding on the left."""
    tokenizer.padding_side = "left"
    encoded: Any = tokenizer.apply_chat_template(
        [[message.as_dict() for message in prompt] for prompt in prompts],
        add_generation_prompt=True,
        padding=True,
        return_tensors="pt",
        return_dict=True,
    )
    untyped = cast("Any", model)
    tokens = untyped.generate(**encoded, max_new_tokens=MOST_TOKENS, do_sample=False)
    written = tokens[:, encoded["input_ids"].shape[1] :]
    return tokenizer.batch_decode(written, skip_special_tokens=True)
