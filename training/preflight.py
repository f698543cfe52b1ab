"""What a run will take, before it begins: rows, tokens, steps, time, memory, and its faults.

Time and memory are measured, not guessed: the largest batches of SFT and DPO pass once forwards
and backwards, and what they take is counted up to the whole run.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from persllm.chat_template import ChatTemplate
from persllm.training.settings import TrainSettings
from persllm.training.train import Job, Loaded, Prepared, TrainContext, load, prepare
from persllm.training.tune import fast, fresh_adapter
from persllm.training.tuning.memory import peak_bytes, start_peak
from persllm.training.tuning.order import by_prompt, in_passes
from persllm.training.tuning.processes import processes
from persllm.training.tuning.rows import item_rows, pair_rows
from persllm.training.tuning.trainers import (
    computed_tokens,
    make_batch,
    target_log_probabilities,
)
from persllm.training.tuning.trees import Row

MOST_COUNTED = 64
"""Batches of SFT and of DPO that are packed to be counted; the rest is taken to be alike."""
LONGEST_COUNTED = 8
"""Batches of the most tokens that are packed too: the largest is one of them."""
ADAM_STATES = 2
REFERENCE_COST = 1 / 3
"""Of a pass without gradients, beside one forwards and backwards."""
MEASURED = 4
"""How often the held-out data is read: after SFT, and base, prompt and adapter at the end."""
USUAL_SERVER_RANK = 16
MOST_SERVER_RANK = 512
SERVED_MODULES = frozenset("q_proj k_proj v_proj o_proj gate_proj up_proj down_proj".split())
"""What every server with LoRA adapters knows under these names."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a run will take."""

    items: int
    pairs: int
    steps: int
    tokens: int
    """Tokens of all rows over all passes, one by one."""
    computed: int
    """Tokens that pass through the model, what is shared counted once."""
    seconds: float
    peak_bytes: int
    left_out: tuple[str, ...]
    """Ids of what is too long."""
    warnings: tuple[str, ...]
    """What may keep the adapter from being served."""


def preflight(job: Job, context: TrainContext, loaded: Loaded | None = None) -> Preflight:
    """Count and measure what a run will take.

    Raises:
        BaseModelError: The base cannot be loaded.
    """
    loaded = loaded or load(context)
    prepared = prepare(job, context, loaded.tokenizer)
    settings = context.settings
    sft = _Counted.of(list(sft_batches(prepared, settings)), packed=loaded.packed)
    dpo = _Counted.of(list(dpo_batches(prepared, settings)), packed=loaded.packed)
    seconds_a_token, peak = _probe(loaded, settings, [*sft.largest, *dpo.largest])
    steps = -(-(sft.batches + dpo.batches) // (settings.accumulate * processes()))
    # The reference is computed by every process.
    passed = (sft.computed + dpo.computed) / processes() + REFERENCE_COST * dpo.computed
    passed += REFERENCE_COST * MEASURED * _held_out_tokens(job, context, loaded)
    return Preflight(
        items=len(prepared.sft.rows),
        pairs=len(prepared.dpo.rows),
        steps=steps,
        tokens=sft.tokens + dpo.tokens,
        computed=sft.computed + dpo.computed,
        seconds=round(seconds_a_token * passed, 1),
        peak_bytes=peak,
        left_out=prepared.left_out,
        warnings=tuple(serving_faults(loaded.model, loaded.tokenizer, settings)),
    )


def _held_out_tokens(job: Job, context: TrainContext, loaded: Loaded) -> int:
    items, pairs = job.data.split("test")
    longest = context.settings.max_tokens
    replies = item_rows(items, loaded.tokenizer, max_tokens=longest).rows
    compared = pair_rows(pairs, loaded.tokenizer, max_tokens=longest).rows
    return _tokens(replies) + sum(_tokens([pair.chosen, pair.rejected]) for pair in compared)


def sft_batches(prepared: Prepared, settings: TrainSettings) -> Iterator[list[Row]]:
    """Yield the rows of each pass through the model in SFT."""
    rows = prepared.rows
    for some in _chunks(prepared.mix.order, settings.batch // settings.accumulate // processes()):
        yield [rows[i] for i in some]


def dpo_batches(prepared: Prepared, settings: TrainSettings) -> Iterator[list[Row]]:
    """Yield the rows of each pass through the model in DPO."""
    pairs = prepared.dpo.rows
    order = in_passes(by_prompt(pairs), settings.dpo_passes, seed=settings.seed) if pairs else []
    for some in _chunks(order, settings.batch // 2 // settings.accumulate // processes()):
        yield [row for i in some for row in (pairs[i].chosen, pairs[i].rejected)]


def _chunks(order: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (order[i : i + size] for i in range(0, len(order), max(1, size)))


@dataclass(frozen=True, slots=True)
class _Counted:
    batches: int
    tokens: int
    computed: int
    largest: tuple[list[Row], ...]
    """The batch of which most is computed, and the one of which most is counted by the loss."""

    @classmethod
    def of(cls, batches: list[list[Row]], *, packed: bool) -> "_Counted":
        tokens = sum(map(_tokens, batches))
        if not batches:
            return cls(0, 0, 0, ())

        def computed(rows: list[Row]) -> int:
            return computed_tokens(make_batch(rows, packed=packed))

        some = list(islice(batches, 0, None, max(1, len(batches) // MOST_COUNTED)))
        share = sum(map(computed, some)) / sum(map(_tokens, some))
        largest = max(nlargest(LONGEST_COUNTED, batches, key=_tokens), key=computed)
        longest = max(batches, key=_counted)
        both = (largest,) if longest is largest else (largest, longest)
        return cls(len(batches), tokens, int(share * tokens), both)


def _tokens(rows: Sequence[Row]) -> int:
    return sum(len(row.tokens) for row in rows)


def _counted(rows: list[Row]) -> int:
    """Return how many tokens the loss counts: each takes a row of logits."""
    return sum(last - first for row in rows for first, last in row.counted)


def _probe(
    loaded: Loaded, settings: TrainSettings, batches: Sequence[list[Row]]
) -> tuple[float, int]:
    """Return seconds a computed token, and the peak of memory, of batches trained on."""
    if not batches:
        return 0.0, peak_bytes()
    model = fresh_adapter(loaded.model, settings)
    try:
        # The first one is passed again, for what only the first pass does takes time.
        passes = [_pass(model, rows, packed=loaded.packed) for rows in (*batches, batches[0])]
        trained = sum(p.numel() * 4 for p in model.parameters() if p.requires_grad)
        seconds, peaks = zip(*passes, strict=True)
        return min(seconds), max(peaks) + ADAM_STATES * trained
    finally:
        model.unload()


def _pass(model: PeftModel, rows: list[Row], *, packed: bool) -> tuple[float, int]:
    """Pass a batch forwards and backwards; return the seconds a computed token, and the peak."""
    at = next(model.parameters()).device
    batch = make_batch(rows, packed=packed)
    moved = {k: v.to(at) if isinstance(v, torch.Tensor) else v for k, v in batch.items()}
    start_peak()
    started = time.monotonic()
    with fast(model, packed=packed):
        target_log_probabilities(model, moved).mean().backward()
    if at.type == "cuda":
        torch.cuda.synchronize()
    return (time.monotonic() - started) / computed_tokens(batch), peak_bytes()


def serving_faults(
    model: PreTrainedModel, tokenizer: Tokenizer, settings: TrainSettings
) -> Iterator[str]:
    """Yield what may keep an adapter from being served."""
    if settings.rank > MOST_SERVER_RANK:
        yield f"vLLM serves no rank above {MOST_SERVER_RANK}, this one is {settings.rank}"
    elif settings.rank > USUAL_SERVER_RANK:
        yield f"rank {settings.rank} needs a server started with --max-lora-rank {settings.rank}"
    odd = sorted(_linear_names(model) - SERVED_MODULES)
    if odd:
        yield f"servers may not adapt the layers {', '.join(odd)}"
    template = ChatTemplate(tokenizer)
    if not template.takes_system:
        yield (
            "the chat template takes no system turn: its text is put before the first user turn, "
            "and a server must be asked in the same way"
        )
    if not template.writes_end:
        yield (
            "the chat template writes no token that ends a turn; replies are taught to end with "
            f"{tokenizer.eos_token!r}"
        )


def _linear_names(model: Any) -> set[str]:  # noqa: ANN401 (a torch module)
    return {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not model.get_output_embeddings()
    }
