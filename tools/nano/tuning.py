"""Batches of persona conversations for the nano base: synthetic lives, prose, a little text.

Conversations are packed as trees, so that what the questions of a scene begin with is computed
once (persllm.training.tuning.trees).
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import cast

import torch
from transformers import PreTrainedTokenizerFast

from persllm.materials import Material
from persllm.messages import Message
from persllm.training.tuning.attention import as_batch
from persllm.training.tuning.trees import Row, common, pack, row_of
from tools.nano.corpus import Tokens
from tools.nano.lives.items import LifeItem, life_items, life_scenes
from tools.nano.passages import passage_items, passage_scenes
from tools.nano.pretrain import SHORT_ROW, Batch, Batches, Conversations, Text, text_rows
from tools.nano.recipe import Recipe

WINDOW = 16
"""Steps whose conversations are drawn together, so that each has the same mixture."""
ROW_TOKENS = 230
"""What a conversation comes to by itself; as measured."""
SCENE_TOKENS = 660
"""What a scene comes to, its beginning counted once; as measured."""
ALONE_SHARE = 0.5
"""Of the lives' single items, how many recall only what answers, as a memory mostly does."""
HISTORY_SHARE = 0.5
"""Of the items whose speaker was asked something before."""
EARLIER = (1, 1, 2, 2, 3, 4, 6)
"""How many exchanges come before, each as likely."""
DECISIONS = re.compile(
    r"(?<=I recall)(?:: \S+ \S+| nothing)|Not there: \S+|\[Response\]|"
    r"That is (?:not )?so\.|I do not agree\.|They speak of|^(?!\[)\S+ \S+"
)
"""Where a reply takes its turn: what comes to mind, whether it is so or to be weighed at all,
whether an opponent is answered. The rest follows from these few words."""
DECISION_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Encoded:
    """One conversation, with how much each token of its reply counts."""

    row: Row
    weights: list[float]


Scene = Sequence[Encoded]
"""Conversations that may begin alike."""


def tuning_batches(
    tokens: Tokens,
    known: Sequence[Material],
    tokenizer: PreTrainedTokenizerFast,
    recipe: Recipe,
    *,
    scenes: bool,
) -> Batches:
    """Return batches whose loss counts replies only, now and then one of general text.

    Args:
        tokens: General text.
        known: Passages of prose to ask about.
        tokenizer: Of the base.
        recipe: Sizes and shares.
        scenes: Whether most questions come in scenes, several over one memory.
    """

    @lru_cache(maxsize=1)
    def window_of(number: int) -> list[list[Scene]]:
        made = list(_conversations(number, known, tokenizer, recipe, scenes=scenes))
        return dealt(made, WINDOW * recipe.parts)

    def batch(step: int) -> list[Batch]:
        if step % recipe.text_every == recipe.text_every - 1:
            count = recipe.tuning_tokens // SHORT_ROW // recipe.parts
            return [
                Text(text_rows(tokens, count, SHORT_ROW, f"tuning {step} {part}"))
                for part in range(recipe.parts)
            ]
        first = step % WINDOW * recipe.parts
        return [packed(part) for part in window_of(step // WINDOW)[first : first + recipe.parts]]

    return batch


def dealt(scenes: Sequence[Scene], parts: int) -> list[list[Scene]]:
    """Return the scenes in so many parts of about the same number of tokens each."""
    made: list[list[Scene]] = [[] for _ in range(parts)]
    full = [0] * parts
    for scene in sorted(scenes, key=computed_tokens, reverse=True):
        least = full.index(min(full))
        made[least].append(scene)
        full[least] += computed_tokens(scene)
    return made


def computed_tokens(scene: Scene) -> int:
    """Return how many tokens a scene comes to when its beginning is computed once."""
    first, *others = (one.row.tokens for one in scene)
    return len(first) + sum(len(other) - common(first, other) for other in others)


def packed(scenes: Sequence[Scene]) -> Conversations:
    """Return the scenes' conversations as one batch."""
    some = list(chain.from_iterable(scenes))
    weights = torch.tensor([weight for one in some for weight in one.weights])
    return Conversations(as_batch(pack([one.row for one in some])), weights)


def encode(
    tokenizer: PreTrainedTokenizerFast, messages: Sequence[Message], *, longest: int
) -> Encoded | None:
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
    return Encoded(row_of(prompt, reply), weights)


def weights_of(reply: str, places: Sequence[tuple[int, int]]) -> list[float]:
    """Return how much each token of a reply counts, given where each begins and ends."""
    spans = [match.span() for match in DECISIONS.finditer(reply)]
    return [
        DECISION_WEIGHT if any(begin < last and first < end for first, last in spans) else 1.0
        for begin, end in places
    ]


def _conversations(
    window: int,
    known: Sequence[Material],
    tokenizer: PreTrainedTokenizerFast,
    recipe: Recipe,
    *,
    scenes: bool,
) -> Iterator[Scene]:
    """Yield a window's conversations that fit the context, in scenes or each by itself."""
    seed = recipe.seed * 1_000_003 + window
    whole = recipe.tuning_tokens * WINDOW
    in_scenes = int(whole * recipe.scene_share) if scenes else 0
    single = (whole - in_scenes) // ROW_TOKENS
    prose, prose_scenes = (
        int(count * recipe.prose_share) for count in (single, in_scenes // SCENE_TOKENS)
    )
    draw = random.Random(seed)
    lives = life_scenes(seed=seed, count=in_scenes // SCENE_TOKENS - prose_scenes)
    groups = chain(
        _with_history(
            ([_remembered(item, draw)] for item in life_items(seed=seed, count=single - prose)),
            draw,
        ),
        _with_history(lives, draw),
        ([item.messages()] for item in passage_items(known, seed=seed, count=prose)),
        (
            [item.messages() for item in scene]
            for scene in passage_scenes(known, seed=seed, count=prose_scenes)
        ),
    )
    for group in groups:
        made = (encode(tokenizer, messages, longest=recipe.context) for messages in group)
        if kept := [one for one in made if one]:
            yield kept


def _remembered(item: LifeItem, draw: random.Random) -> LifeItem:
    alone = draw.random() < ALONE_SHARE
    return replace(item, recalled=item.needed) if alone else item


def _with_history(
    scenes: Iterable[Sequence[LifeItem]], draw: random.Random
) -> Iterator[list[tuple[Message, ...]]]:
    """Yield conversations, some after earlier exchanges with the same speaker.

    Earlier exchanges stand as they do in a chat: without recalled text and analysis.
    """
    earlier: dict[str, tuple[Message, ...]] = {}
    for scene in scenes:
        system = scene[0].messages()[0]
        before = earlier.get(system.content, ())
        shown = before[-2 * draw.choice(EARLIER) :] if draw.random() < HISTORY_SHARE else ()
        yield [(system, *shown, *item.messages()[1:]) for item in scene]
        earlier[system.content] = (*before, *chain.from_iterable(map(_exchange, scene)))


def _exchange(item: LifeItem) -> tuple[Message, Message]:
    return Message("user", item.question), Message("assistant", item.response)
