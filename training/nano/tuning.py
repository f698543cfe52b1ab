"""Batches of persona conversations for the nano base: synthetic lives, prose, a little text."""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import cast

import torch
from transformers import PreTrainedTokenizerFast

from persllm.materials import Material
from persllm.messages import Message
from persllm.training.nano.corpus import Tokens
from persllm.training.nano.lives.items import LifeItem, life_items
from persllm.training.nano.passages import passage_items
from persllm.training.nano.pretrain import IGNORED, SHORT_ROW, Batch, Batches, text_rows
from persllm.training.nano.recipe import Recipe

SORTED_STEPS = 8
"""So many steps' items are drawn together and sorted by length, so that little is padded."""
HISTORY_SHARE = 0.5
"""Of the items whose speaker was asked something before."""
Row = tuple[list[int], list[int]]
"""Tokens and targets."""


def tuning_batches(
    tokens: Tokens,
    known: Sequence[Material],
    tokenizer: PreTrainedTokenizerFast,
    recipe: Recipe,
) -> Batches:
    """Return batches whose loss counts replies only, with some rows of general text."""

    @lru_cache(maxsize=1)
    def rows_of(window: int) -> list[list[Row]]:
        return _window(window, known, tokenizer, recipe)

    def batch(step: int) -> Batch:
        rows = list(rows_of(step // SORTED_STEPS)[step % SORTED_STEPS])
        for row in text_rows(tokens, recipe.tuning_text_rows, SHORT_ROW, f"tuning {step}").tolist():
            rows.append((row, row))
        return _padded(rows, pad=cast("int", tokenizer.pad_token_id))

    return batch


def encode(
    tokenizer: PreTrainedTokenizerFast, messages: Sequence[Message], *, longest: int
) -> Row | None:
    """Return a conversation with its last reply as target, or None if it is too long."""
    before = [message.as_dict() for message in messages[:-1]]
    template = tokenizer.apply_chat_template
    prompt = cast("list[int]", template(before, add_generation_prompt=True, return_dict=False))
    reply = tokenizer(messages[-1].content, add_special_tokens=False)["input_ids"]
    reply = [*cast("list[int]", reply), cast("int", tokenizer.eos_token_id)]
    if len(prompt) + len(reply) > longest:
        return None
    return prompt + reply, [IGNORED] * len(prompt) + reply


def _window(
    window: int, known: Sequence[Material], tokenizer: PreTrainedTokenizerFast, recipe: Recipe
) -> list[list[Row]]:
    seed = recipe.seed * 1_000_003 + window
    wanted = recipe.tuning_items * SORTED_STEPS
    prose = int(wanted * recipe.prose_share)
    conversations = [
        *_with_history(life_items(seed=seed, count=wanted - prose), random.Random(seed)),
        *(item.messages() for item in passage_items(known, seed=seed, count=prose)),
    ]
    rows = [encode(tokenizer, messages, longest=recipe.context) for messages in conversations]
    fitting = sorted((row for row in rows if row), key=lambda row: len(row[0]))
    size = -(-len(fitting) // SORTED_STEPS)
    batches = [fitting[i : i + size] for i in range(0, len(fitting), size)]
    random.Random(seed).shuffle(batches)
    return batches


def _with_history(items: Iterator[LifeItem], draw: random.Random) -> Iterator[tuple[Message, ...]]:
    """Yield conversations, some after an earlier exchange with the same speaker.

    Earlier exchanges stand as they do in a chat: without recalled text and analysis.
    """
    earlier: dict[str, tuple[Message, ...]] = {}
    for item in items:
        system, *rest = item.messages()
        before = earlier.get(system.content, ())
        shown = before if draw.random() < HISTORY_SHARE else ()
        yield (system, *shown, *rest)
        exchange = (Message("user", item.question), Message("assistant", item.response))
        earlier[system.content] = (*before[-2:], *exchange)


def _padded(rows: Sequence[Row], *, pad: int) -> Batch:
    width = max(len(tokens) for tokens, _ in rows)
    tokens = torch.full((len(rows), width), pad)
    targets = torch.full((len(rows), width), IGNORED)
    attention = torch.zeros((len(rows), width), dtype=torch.long)
    for i, (ids, wanted) in enumerate(rows):
        tokens[i, : len(ids)] = torch.tensor(ids)
        targets[i, : len(ids)] = torch.tensor(wanted)
        attention[i, : len(ids)] = 1
    return Batch(tokens, targets, attention)
