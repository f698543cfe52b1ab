"""Train the nano base: general text first, then synthetic lives. Checkpointed, resumable.

Every step draws from a generator seeded with the step's number, so that a run that was killed
and continued sees exactly what an unbroken run sees.
"""

import contextlib
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.optim import Optimizer
from transformers import LlamaConfig, LlamaForCausalLM

from persllm.training.nano.corpus import Tokens
from persllm.training.nano.optimizers import (
    optimizers,
    quick,
    restore,
    schedule,
    set_rates,
    states_of,
)
from persllm.training.nano.recipe import Recipe

IGNORED = -100
CHECKPOINT_SECONDS = 120.0
LONG_EVERY = 8
SHORT_ROW = 256
MOST_SHAPES = 24
"""Each shape of a batch is compiled once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens, and what is learnt of them, each (rows, length)."""

    tokens: Tensor
    targets: Tensor
    """Tokens, or -100 where none counts."""
    attention: Tensor
    weights: Tensor
    """How much each target counts."""


Batches = Callable[[int], Batch]
"""The batch of a step, given the step's number."""


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

    def batch(step: int) -> Batch:
        length = recipe.context if step % LONG_EVERY == 0 else SHORT_ROW
        rows = text_rows(tokens, recipe.pretraining_tokens // length, length, f"text {step}")
        return whole(rows)

    return batch


def whole(rows: Tensor) -> Batch:
    """Return a batch in which every token counts."""
    ones = torch.ones_like(rows)
    return Batch(rows, rows, ones, ones.float())


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
        if now - saved > checkpoint_seconds or step + 1 == steps:
            _save(checkpoint, model, made, step + 1)
            saved = now


@torch.no_grad()
def held_out_loss(model: LlamaForCausalLM, tokens: Tokens, *, rows: int = 48) -> float:
    """Return the mean loss a token over the first rows of 256 tokens, in nats."""
    model.eval()
    count = min(rows, len(tokens) // SHORT_ROW)
    text = torch.from_numpy(tokens[: count * SHORT_ROW].astype("int64")).view(count, SHORT_ROW)
    loss = model(input_ids=text, labels=text).loss.item()
    model.train()
    return float(loss)


def _states(model: LlamaForCausalLM) -> Callable[[Tensor, Tensor], Tensor]:
    """Return what computes the last hidden states, (rows, length, hidden)."""

    def states(tokens: Tensor, attention: Tensor) -> Tensor:
        return cast(
            "Tensor", model.model(input_ids=tokens, attention_mask=attention).last_hidden_state
        )

    if not quick():
        return states
    model.set_attn_implementation("eager")  # compiled, twice as fast as the fused one on CPU
    torch._dynamo.config.recompile_limit = MOST_SHAPES
    return cast("Callable[[Tensor, Tensor], Tensor]", torch.compile(states, dynamic=False))


def _step(
    model: LlamaForCausalLM,
    states: Callable[[Tensor, Tensor], Tensor],
    batch: Batch,
    made: tuple[Optimizer, ...],
) -> tuple[float, int]:
    loss = _loss(model, states, batch)
    if not math.isfinite(loss.item()):
        raise FloatingPointError(f"the loss became {loss.item()}; lower the rates in the recipe")
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in made:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return loss.item(), int(batch.attention.sum())


def _loss(
    model: LlamaForCausalLM, states: Callable[[Tensor, Tensor], Tensor], batch: Batch
) -> Tensor:
    """Return the weighted mean loss of the targets; logits are made only where there is one."""
    device = model.device
    lower = partial(torch.autocast, device.type, dtype=torch.bfloat16)
    wanted = batch.targets[:, 1:].to(device)
    counts = wanted != IGNORED  # (rows, length - 1)
    with lower() if quick() else contextlib.nullcontext():
        last = states(batch.tokens.to(device), batch.attention.to(device))[:, :-1]
        logits = model.lm_head(last[counts])  # (targets, vocabulary)
    losses = torch.nn.functional.cross_entropy(logits.float(), wanted[counts], reduction="none")
    weights = batch.weights[:, 1:].to(device)[counts]
    return (losses * weights).sum() / weights.sum()


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
