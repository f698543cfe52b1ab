"""SFT and DPO of one adapter, packed, each resumable at its last whole checkpoint."""

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from transformers import EarlyStoppingCallback, PreTrainedModel, PrinterCallback, set_seed
from transformers import PreTrainedTokenizerBase as Tokenizer
from transformers.trainer import TRAINER_STATE_NAME
from trl import DPOConfig, SFTConfig

from persllm.loading import device
from persllm.progress import Progress
from persllm.training.data.items import Pair
from persllm.training.settings import TrainSettings
from persllm.training.tuning.attention import tree_attention, why_not_packed
from persllm.training.tuning.order import by_prompt, in_passes
from persllm.training.tuning.processes import agreed, is_first, processes
from persllm.training.tuning.products import merged_products
from persllm.training.tuning.progress_callback import ProgressCallback
from persllm.training.tuning.reference import reference_of
from persllm.training.tuning.rows import PairRow
from persllm.training.tuning.trainers import (
    PackedDPOTrainer,
    PackedSFTTrainer,
    make_batch,
    row_sums,
    target_log_probabilities,
)
from persllm.training.tuning.trees import Row

CHECKPOINTS_KEPT = 2
HELD_OUT_SHARE = 0.1
"""Of the training pairs, where DPO may end early."""


@dataclass(frozen=True, slots=True)
class Run:
    """What SFT and DPO of one adapter have in common."""

    tokenizer: Tokenizer
    settings: TrainSettings
    folder: Path
    """The run's; checkpoints go to `sft` and `dpo` in it."""
    packed: bool
    report_to: str
    progress: Progress


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


def fresh_adapter(base: PreTrainedModel, settings: TrainSettings) -> PeftModel:
    """Return the base with a new adapter on all its linear layers, the same for the same seed."""
    set_seed(settings.seed)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return cast("PeftModel", get_peft_model(base, config))


@contextmanager
def fast(model: PeftModel, *, packed: bool) -> Iterator[None]:
    """Let the model compute packed rows, and LoRA's products at once, inside the block."""
    base = cast("PreTrainedModel", model.get_base_model())
    if not packed:
        yield
        return
    with tree_attention(base), merged_products(model):
        yield


def can_be_packed(base: PreTrainedModel, settings: TrainSettings) -> str:
    """Return why a base is trained on padded rows, or nothing where it is packed."""
    if not settings.packed:
        return "it was asked for"
    return why_not_packed(base, max_tokens=settings.max_tokens)


def tune_sft(model: PeftModel, rows: Sequence[Row], run: Run, *, order: Sequence[int]) -> None:
    """Teach an adapter the replies, in the given order; loss on reply and end token only."""
    folder = run.folder / "sft"
    settings = run.settings
    config = SFTConfig(
        **_shared(run, folder, batch=settings.batch),
        learning_rate=settings.sft_rate,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    trainer = PackedSFTTrainer(
        rows,
        order,
        packed=run.packed,
        model=model,
        args=config,
        processing_class=run.tokenizer,
        callbacks=[ProgressCallback("SFT", folder, run.progress)],
    )
    _train(trainer, model, run, folder)


def tune_dpo(model: PeftModel, pairs: Sequence[PairRow], run: Run) -> None:
    """Teach the same adapter to prefer the chosen replies; its SFT state is the reference."""
    settings, folder = run.settings, run.folder / "dpo"
    reference = _reference(model, pairs, run)
    count = len(pairs) - (int(len(pairs) * HELD_OUT_SHARE) if settings.patience else 0)
    watched = range(count, len(pairs))
    sft = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, settings.keep]}
    shared: dict[str, Any] = {
        **_shared(run, folder, batch=max(1, settings.batch // 2)),
        **(_watching(settings) if watched else {}),
        **(sft if settings.keep else {"loss_type": ["sigmoid"]}),
    }
    config = DPOConfig(
        **shared,
        learning_rate=settings.dpo_rate,
        max_length=None,
        beta=settings.beta,
    )
    trainer = PackedDPOTrainer(
        pairs,
        in_passes(by_prompt(pairs[:count]), settings.dpo_passes, seed=settings.seed),
        reference=reference,
        watched=watched,
        packed=run.packed,
        model=model,
        args=config,
        processing_class=run.tokenizer,
        callbacks=[
            ProgressCallback("DPO", folder, run.progress),
            *([EarlyStoppingCallback(settings.patience)] if watched else []),
        ],
    )
    _train(trainer, model, run, folder)


def _reference(model: PeftModel, pairs: Sequence[PairRow], run: Run) -> torch.Tensor:
    """Return the reference's log-probabilities, computed with the adapter as it is now."""
    at = next(model.parameters()).device

    def score(rows: Sequence[Row]) -> torch.Tensor:
        batch = make_batch(rows, packed=run.packed)
        moved = {k: v.to(at) if isinstance(v, torch.Tensor) else v for k, v in batch.items()}
        return row_sums(target_log_probabilities(model, moved), moved)

    model.eval()
    with fast(model, packed=run.packed):
        weights = get_peft_model_state_dict(model, save_embedding_layers=False)
        return reference_of(
            pairs,
            weights,
            folder=run.folder,
            score=score,
            at_once=max(1, run.settings.batch // 2 // run.settings.accumulate),
            progress=run.progress,
        )


def _train(trainer: Any, model: PeftModel, run: Run, folder: Path) -> None:  # noqa: ANN401
    """Train from the last whole checkpoint, and leave the model as it was but for the adapter."""
    trainer.remove_callback(PrinterCallback)
    base = model.get_base_model()
    try:
        with fast(model, packed=run.packed):
            # One process decides: what it removes, another may just be reading.
            newest = agreed(last_checkpoint(folder) if is_first() else None)
            trainer.train(resume_from_checkpoint=newest)
    finally:
        base.__dict__.pop("forward", None)  # TRL's head over all positions: rows need few


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest whole checkpoint; what a kill left unfinished is removed.

    The trainer's state is written last, so a checkpoint is whole where it can be read.
    """
    found = sorted(
        folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]), reverse=True
    )
    for path in found:
        try:
            json.loads((path / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(path)
        else:
            return str(path)
    return None


def _watching(settings: TrainSettings) -> dict[str, Any]:
    return {
        "eval_strategy": "steps",
        "eval_steps": settings.checkpoint_steps,
        "per_device_eval_batch_size": settings.batch,
        "load_best_model_at_end": True,
        "metric_for_best_model": "loss",
        "prediction_loss_only": True,
    }


def _shared(run: Run, folder: Path, *, batch: int) -> dict[str, Any]:
    settings, on_cpu = run.settings, device().type == "cpu"
    return {
        "output_dir": str(folder),
        "num_train_epochs": 1.0,
        "use_cpu": on_cpu,
        "bf16": not on_cpu,
        "gradient_checkpointing": not on_cpu,
        "per_device_train_batch_size": max(1, batch // settings.accumulate // processes()),
        "ddp_backend": "gloo" if on_cpu and processes() > 1 else None,
        "ddp_find_unused_parameters": False,  # every adapter matrix is used in every pass
        "gradient_accumulation_steps": settings.accumulate,
        "lr_scheduler_type": "cosine_with_min_lr",
        "lr_scheduler_kwargs": {"min_lr_rate": settings.floor},
        "warmup_steps": settings.warm_up,
        "weight_decay": settings.weight_decay,
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_steps,
        "save_total_limit": CHECKPOINTS_KEPT,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "report_to": run.report_to,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "dataloader_pin_memory": not on_cpu,
    }
