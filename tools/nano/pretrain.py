"""Train the nano base: general text first, then synthetic lives. Checkpointed, resumable.

Every step draws from a generator seeded with the step's number, so that a run that was killed
and continued sees exactly what an unbroken run sees.
"""

import contextlib
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer
from transformers import LlamaConfig, LlamaForCausalLM

from persllm.training.tuning.attention import log_probabilities, moved, tree_attention
from persllm.training.tuning.processes import is_first, join, processes, rank
from tools.nano.corpus import Tokens
from tools.nano.optimizers import (
    optimizers,
    quick,
    restore,
    schedule,
    set_rates,
    states_of,
)
from tools.nano.recipe import Recipe

CHECKPOINT_SECONDS = 120.0
LONG_EVERY = 8
SHORT_ROW = 256


@dataclass(frozen=True, slots=True)
class Text:
    """Rows of text, (rows, length), of which every token counts."""

    rows: Tensor


@dataclass(frozen=True, slots=True)
class Conversations:
    """Packed conversations, with how much each target counts."""

    packed: Mapping[str, Any]
    weights: Tensor


Batch = Text | Conversations
Batches = Callable[[int], Sequence[Batch]]
"""The parts of a step, given its number; their mean loss is the step's."""


def new_model(recipe: Recipe, *, pad: int, end: int) -> LlamaForCausalLM:
    """Return a Llama-shaped model with fresh weights."""
    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=recipe.vocabulary,
            hidden_size=recipe.hidden,
            intermediate_size=recipe.feed_forward,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.heads,
            max_position_embeddings=recipe.context,
            tie_word_embeddings=True,
            pad_token_id=pad,
            eos_token_id=end,
            bos_token_id=None,
        )
    )


def text_batches(tokens: Tokens, recipe: Recipe) -> Batches:
    """Return batches of plain text; every eighth one has rows of the whole context."""

    def batch(step: int) -> list[Batch]:
        length = recipe.context if step % LONG_EVERY == 0 else SHORT_ROW
        rows = text_rows(tokens, recipe.pretraining_tokens // length, length, f"text {step}")
        return [Text(part) for part in rows.chunk(recipe.parts)]

    return batch


def text_rows(tokens: Tokens, rows: int, length: int, seed: str) -> Tensor:
    """Return random windows of the text, (rows, length)."""
    draw = random.Random(seed)
    starts = [draw.randrange(len(tokens) - length) for _ in range(rows)]
    return torch.stack([torch.from_numpy(tokens[s : s + length].astype("int64")) for s in starts])


def train(
    model: LlamaForCausalLM,
    batches: Batches,
    recipe: Recipe,
    *,
    steps: int,
    decay: float,
    checkpoint: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Iterator[tuple[int, float, float]]:
    """Train in place, yielding (step, loss, tokens a second) about every 20 seconds.

    Continues from the checkpoint file where there is one. Where the machine multiplies bfloat16
    matrices in hardware, products are bfloat16 and the layers compiled: two to three times as fast.
    """
    made = optimizers(model, recipe)
    first = _restore(checkpoint, model, made)
    model.train()
    states = _states(model)
    saved = told = time.monotonic()
    seen = 0
    for step in range(first, steps):
        set_rates(made, schedule(step, steps, decay))
        loss, counted = _step(model, states, batches(step), made)
        seen += counted
        now = time.monotonic()
        if now - told > 20 or step + 1 == steps:
            yield step + 1, loss, seen / (now - told)
            told, seen = now, 0
        if is_first() and (now - saved > checkpoint_seconds or step + 1 == steps):
            _save(checkpoint, model, made, step + 1)
            saved = now


def average(ends: Sequence[Mapping[str, Tensor]], shares: Sequence[float]) -> dict[str, Tensor]:
    """Return the average of weights, of which as many as there are shares count.

    Raises:
        ValueError: The shares do not add up to one, or there are more of them than weights.
    """
    if len(shares) > len(ends) or not math.isclose(sum(shares), 1.0):
        raise ValueError(f"{len(ends)} weights cannot be averaged by the shares {list(shares)}.")
    counted = list(zip(ends, shares, strict=False))
    return {
        name: torch.stack([share * end[name] for end, share in counted]).sum(dim=0)
        for name in ends[0]
    }


@torch.no_grad()
def held_out_loss(model: LlamaForCausalLM, tokens: Tokens, *, rows: int = 48) -> float:
    """Return the mean loss a token over the first rows of 256 tokens, in nats."""
    model.eval()
    count = min(rows, len(tokens) // SHORT_ROW)
    text = torch.from_numpy(tokens[: count * SHORT_ROW].astype("int64")).view(count, SHORT_ROW)
    loss = model(input_ids=text, labels=text).loss.item()
    model.train()
    return float(loss)


def _states(model: LlamaForCausalLM) -> Callable[[Tensor], Tensor]:
    """Return what computes the last hidden states of rows of text, (rows, length, hidden)."""

    def states(rows: Tensor) -> Tensor:
        return cast("Tensor", model.model(input_ids=rows).last_hidden_state)

    if not quick():
        return states
    model.set_attn_implementation("eager")  # compiled, twice as fast as the fused one on CPU
    return cast("Callable[[Tensor], Tensor]", torch.compile(states, dynamic=False))


def _step(
    model: LlamaForCausalLM,
    states: Callable[[Tensor], Tensor],
    parts: Sequence[Batch],
    made: tuple[Optimizer, ...],
) -> tuple[float, int]:
    """Take one step; several processes share its parts. Returns its loss and how many tokens."""
    mine = parts[rank() :: processes()]
    whole = torch.zeros((), device=model.device)
    for part in mine:
        loss = _loss(model, states, part) / len(parts)
        loss.backward()
        whole += loss.detach()
    _add_up([whole, *(p.grad for p in model.parameters() if p.grad is not None)])
    if not math.isfinite(whole.item()):
        raise FloatingPointError(f"the loss became {whole.item()}; lower the rates in the recipe")
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in made:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return whole.item(), sum(_tokens(part) for part in parts)


def _add_up(values: Sequence[Tensor]) -> None:
    """Replace each value by its sum over the processes."""
    if processes() == 1:
        return
    join()
    joined = torch.cat([value.flatten() for value in values])
    torch.distributed.all_reduce(joined)
    for value, own in zip(values, joined.split([v.numel() for v in values]), strict=True):
        value.copy_(own.view_as(value))


def _tokens(part: Batch) -> int:
    return part.rows.numel() if isinstance(part, Text) else part.packed["input_ids"].numel()


def _loss(model: LlamaForCausalLM, states: Callable[[Tensor], Tensor], batch: Batch) -> Tensor:
    """Return the weighted mean loss of the targets; logits are made only where there is one."""
    lower = partial(torch.autocast, model.device.type, dtype=torch.bfloat16)
    with lower() if quick() else contextlib.nullcontext():
        if isinstance(batch, Text):
            rows = batch.rows.to(model.device)
            logits = model.lm_head(states(rows)[:, :-1])  # (rows, length - 1, vocabulary)
            return cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())
        with tree_attention(model):
            each = log_probabilities(model, moved(batch.packed, model.device))
    weights = batch.weights.to(model.device)
    return -(each * weights).sum() / weights.sum()


def _restore(checkpoint: Path, model: LlamaForCausalLM, made: tuple[Optimizer, ...]) -> int:
    if not checkpoint.is_file():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(state["model"])
    restore(made, state["optimizers"])
    return int(state["step"])


def _save(
    checkpoint: Path, model: LlamaForCausalLM, made: tuple[Optimizer, ...], step: int
) -> None:
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    draft = checkpoint.with_suffix(".part")
    state = {"model": model.state_dict(), "optimizers": states_of(made), "step": step}
    torch.save(state, draft)
    draft.replace(checkpoint)
