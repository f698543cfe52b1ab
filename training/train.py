"""The life of a run: one persona's adapter, from items to a folder that PEFT and vLLM load.

    persllm train <persona>

A run has a folder `runs/<persona>/<time>/` with `run.json` (what it is), `sft/` and `dpo/`
(checkpoints, metrics) and, when it is whole, `adapter/`. The same command continues a run that
was stopped at its last checkpoint, and returns the adapter of one that is finished.
"""

import importlib.metadata
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from persllm.bases import Base
from persllm.errors import DataError
from persllm.files import digest, write_json, write_text
from persllm.loading import load_base, load_tokenizer
from persllm.manifest import ADAPTER_FOLDER, MANIFEST_NAME, Manifest, write_manifest
from persllm.messages import template_hash
from persllm.persona import Persona
from persllm.training.card import model_card
from persllm.training.data.build import PersonaData
from persllm.training.evaluation.likelihood import measure
from persllm.training.settings import TrainSettings
from persllm.training.tune import (
    Fitting,
    Progress,
    fit_items,
    fit_pairs,
    some_pairs,
    tune_dpo,
    tune_sft,
)

RUN_NAME = "run.json"
PARTS = ("sft", "dpo")
PACKAGES = ("persllm", "torch", "transformers", "peft", "trl")


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a run will take."""

    items: int
    pairs: int
    tokens: int
    """Tokens of the longest side, over all passes of SFT and DPO."""
    steps: int
    left_out: tuple[str, ...]
    """Ids of items and pairs longer than the base reads."""


def preflight(data: PersonaData, base: Base, settings: TrainSettings) -> Preflight:
    """Count what a run will take, without loading the base's weights.

    Raises:
        BaseModelError: The base cannot be loaded.
    """
    sft, dpo = _fit(data, load_tokenizer(base), settings)
    steps = settings.repeats * len(sft.rows) / settings.batch
    steps += settings.dpo_passes * len(dpo.rows) / max(1, settings.batch // 2)
    tokens = settings.repeats * sft.tokens + 2 * settings.dpo_passes * dpo.tokens
    left_out = (*sft.left_out, *dpo.left_out)
    return Preflight(len(sft.rows), len(dpo.rows), int(tokens), int(steps) + 1, left_out)


def train_persona(
    persona: Persona,
    data: PersonaData,
    *,
    base: Base,
    settings: TrainSettings,
    runs: Path,
    report_to: str = "none",
    progress: Progress = lambda what, done, total: None,
    told: Callable[[str], None] = lambda text: None,
) -> Path:
    """Return the adapter folder, trained, continued, or found finished.

    Args:
        persona: Whose adapter.
        data: A finished build.
        base: What it stands on.
        settings: How it is trained.
        runs: Where run folders go.
        report_to: A tracker that TRL knows ("tensorboard", "wandb", "trackio"), or "none".
        progress: Told of every step.
        told: Told of what the user should know.

    Raises:
        BaseModelError: The base cannot be loaded.
        DataError: Nothing fits the base's context, or the loss diverged.
    """
    run = _run_folder(runs / persona.id, _inputs(persona, data, base, settings))
    adapter = run / ADAPTER_FOLDER
    if (adapter / MANIFEST_NAME).is_file():
        told(f"{persona.name} is already trained with this data and these settings: {adapter}")
        return adapter
    if any((run / part).is_dir() for part in PARTS):
        told(f"continuing {run}")
    started = time.monotonic()
    tokenizer = load_tokenizer(base)
    sft, dpo = _fitting(persona, data, tokenizer, settings, told)
    _begin(run, persona, data, base, settings, (*sft.left_out, *dpo.left_out))
    shared: dict[str, Any] = {"settings": settings, "report_to": report_to, "progress": progress}
    sft_adapter = _sft(run, base, tokenizer, sft, shared)
    model = PeftModel.from_pretrained(load_base(base), str(sft_adapter), is_trainable=True)
    model = tune_dpo(model, tokenizer, dpo.rows, folder=run / "dpo", **shared)
    evaluation = _evaluation(model, tokenizer, data, progress)
    seconds = round(time.monotonic() - started, 1)
    manifest = _manifest(persona, data, base, settings, evaluation=evaluation, seconds=seconds)
    _publish(model, adapter, manifest, model_card(persona, manifest, data.statistics))
    for checkpoint in (path for part in PARTS for path in (run / part).glob("checkpoint-*")):
        shutil.rmtree(checkpoint)
    return adapter


def _inputs(persona: Persona, data: PersonaData, base: Base, settings: TrainSettings) -> str:
    """Return what a run is known again by."""
    return digest(
        persona.digest(),
        str(data.statistics["data_hash"]),
        base.revision,
        template_hash(),
        json.dumps(asdict(settings)),
    )


def _fitting(
    persona: Persona,
    data: PersonaData,
    tokenizer: Tokenizer,
    settings: TrainSettings,
    told: Callable[[str], None],
) -> tuple[Fitting, Fitting]:
    """Return what SFT and DPO train on, telling of what is too long."""
    sft, dpo = _fit(data, tokenizer, settings)
    if sft.left_out or dpo.left_out:
        told(
            f"{len(sft.left_out)} items and {len(dpo.left_out)} pairs are longer than "
            f"{settings.max_tokens} tokens and are left out; run.json lists them"
        )
    if not sft.rows or not dpo.rows:
        raise DataError(
            f"no item or no pair of {persona.name} fits {settings.max_tokens} tokens. "
            "Raise --max-tokens or build with shorter materials."
        )
    return sft, dpo


def _manifest(
    persona: Persona,
    data: PersonaData,
    base: Base,
    settings: TrainSettings,
    *,
    evaluation: dict[str, Any],
    seconds: float,
) -> Manifest:
    return Manifest(
        persona=persona.id,
        persona_hash=persona.digest(),
        stages=tuple(stage.id for stage in persona.stages),
        base=base.name,
        base_revision=base.revision,
        template_hash=template_hash(),
        data_hash=str(data.statistics["data_hash"]),
        settings=asdict(settings),
        versions={name: importlib.metadata.version(name) for name in PACKAGES},
        seconds=seconds,
        evaluation=evaluation,
    )


def _fit(
    data: PersonaData, tokenizer: Tokenizer, settings: TrainSettings
) -> tuple[Fitting, Fitting]:
    items, pairs = data.split("train")
    longest = settings.max_tokens
    chosen = some_pairs(pairs, most=settings.most_pairs, seed=settings.seed)
    return (
        fit_items(items, tokenizer, max_tokens=longest),
        fit_pairs(chosen, tokenizer, max_tokens=longest),
    )


def _run_folder(folder: Path, inputs: str) -> Path:
    """Return the newest run of the same inputs, or the name of a new one."""
    for path in sorted(folder.glob(f"*/{RUN_NAME}"), reverse=True):
        if json.loads(path.read_text(encoding="utf-8"))["inputs"] == inputs:
            return path.parent
    return folder / time.strftime("%Y-%m-%d_%H-%M-%S")


def _begin(
    run: Path,
    persona: Persona,
    data: PersonaData,
    base: Base,
    settings: TrainSettings,
    left_out: Sequence[str],
) -> None:
    write_json(
        run / RUN_NAME,
        {
            "inputs": _inputs(persona, data, base, settings),
            "persona": persona.id,
            "base": base.name,
            "base_revision": base.revision,
            "settings": asdict(settings),
            "left_out": list(left_out),
        },
    )


def _sft(run: Path, base: Base, tokenizer: Tokenizer, sft: Fitting, shared: dict[str, Any]) -> Path:
    """Return the SFT state's folder, trained unless it is there."""
    folder = run / "sft" / ADAPTER_FOLDER
    if not folder.is_dir():
        model = tune_sft(load_base(base), tokenizer, sft.rows, folder=run / "sft", **shared)
        _save(model, folder)
    return folder


def _save(model: PeftModel, folder: Path) -> None:
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    _write_weights(model, draft)
    draft.replace(folder)


def _write_weights(model: PeftModel, folder: Path) -> None:
    # No embeddings are trained; asking PEFT to find that out would ask the hub.
    model.save_pretrained(str(folder), selected_adapters=["default"], save_embedding_layers=False)


def _evaluation(
    model: PeftModel, tokenizer: Tokenizer, data: PersonaData, progress: Progress
) -> dict[str, Any]:
    items, pairs = data.split("test")
    measured = measure(model, tokenizer, items, pairs, progress=progress)
    return {
        system: {**asdict(result), "pair_error": result.pair_error}
        for system, result in measured.items()
    }


def _publish(model: PeftModel, adapter: Path, manifest: Manifest, card: str) -> None:
    """Make the adapter folder appear whole."""
    draft = adapter.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = manifest.base
    _write_weights(model, draft)
    write_text(draft / "README.md", card)
    write_manifest(draft, manifest)
    draft.replace(adapter)
