"""Train the nano base: general text first, then synthetic lives. Checkpointed, resumable.

Every step draws from a generator seeded with the step's number, so that a run that was killed
and continued sees exactly what an unbroken run sees.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from persllm.training.nano.corpus import Tokens
from persllm.training.nano.recipe import Recipe

IGNORED = -100
WARM_UP = 100
FLOOR = 0.02
CHECKPOINT_SECONDS = 120.0
LONG_EVERY = 8
SHORT_ROW = 256


@dataclass(frozen=True, slots=True)
class Batch:
    """Token rows and their targets, both (rows, length); targets hold -100 where none counts."""

    tokens: Tensor
    targets: Tensor
    attention: Tensor


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
        return Batch(rows, rows, torch.ones_like(rows))

    return batch


def text_rows(tokens: Tokens, rows: int, length: int, seed: str) -> Tensor:
    """Return random windows of the text, (rows, length)."""
    draw = random.Random(seed)
    starts = [draw.randrange(len(tokens) - length) for _ in range(rows)]
    return torch.stack([torch.from_numpy(tokens[s : s + length].astype("int64")) for s in starts])


def train(
    model: LlamaForCausalLM,
    batches: Batches,
    *,
    steps: int,
    rate: float,
    decay: float,
    checkpoint: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Iterator[tuple[int, float, float]]:
    """Train in place, yielding (step, loss, tokens a second) about every 20 seconds.

    Continues from the checkpoint file where there is one.
    """
    optimizer = _optimizer(model, rate)
    first = _restore(checkpoint, model, optimizer)
    model.train()
    saved = told = time.monotonic()
    seen = 0
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * _schedule(step, steps, decay)
        loss, counted = _step(model, batches(step), optimizer)
        seen += counted
        now = time.monotonic()
        if now - told > 20 or step + 1 == steps:
            yield step + 1, loss, seen / (now - told)
            told, seen = now, 0
        if now - saved > checkpoint_seconds or step + 1 == steps:
            _save(checkpoint, model, optimizer, step + 1)
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


def _step(
    model: LlamaForCausalLM, batch: Batch, optimizer: torch.optim.Optimizer
) -> tuple[float, int]:
    loss = _loss(model, batch)
    if not math.isfinite(loss.item()):
        raise FloatingPointError(f"the loss became {loss.item()}; lower the rate in the recipe")
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item(), int(batch.attention.sum())


def _loss(model: LlamaForCausalLM, batch: Batch) -> Tensor:
    """Return the mean loss over the targets; logits are made only where there is one."""
    states = model.model(
        input_ids=batch.tokens, attention_mask=batch.attention
    ).last_hidden_state  # (rows, length, hidden)
    wanted = batch.targets[:, 1:]
    counts = wanted != IGNORED  # (rows, length - 1)
    logits = model.lm_head(states[:, :-1][counts])  # (targets, vocabulary)
    return torch.nn.functional.cross_entropy(logits, wanted[counts])


def _optimizer(model: LlamaForCausalLM, rate: float) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": 0.1},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), fused=True)


def _schedule(step: int, steps: int, decay: float) -> float:
    warm = min(1.0, (step + 1) / WARM_UP)
    left = (steps - step) / (steps * decay)
    return warm * max(FLOOR, min(1.0, left))


def _restore(checkpoint: Path, model: LlamaForCausalLM, optimizer: torch.optim.Optimizer) -> int:
    if not checkpoint.is_file():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(
    checkpoint: Path, model: LlamaForCausalLM, optimizer: torch.optim.Optimizer, step: int
) -> None:
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    draft = checkpoint.with_suffix(".part")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    torch.save(state, draft)
    draft.replace(checkpoint)
