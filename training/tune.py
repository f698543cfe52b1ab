"""SFT and DPO of one adapter with TRL, each resumable at its last checkpoint."""

import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

from datasets import Dataset
from peft import LoraConfig, PeftModel
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    set_seed,
)
from transformers import PreTrainedTokenizerBase as Tokenizer
from transformers.trainer_utils import get_last_checkpoint
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from persllm.errors import DataError
from persllm.loading import device
from persllm.training.data.items import Item, Pair
from persllm.training.settings import TrainSettings

Progress = Callable[[str, int, int], None]
"""Told (what is being done, steps done, steps in all)."""

CHECKPOINTS_KEPT = 2


@dataclass(frozen=True, slots=True)
class Fitting:
    """What fits the base's context, and what was left out."""

    rows: list[dict[str, Any]]
    left_out: tuple[str, ...]
    """Ids of items or pairs that are too long."""
    tokens: int


def fit_items(items: Sequence[Item], tokenizer: Tokenizer, *, max_tokens: int) -> Fitting:
    """Return SFT rows (prompt, completion) of the items that fit."""
    rows = [
        {
            "prompt": [message.as_dict() for message in item.prompt],
            "completion": [{"role": "assistant", "content": item.reply}],
        }
        for item in items
    ]
    lengths = [_length(tokenizer, row["prompt"] + row["completion"]) for row in rows]
    return _fitting(rows, [item.id for item in items], lengths, max_tokens)


def some_pairs(pairs: Sequence[Pair], *, most: int, seed: int) -> list[Pair]:
    """Return at most so many pairs, as evenly over the reasons as they allow; 0 means all."""
    if not most or len(pairs) <= most:
        return list(pairs)
    draw = random.Random(seed)
    piles: dict[str, list[Pair]] = {}
    for pair in draw.sample(pairs, len(pairs)):
        piles.setdefault(pair.why, []).append(pair)
    turns = zip_longest(*(piles[why] for why in sorted(piles)))
    return [pair for turn in turns for pair in turn if pair is not None][:most]


def fit_pairs(pairs: Sequence[Pair], tokenizer: Tokenizer, *, max_tokens: int) -> Fitting:
    """Return DPO rows (prompt, chosen, rejected) of the pairs that fit."""
    rows = [
        {
            "prompt": [message.as_dict() for message in pair.prompt],
            "chosen": [{"role": "assistant", "content": pair.chosen}],
            "rejected": [{"role": "assistant", "content": pair.rejected}],
        }
        for pair in pairs
    ]
    lengths = [
        max(_length(tokenizer, row["prompt"] + row[side]) for side in ("chosen", "rejected"))
        for row in rows
    ]
    return _fitting(rows, [pair.id for pair in pairs], lengths, max_tokens)


def tune_sft(
    model: PreTrainedModel,
    tokenizer: Tokenizer,
    rows: Sequence[dict[str, Any]],
    *,
    settings: TrainSettings,
    folder: Path,
    report_to: str,
    progress: Progress,
) -> PeftModel:
    """Teach a fresh adapter the replies; loss on reply and end token only."""
    set_seed(settings.seed)  # TRL makes the adapter's weights before it seeds
    config = SFTConfig(
        **_shared(settings, folder, report_to),
        per_device_train_batch_size=settings.batch,
        num_train_epochs=settings.repeats,
        learning_rate=settings.sft_rate,
        max_length=settings.max_tokens,
        completion_only_loss=True,
    )
    trainer = SFTTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
        callbacks=[_Told("SFT", folder, progress)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=_last(folder))
    return cast("PeftModel", trainer.model)


def tune_dpo(
    model: PeftModel,
    tokenizer: Tokenizer,
    rows: Sequence[dict[str, Any]],
    *,
    settings: TrainSettings,
    folder: Path,
    report_to: str,
    progress: Progress,
) -> PeftModel:
    """Teach the same adapter to prefer the chosen replies; its SFT state is the reference.

    The reference's log-probabilities are computed once, before training.
    """
    config = DPOConfig(
        **_shared(settings, folder, report_to),
        per_device_train_batch_size=max(1, settings.batch // 2),
        num_train_epochs=settings.dpo_passes,
        learning_rate=settings.dpo_rate,
        max_length=settings.max_tokens,
        beta=settings.beta,
        loss_type=["sigmoid", "sft"],
        loss_weights=[1.0, settings.keep],
        precompute_ref_log_probs=True,
        precompute_ref_batch_size=settings.batch,
    )
    trainer = DPOTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=tokenizer,
        callbacks=[_Told("DPO", folder, progress)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=_last(folder))
    return cast("PeftModel", trainer.model)


class _Told(TrainerCallback):
    """Passes progress on, keeps the metrics, and stops a run that has gone wrong."""

    def __init__(self, what: str, folder: Path, progress: Progress) -> None:
        self._what, self._progress = what, progress
        self._metrics = folder / "metrics.jsonl"

    def on_step_end(
        self, args: object, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        self._progress(self._what, state.global_step, state.max_steps)

    def on_log(
        self,
        args: object,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        row = {"step": state.global_step, "time": round(time.time(), 1), **(logs or {})}
        with self._metrics.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        loss = row.get("loss")
        if loss is not None and not math.isfinite(float(loss)):
            raise DataError(
                f"{self._what}: the loss became {loss} at step {state.global_step}. "
                "Lower the rate (--sft-rate, --dpo-rate) and train again."
            )


def _shared(settings: TrainSettings, folder: Path, report_to: str) -> dict[str, Any]:
    on_cpu = device().type == "cpu"
    return {
        "output_dir": str(folder),
        "use_cpu": on_cpu,
        "bf16": not on_cpu,
        "gradient_checkpointing": not on_cpu,
        "lr_scheduler_type": "cosine",
        "warmup_steps": settings.warm_up,
        "weight_decay": settings.weight_decay,
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_steps,
        "save_total_limit": CHECKPOINTS_KEPT,
        "logging_steps": 5,
        "disable_tqdm": True,
        "report_to": report_to,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "dataloader_pin_memory": not on_cpu,
    }


def _last(folder: Path) -> str | None:
    return get_last_checkpoint(str(folder)) if folder.is_dir() else None


def _length(tokenizer: Tokenizer, messages: list[dict[str, str]]) -> int:
    return len(cast("list[int]", tokenizer.apply_chat_template(messages, return_dict=False)))


def _fitting(
    rows: list[dict[str, Any]], ids: list[str], lengths: list[int], max_tokens: int
) -> Fitting:
    fits = [length <= max_tokens for length in lengths]
    return Fitting(
        [row for row, fit in zip(rows, fits, strict=True) if fit],
        tuple(id_ for id_, fit in zip(ids, fits, strict=True) if not fit),
        sum(length for length, fit in zip(lengths, fits, strict=True) if fit),
    )
