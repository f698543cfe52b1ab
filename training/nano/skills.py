"""What the nano base can do, measured on held-out lives and people: one figure a skill, greedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from persllm.messages import Message, parse_reply, render, write_reply
from persllm.training.data.drafting import PartDraft
from persllm.training.data.items import Item
from persllm.training.evaluation import answers
from persllm.training.nano.lives.frames import UNKNOWNS
from persllm.training.nano.lives.items import SKILLS, LifeItem, life_items
from persllm.training.nano.written import Written

HELD_OUT_SEED = 909
MOST_TOKENS = 140
BATCH = 40
MOST_RECALLED = 3
"""As many paragraphs come to mind by default."""


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
        replies = _replies(model, tokenizer, [item.messages()[:-1] for item in asked])
        right = sum(is_right(item, reply) for item, reply in zip(asked, replies, strict=True))
        results[skill] = Skill(right, len(asked), f"{asked[0].question} >> {replies[0]}")
    model.train()
    return results


def measure_people(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, people: Sequence[Written]
) -> dict[str, Skill]:
    """Ask people what was written for them, with what comes to mind: not always what is needed."""
    asked = [
        (person, item)
        for person in people
        for made in person.drafts
        if answers.measure_of(item := _item(person, made))
    ]
    asked.sort(key=lambda pair: len("".join(m.content for m in _prompt(*pair))))
    model.eval()
    replies = _replies(model, tokenizer, [_prompt(*pair) for pair in asked])
    model.train()
    results: dict[str, Skill] = {}
    for measure in answers.MEASURES:
        rows = [
            (item, parse_reply(reply).response)
            for (_, item), reply in zip(asked, replies, strict=True)
            if answers.measure_of(item) == measure
        ]
        right = sum(answers.is_right(*row) for row in rows)
        results[measure] = Skill(right, len(rows), f"{rows[0][0].question} >> {rows[0][1]}")
    return results


def _prompt(person: Written, item: Item) -> tuple[Message, ...]:
    stage = person.persona.stage(item.stage)
    known = {material.id for material in person.known(stage)}
    recalled = [m.text for m in person.fit[item.question] if m.id in known][:MOST_RECALLED]
    return render(person.persona, stage, (Message("user", item.question),), recalled=recalled)


def _item(person: Written, made: PartDraft) -> Item:
    draft = made.draft
    return Item(
        id=made.id,
        persona=person.persona.id,
        stage=made.stage,
        pattern=made.pattern,
        messages=(Message("assistant", write_reply(draft.analysis, draft.response)),),
        question=draft.question,
        recalled=(),
        false_premise=None,
        sources=(made.material,),
        teacher=made.teacher,
        kind=draft.kind,
        split="test",
        said=draft.said,
        known=draft.known,
    )


def is_right(item: LifeItem, reply: str) -> bool:
    """Tell whether a reply says what was wanted and nothing that was not."""
    response = parse_reply(reply).response
    if any(text in response for text in item.unwanted):
        return False
    if item.skill == "unknown":
        return any(text.rstrip(".") in response for text in UNKNOWNS)
    return all(text in response for text in item.want)


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
