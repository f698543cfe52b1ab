"""Batches of persona conversations for the nano base: synthetic lives, prose, a little text."""

import random
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import torch
from transformers import PreTrainedTokenizerFast

from persllm.materials import Material
from persllm.messages import Message
from persllm.training.nano.corpus import Tokens
from persllm.training.nano.lives.items import LifeItem, life_items
from persllm.training.nano.passages import passage_items
from persllm.training.nano.pretrain import IGNORED, SHORT_ROW, Batch, Batches, text_rows, whole
from persllm.training.nano.recipe import Recipe

WINDOW = 32
"""Steps whose conversations are drawn together and sorted by length, to pad little."""
TYPICAL_TOKENS = 295
"""What a conversation comes to, padding included; as measured."""
HISTORY_SHARE = 0.5
"""Of the items whose speaker was asked something before."""
EARLIER = (1, 1, 2, 2, 3, 4, 6)
"""How many exchanges come before, each as likely."""
DECISIONS = re.compile(
    r"(?<=I recall)(?:: \S+ \S+| nothing)|(?<=Recalled: )\S+|That is (?:not )?so\.|"
    r"I (?:do not )?agree\.|They speak of|^(?!\[)\S+ \S+"
)
"""Where a reply takes its turn: what comes to mind, whether it is so, whether one agrees. The rest
follows from these few words."""
DECISION_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation; the three lists are of one length."""

    tokens: list[int]
    targets: list[int]
    weights: list[float]


def tuning_batches(
    tokens: Tokens,
    known: Sequence[Material],
    tokenizer: PreTrainedTokenizerFast,
    recipe: Recipe,
) -> Batches:
    """Return batches whose loss counts replies only, now and then one of general text."""
    pad = cast("int", tokenizer.pad_token_id)

    @lru_cache(maxsize=1)
    def window_of(number: int) -> list[Batch]:
        rows = _conversations(number, known, tokenizer, recipe)
        batches = batched(rows, recipe, pad=pad)
        random.Random(number).shuffle(batches)
        return batches

    def batch(step: int) -> Batch:
        if step % recipe.text_every == recipe.text_every - 1:
            count = recipe.tuning_tokens // SHORT_ROW
            rows = text_rows(tokens, count, SHORT_ROW, f"tuning {step}")
            return whole(rows)
        batches = window_of(step // WINDOW)
        return batches[step % WINDOW % len(batches)]

    return batch


def encode(
    tokenizer: PreTrainedTokenizerFast, messages: Sequence[Message], *, longest: int
) -> Row | None:
    """Return a conversation with its last reply as target, or None if it is too long."""
    before = [message.as_dict() for message in messages[:-1]]
    template = tokenizer.apply_chat_template
    prompt = cast("list[int]", template(before, add_generation_prompt=True, return_dict=False))
    text = messages[-1].content
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    reply = [*cast("list[int]", encoded["input_ids"]), cast("int", tokenizer.eos_token_id)]
    if len(prompt) + len(reply) > longest:
        return None
    weights = [*weights_of(text, cast("list[tuple[int, int]]", encoded["offset_mapping"])), 1.0]
    return Row(prompt + reply, [IGNORED] * len(prompt) + reply, [0.0] * len(prompt) + weights)


def weights_of(reply: str, places: Sequence[tuple[int, int]]) -> list[float]:
    """Return how much each token of a reply counts, given where each begins and ends."""
    spans = [match.span() for match in DECISIONS.finditer(reply)]
    return [
        DECISION_WEIGHT if any(begin < last and first < end for first, last in spans) else 1.0
        for begin, end in places
    ]


def _conversations(
    window: int, known: Sequence[Material], tokenizer: PreTrainedTokenizerFast, recipe: Recipe
) -> list[Row]:
    """Return a window's conversations that fit the context, the shortest first."""
    seed = recipe.seed * 1_000_003 + window
    wanted = recipe.tuning_tokens * WINDOW // TYPICAL_TOKENS
    prose = int(wanted * recipe.prose_share)
    conversations = [
        *_with_history(life_items(seed=seed, count=wanted - prose), random.Random(seed)),
        *(item.messages() for item in passage_items(known, seed=seed, count=prose)),
    ]
    rows = [encode(tokenizer, messages, longest=recipe.context) for messages in conversations]
    return sorted((row for row in rows if row), key=lambda row: len(row.tokens))


def _with_history(items: Iterator[LifeItem], draw: random.Random) -> Iterator[tuple[Message, ...]]:
    """Yield conversations, some after earlier exchanges with the same speaker.

    Earlier exchanges stand as they do in a chat: without recalled text and analysis.
    """
    earlier: dict[str, tuple[Message, ...]] = {}
    for item in items:
        system, *rest = item.messages()
        before = earlier.get(system.content, ())
        shown = before[-2 * draw.choice(EARLIER) :] if draw.random() < HISTORY_SHARE else ()
        yield (system, *shown, *rest)
        exchange = (Message("user", item.question), Message("assistant", item.response))
        earlier[system.content] = (*before, *exchange)


def batched(rows: Sequence[Row], recipe: Recipe, *, pad: int) -> list[Batch]:
    """Return batches of the recipe's widths; rows that fill no batch go to the next width."""
    widths = [width for width in recipe.tuning_widths if width <= recipe.context]
    waiting: dict[int, list[Row]] = {width: [] for width in widths}
    for row in rows:
        waiting[widths[bisect_left(widths, len(row.tokens))]].append(row)
    batches: list[Batch] = []
    left: list[Row] = []
    for width in widths:
        size = max(1, recipe.tuning_tokens // width)
        left += waiting[width]
        full = len(left) if width == widths[-1] else len(left) // size * size
        batches += [
            _padded(left[start : min(start + size, full)], size, width, pad=pad)
            for start in range(0, full, size)
        ]
        left = left[full:]
    return batches


def _padded(rows: Sequence[Row], size: int, width: int, *, pad: int) -> Batch:
    """Return rows as (size, width); rows that are missing hold padding and no target."""
    tokens = torch.full((size, width), pad)
    targets = torch.full((size, width), IGNORED)
    attention = torch.zeros((size, width), dtype=torch.long)
    weights = torch.zeros((size, width))
    attention[len(rows) :, 0] = 1  # a row that attends to nothing would be undefined
    for i, row in enumerate(rows):
        length = len(row.tokens)
        tokens[i, :length] = torch.tensor(row.tokens)
        targets[i, :length] = torch.tensor(row.targets)
        weights[i, :length] = torch.tensor(row.weights)
        attention[i, :length] = 1
    return Batch(tokens, targets, attention, weights)
