"""Four adapters trained packed, against four plain TRL runs of the same rows and steps.

    python -m benchmarks.training [--model nano|10m] [--items 48] [--pairs 24] [--rounds 1]

The sides take turns in one process; figures are processor seconds (`time.process_time`), which a
busy neighbour disturbs least. TRL runs with its own collators and its default losses for the same
objective, checkpointing of activations off on both sides (its default, on, is a row of its own).
Everything is counted: tokens, reference, both trainings. It also shows where packing wins little.
"""

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from torch.utils.data import SequentialSampler
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PrinterCallback, set_seed
from transformers import PreTrainedTokenizerBase as Tokenizer
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from persllm.bases import find_base
from persllm.embeddings import default_embeddings
from persllm.loading import load_base, load_tokenizer
from persllm.messages import Message
from persllm.persona_catalog import find_persona
from persllm.training.data.build import STATISTICS_NAME, build, read_data
from persllm.training.data.items import Item, Pair
from persllm.training.settings import NANO_BASE, TrainSettings
from persllm.training.tune import Run, fast, fresh_adapter, some_pairs, tune_dpo, tune_sft
from persllm.training.tuning.order import by_prompt, in_passes, mixed
from persllm.training.tuning.rows import item_rows, pair_rows
from persllm.training.tuning.trainers import make_batch, target_log_probabilities
from persllm.training.tuning.trees import Row

PEOPLE = ("nikola-tesla", "marie-curie", "thomas-edison", "ada-lovelace")
GRADIENT_LIMIT = 1e-5


@dataclass(frozen=True, slots=True)
class Work:
    """One persona's rows, in both forms."""

    items: list[Item]
    pairs: list[Pair]


@dataclass(frozen=True, slots=True)
class Side:
    """One way to train; returns the losses of all its steps."""

    name: str
    train: Callable[[Work, Path], list[float]]


def main() -> None:
    """Print the tables."""
    options = _options()
    torch.set_num_threads(1)
    base = find_base("nano")
    tokenizer = load_tokenizer(base)
    model = load_base(base) if options.model == "nano" else _ten_million()
    settings = replace(NANO_BASE, repeats=1.0, checkpoint_steps=10_000)
    everyone = [_work(name, options) for name in PEOPLE[: options.people]]
    _print_exactness(model, tokenizer, everyone[0])
    sides = [
        Side("TRL (SFT + DPO)", _stock(model, tokenizer, settings)),
        Side("TRL, reference computed first", _stock(model, tokenizer, settings, first=True)),
        Side("persllm --padded", _ours(model, tokenizer, replace(settings, packed=False))),
        Side("persllm", _ours(model, tokenizer, settings)),
    ]
    _print_sides(sides, everyone, options)
    _print_shapes(model)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--model", choices=("nano", "10m"), default="nano")
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--items", type=int, default=48, help="of each persona")
    parser.add_argument("--pairs", type=int, default=24, help="of each persona")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where data are built")
    return parser.parse_args()


def _ten_million() -> PreTrainedModel:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=4096,
            hidden_size=320,
            intermediate_size=864,
            num_hidden_layers=7,
            num_attention_heads=5,
            num_key_value_heads=5,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            eos_token_id=1,
            pad_token_id=0,
            bos_token_id=None,
        )
    )


def _work(name: str, options: argparse.Namespace) -> Work:
    """Return a random part of a persona's data; what is built is used, else it is built."""
    kept = options.runs / name / "data"
    if not (kept / STATISTICS_NAME).is_file():
        others = [find_persona(other) for other in PEOPLE]
        build(find_persona(name), out=kept, others=others, embeddings=default_embeddings())
    items, pairs = read_data(kept).split("train")
    some = random.Random(1).sample(items, min(options.items, len(items)))
    return Work(some, some_pairs(pairs, most=options.pairs, seed=1))


def _ours(
    model: PreTrainedModel, tokenizer: Tokenizer, settings: TrainSettings
) -> Callable[[Work, Path], list[float]]:
    def train(work: Work, folder: Path) -> list[float]:
        rows = item_rows(work.items, tokenizer, max_tokens=1024).rows
        pairs = pair_rows(work.pairs, tokenizer, max_tokens=1024).rows
        run = Run(
            tokenizer, settings, folder, settings.packed, "none", lambda what, done, total: None
        )
        adapted = fresh_adapter(model, settings)
        try:
            order = mixed(len(rows), 0, repeats=settings.repeats, share=0, seed=settings.seed)
            tune_sft(adapted, rows, run, order=order.order)
            tune_dpo(adapted, pairs, run)
        finally:
            adapted.unload()
        return [*_losses(folder / "sft"), *_losses(folder / "dpo")]

    return train


def _losses(folder: Path) -> list[float]:
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [row["loss"] for row in map(json.loads, lines) if "loss" in row]


def _stock(
    model: PreTrainedModel, tokenizer: Tokenizer, settings: TrainSettings, *, first: bool = False
) -> Callable[[Work, Path], list[float]]:
    """Return plain TRL, given the rows in our order so that its steps are the same."""

    def train(work: Work, folder: Path) -> list[float]:
        set_seed(settings.seed)
        adapted = fresh_adapter(model, settings)
        try:
            sft = _InOrderSFT(
                model=adapted,
                args=SFTConfig(
                    **_stock_options(settings, folder / "sft", settings.batch),
                    learning_rate=settings.sft_rate,
                    completion_only_loss=True,
                ),
                train_dataset=Dataset.from_list([*_sft_rows(work, settings)]),
                processing_class=tokenizer,
            )
            losses = _run(sft, adapted)
            dpo = _InOrderDPO(
                model=adapted,
                args=DPOConfig(
                    **_stock_options(settings, folder / "dpo", settings.batch // 2),
                    learning_rate=settings.dpo_rate,
                    beta=settings.beta,
                    loss_type=["sigmoid", "sft"],
                    loss_weights=[1.0, settings.keep],
                    precompute_ref_log_probs=first,
                ),
                train_dataset=Dataset.from_list([*_dpo_rows(work, tokenizer, settings)]),
                processing_class=tokenizer,
            )
            return [*losses, *_run(dpo, adapted)]
        finally:
            adapted.unload()

    return train


class _InOrderSFT(SFTTrainer):  # type: ignore[misc]
    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> SequentialSampler:
        return SequentialSampler(train_dataset or self.train_dataset)


class _InOrderDPO(DPOTrainer):  # type: ignore[misc]
    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> SequentialSampler:
        return SequentialSampler(train_dataset or self.train_dataset)


def _run(trainer: SFTTrainer | DPOTrainer, model: PeftModel) -> list[float]:
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    model.get_base_model().__dict__.pop("forward", None)
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


def _stock_options(settings: TrainSettings, folder: Path, batch: int) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "num_train_epochs": 1,
        "per_device_train_batch_size": batch,
        "max_length": 1024,
        "lr_scheduler_type": "constant",
        "weight_decay": settings.weight_decay,
        "save_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
        "report_to": "none",
        "seed": settings.seed,
        "data_seed": settings.seed,
        "dataloader_pin_memory": False,
    }


def _sft_rows(work: Work, settings: TrainSettings) -> Iterator[dict[str, Any]]:
    order = mixed(len(work.items), 0, repeats=settings.repeats, share=0, seed=settings.seed).order
    for item in (work.items[i] for i in order):
        yield {
            "prompt": [message.as_dict() for message in item.prompt],
            "completion": [Message("assistant", item.reply).as_dict()],
        }


def _dpo_rows(
    work: Work, tokenizer: Tokenizer, settings: TrainSettings
) -> Iterator[dict[str, Any]]:
    rows = pair_rows(work.pairs, tokenizer, max_tokens=1024).rows
    order = in_passes(by_prompt(rows), settings.dpo_passes, seed=settings.seed)
    for pair in (work.pairs[i] for i in order):
        yield {
            "prompt": [message.as_dict() for message in pair.prompt],
            "chosen": [Message("assistant", pair.chosen).as_dict()],
            "rejected": [Message("assistant", pair.rejected).as_dict()],
        }


def _print_sides(
    sides: Sequence[Side], everyone: Sequence[Work], options: argparse.Namespace
) -> None:
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    losses: dict[str, list[float]] = {}
    folder = Path(tempfile.mkdtemp())
    for _ in range(options.rounds):
        totals = dict.fromkeys(seconds, 0.0)
        for work in everyone:  # the sides take turns, persona by persona
            for side in sides:
                shutil.rmtree(folder, ignore_errors=True)
                started = time.process_time()
                curve = side.train(work, folder)
                totals[side.name] += time.process_time() - started
                losses.setdefault(side.name, curve)
        for name, total in totals.items():
            seconds[name].append(total)
    shutil.rmtree(folder, ignore_errors=True)
    plain = statistics.median(seconds[sides[0].name])
    print(
        f"\n{options.model}: {len(everyone)} personas, {options.items} items and {options.pairs} "
        f"pairs each, one pass, processor seconds, median of {options.rounds}\n"
    )
    print("| way | seconds | times as fast |\n| --- | --- | --- |")
    for name, all_seconds in seconds.items():
        middle = statistics.median(all_seconds)
        print(f"| {name} | {middle:.1f} | {plain / middle:.2f} |")
    one, other = losses["persllm"], losses["persllm --padded"]
    worst = max(abs(a - b) for a, b in zip(one, other, strict=True))
    print(f"\nlargest difference of the loss, packed and padded: {worst:.1e}", flush=True)


def _print_exactness(model: PreTrainedModel, tokenizer: Tokenizer, work: Work) -> None:
    """Print how far first gradients are from the plain ones; raise where it is too far."""
    rows = list(item_rows(work.items[:16], tokenizer, max_tokens=1024).rows)
    adapted = fresh_adapter(model, NANO_BASE)
    try:
        plain, packed = (_gradient(adapted, rows, packed=packed) for packed in (False, True))
    finally:
        adapted.unload()
    apart = float((plain - packed).norm() / plain.norm())
    print(f"first gradients, packed and plain: relative L2 {apart:.1e}", flush=True)
    if apart > GRADIENT_LIMIT:
        raise SystemExit("packed training is not exact")


def _gradient(model: PeftModel, rows: list[Row], *, packed: bool) -> torch.Tensor:
    model.zero_grad()
    with fast(model, packed=packed):
        batch = make_batch(rows, packed=packed)
        (-target_log_probabilities(model, batch).mean()).backward()  # type: ignore[no-untyped-call]
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def _print_shapes(model: PreTrainedModel) -> None:
    """Print what packing saves by the shape of a batch, also where it is little."""
    draw = random.Random(1)

    def some(count: int) -> list[int]:
        return [draw.randrange(2, 4096) for _ in range(count)]

    prompt = some(400)
    shapes = {
        "4 pairs on one prompt of 400, replies of 80": [_row(prompt, some(80)) for _ in range(8)],
        "1 pair on a prompt of 400, replies of 80": [_row(prompt, some(80)) for _ in range(2)],
        "8 unlike rows of one length (nothing to share)": [
            _row(some(120), some(60)) for _ in "8" * 8
        ],
        "8 unlike rows of 60 to 340 tokens (padding only)": [
            _row(some(40 * i), some(20)) for i in range(1, 9)
        ],
    }
    adapted = fresh_adapter(model, NANO_BASE)
    print("\n| batch | tokens, padded to packed | times as fast |\n| --- | --- | --- |")
    try:
        for name, rows in shapes.items():
            plain, packed = _timed(adapted, rows)
            ratio = max(len(r.tokens) for r in rows) * len(rows)
            ratio /= make_batch(rows, packed=True)["input_ids"].shape[1]
            print(f"| {name} | {ratio:.2f} | {plain / packed:.2f} |", flush=True)
    finally:
        adapted.unload()


def _row(prompt: list[int], reply: list[int]) -> Row:
    return Row((*prompt, *reply), ((len(prompt), len(prompt) + len(reply)),))


def _timed(model: PeftModel, rows: list[Row]) -> tuple[float, float]:
    """Return the median processor seconds of a pass, padded and packed, by turns."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(4):
        for packed, kept in times.items():
            started = time.process_time()
            _gradient(model, rows, packed=packed)
            kept.append(time.process_time() - started)
    return statistics.median(times[False][1:]), statistics.median(times[True][1:])


if __name__ == "__main__":
    main()
