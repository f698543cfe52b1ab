"""The life of a run: one persona's adapter, from items to a folder that PEFT and vLLM load.

    persllm train <persona>

A run has a folder `runs/<persona>/<time>/` with `run.json` (what it is), `sft/` and `dpo/`
(checkpoints, metrics), `reference.safetensors`, and, when it is whole, `report.json` and
`adapter/`. The same command continues a run that was stopped at its last whole checkpoint, and
returns the adapter of one that is finished. Several personas share one loaded base.
"""

import importlib.metadata
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from persllm.base_profile import find_profile
from persllm.bases import Base
from persllm.errors import DataError
from persllm.files import digest, digest_file, write_json, write_text
from persllm.loading import load_base, load_tokenizer
from persllm.manifest import (
    ADAPTER_FOLDER,
    MANIFEST_NAME,
    WEIGHTS_NAME,
    Manifest,
    prompt_hash_of,
    write_manifest,
)
from persllm.persona import Persona
from persllm.persona_catalog import called
from persllm.progress import Progress, no_progress
from persllm.training.card import model_card
from persllm.training.data.build import PersonaData
from persllm.training.evaluation.likelihood import SYSTEMS, Likelihood, measure
from persllm.training.settings import TrainSettings
from persllm.training.tune import Run, can_be_packed, fresh_adapter, some_pairs, tune_dpo, tune_sft
from persllm.training.tuning.memory import peak_bytes, start_peak
from persllm.training.tuning.order import Mix, mixed
from persllm.training.tuning.processes import agreed, is_first, refuse_uneven
from persllm.training.tuning.rows import (
    Fitting,
    PairRow,
    general_rows,
    item_rows,
    pair_rows,
)
from persllm.training.tuning.trees import Row

RUN_NAME = "run.json"
REPORT_NAME = "report.json"
MEASURED_NAME = "measured.json"
PARTS = ("sft", "dpo")
PACKAGES = ("persllm", "torch", "transformers", "peft", "trl")


@dataclass(frozen=True, slots=True)
class Job:
    """One adapter that is wanted."""

    persona: Persona
    data: PersonaData
    """A finished build."""


@dataclass(frozen=True, slots=True)
class TrainContext:
    """How all jobs of one command are trained."""

    base: Base
    settings: TrainSettings
    runs: Path
    """Where run folders go."""
    general: Path | None = None
    """General conversations that are mixed in, as JSON lines of OpenAI messages."""
    report_to: str = "none"
    """A tracker that TRL knows ("tensorboard", "wandb", "trackio"), or "none"."""
    progress: Progress = no_progress
    told: Callable[[str], None] = lambda text: None
    """Told of what the user should know."""

    def __post_init__(self) -> None:
        if self.general and not self.settings.general_share:
            raise DataError(
                f"{self.general} is named, and general_share is 0: nothing of it would be mixed "
                "in. Name a share above 0 (persllm train --general-share 0.2), or no file."
            )


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a job trains on, as tokens."""

    sft: Fitting[Row]
    dpo: Fitting[PairRow]
    general: Fitting[Row]
    mix: Mix

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that the mix's order names."""
        return (*self.sft.rows, *self.general.rows)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Ids of what is too long."""
        return (*self.sft.left_out, *self.dpo.left_out, *self.general.left_out)

    @property
    def counts(self) -> dict[str, int]:
        """How much of what SFT and DPO see."""
        return {
            "items": len(self.sft.rows),
            "pairs": len(self.dpo.rows),
            "sft_rows": len(self.mix.order),
            "sft_persona_rows": self.mix.persona,
            "sft_general_rows": self.mix.general,
            "split": len(self.general.split),
            "left_out": len(self.left_out),
        }


def train_persona(persona: Persona, data: PersonaData, context: TrainContext) -> Path:
    """Return one adapter folder: trained, continued, or found finished."""
    return next(train_personas([Job(persona, data)], context))[1]


def train_personas(
    jobs: Sequence[Job], context: TrainContext, loaded: "Loaded | None" = None
) -> Iterator[tuple[Job, Path]]:
    """Yield each job with its adapter folder; the base is loaded once, when it is first needed.

    Args:
        jobs: Personas whose adapters are wanted.
        context: How they are trained.
        loaded: The base, where it is loaded already.

    Raises:
        BaseModelError: The base cannot be loaded.
        DataError: Data were built for another kind of base, nothing fits its context window,
            the loss diverged, or the batch cannot be shared by the processes.
    """
    refuse_uneven(context.settings.batch, context.settings.accumulate)
    for job in jobs:
        _refuse_of_other_bases(job, context.base)
        run = agreed(_run_folder(context.runs / job.persona.id, _inputs(job, context)))
        adapter = run / ADAPTER_FOLDER
        if (adapter / MANIFEST_NAME).is_file():
            context.told(
                f"{job.persona.name} is already trained with this data and these settings: "
                f"{adapter}"
            )
        else:
            if any((run / part).is_dir() for part in PARTS):
                context.told(f"continuing {run}")
            loaded = loaded or load(context)
            _train(job, context, run, loaded)
        yield job, adapter


@dataclass(frozen=True, slots=True)
class Loaded:
    """A base in memory, for any number of jobs."""

    tokenizer: Tokenizer
    model: PreTrainedModel
    packed: bool
    """Whether it can be trained on packed rows."""


def load(context: TrainContext) -> Loaded:
    """Load the base, and find out whether it can be packed."""
    model = load_base(context.base, four_bit=context.settings.four_bit)
    why = can_be_packed(model, context.settings)
    if why and context.settings.packed:
        context.told(f"{context.base.name} is trained on padded rows, which is slower: {why}")
    return Loaded(load_tokenizer(context.base), model, not why)


def _train(job: Job, context: TrainContext, folder: Path, loaded: Loaded) -> None:
    started = time.monotonic()
    start_peak()
    prepared = prepare(job, context, loaded.tokenizer)
    _refuse_empty(job, context.settings, prepared)
    _tell_left_out(context, prepared)
    if is_first():
        _begin(folder, job, context, prepared)
    run = Run(
        tokenizer=loaded.tokenizer,
        settings=context.settings,
        folder=folder,
        packed=loaded.packed,
        report_to=context.report_to,
        progress=context.progress,
    )
    model = fresh_adapter(loaded.model, context.settings)
    try:
        measured = _sft(model, run, job, prepared)
        if context.settings.dpo_passes:
            tune_dpo(model, prepared.dpo.rows, run)
        measured |= _measured(model, job.data, run, SYSTEMS)
        seconds = round(time.monotonic() - started, 1)
        if is_first():
            _finish(model, job, context, folder, measured=measured, seconds=seconds)
        agreed(None)  # the others wait until the adapter is there
    finally:
        model.unload()


def prepare(job: Job, context: TrainContext, tokenizer: Tokenizer) -> Prepared:
    """Return what a job trains on, without loading the base's weights."""
    settings = context.settings
    items, pairs = job.data.split("train")
    longest = settings.max_tokens
    sft = item_rows(items, tokenizer, max_tokens=longest)
    some = some_pairs(pairs, most=settings.most_pairs, seed=settings.seed)
    dpo = pair_rows(some if settings.dpo_passes else [], tokenizer, max_tokens=longest)
    general = (
        general_rows(context.general, tokenizer, max_tokens=longest)
        if context.general and settings.general_share
        else Fitting((), ())
    )
    mix = mixed(
        len(sft.rows),
        len(general.rows),
        repeats=settings.repeats,
        share=settings.general_share,
        seed=settings.seed,
    )
    return Prepared(sft, dpo, general, mix)


def _refuse_of_other_bases(job: Job, base: Base) -> None:
    """Training would teach prompts that this base is never given when it is asked."""
    if job.data.statistics.get("prompt_hash") != prompt_hash_of(base):
        raise DataError(
            f"{job.persona.name}'s data in {job.data.folder} were built for a base that is asked "
            f"in another way than {base.name}. Build them for this one: persllm build "
            f"{called(job.persona)} --base <this base>."
        )


def _refuse_empty(job: Job, settings: TrainSettings, prepared: Prepared) -> None:
    if prepared.sft.rows and (prepared.dpo.rows or not settings.dpo_passes):
        return
    raise DataError(
        f"no item or no pair of {job.persona.name} fits {settings.max_tokens} tokens. "
        "Raise --max-tokens or build with shorter materials."
    )


def _tell_left_out(context: TrainContext, prepared: Prepared) -> None:
    if prepared.left_out:
        context.told(
            f"{len(prepared.sft.left_out)} items, {len(prepared.dpo.left_out)} pairs and "
            f"{len(prepared.general.left_out)} general conversations are longer than "
            f"{context.settings.max_tokens} tokens and are left out; {RUN_NAME} lists them"
        )
    if prepared.general.split:
        context.told(f"{len(prepared.general.split)} long general conversations are split")
    if prepared.mix.general:
        context.told(
            f"SFT sees {prepared.mix.persona:,} rows of the persona and "
            f"{prepared.mix.general:,} general ones"
        )


def _inputs(job: Job, context: TrainContext) -> str:
    """Return what a run is known again by."""
    return digest(
        job.persona.digest(),
        str(job.data.statistics["data_hash"]),
        context.base.key,
        prompt_hash_of(context.base),
        json.dumps(asdict(context.settings)),
        digest_file(context.general) if context.general else "",
    )


def _run_folder(folder: Path, inputs: str) -> Path:
    """Return the newest run of the same inputs, or the name of a new one."""
    for path in sorted(folder.glob(f"*/{RUN_NAME}"), reverse=True):
        if json.loads(path.read_text(encoding="utf-8"))["inputs"] == inputs:
            return path.parent
    return folder / time.strftime("%Y-%m-%d_%H-%M-%S")


def _begin(folder: Path, job: Job, context: TrainContext, prepared: Prepared) -> None:
    write_json(
        folder / RUN_NAME,
        {
            "inputs": _inputs(job, context),
            "persona": job.persona.id,
            "base": context.base.name,
            "base_key": context.base.key,
            "settings": asdict(context.settings),
            "counts": prepared.counts,
            "left_out": list(prepared.left_out),
        },
    )


def _sft(model: PeftModel, run: Run, job: Job, prepared: Prepared) -> dict[str, Any]:
    """Bring the adapter to its SFT state, trained unless it is there; return what it reaches."""
    folder = run.folder / "sft" / ADAPTER_FOLDER
    if folder.is_dir():
        set_peft_model_state_dict(model, load_file(folder / WEIGHTS_NAME))
    else:
        tune_sft(model, prepared.rows, run, order=prepared.mix.order)
        if is_first():
            _save(model, folder)
        agreed(None)
    kept = run.folder / "sft" / MEASURED_NAME
    if not kept.is_file():
        reached = _measured(model, job.data, run, ("adapter",))["adapter"]
        if is_first():
            write_json(kept, {"sft": reached})
        return {"sft": reached}
    return cast("dict[str, Any]", json.loads(kept.read_text(encoding="utf-8")))


def _measured(
    model: PeftModel, data: PersonaData, run: Run, systems: Sequence[str]
) -> dict[str, Any]:
    """Return what the systems make of the held-out items and pairs."""
    items, pairs = data.split("test")
    measured: dict[str, Likelihood] = measure(
        model, run.tokenizer, items, pairs, systems=systems, progress=run.progress
    )
    return {
        system: {**asdict(result), "pair_error": result.pair_error}
        for system, result in measured.items()
    }


def _finish(
    model: PeftModel,
    job: Job,
    context: TrainContext,
    folder: Path,
    *,
    measured: dict[str, Any],
    seconds: float,
) -> None:
    """Write report and adapter, and remove the checkpoints."""
    write_json(
        folder / REPORT_NAME,
        {"seconds": seconds, "peak_bytes": peak_bytes(), "evaluation": measured},
    )
    manifest = Manifest(
        persona=job.persona.id,
        persona_hash=job.persona.digest(),
        stages=tuple(stage.id for stage in job.persona.stages),
        base=context.base.name,
        base_key=context.base.key,
        prompt_hash=prompt_hash_of(context.base),
        profile_hash=find_profile(context.base).digest(),
        data_hash=str(job.data.statistics["data_hash"]),
        settings=asdict(context.settings),
        versions={name: importlib.metadata.version(name) for name in PACKAGES},
        seconds=seconds,
        evaluation=measured,
    )
    card = model_card(job.persona, manifest, job.data.statistics)
    _publish(model, folder / ADAPTER_FOLDER, manifest, card)
    for checkpoint in (path for part in PARTS for path in (folder / part).glob("checkpoint-*")):
        shutil.rmtree(checkpoint)


def _save(model: PeftModel, folder: Path) -> None:
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    _write_weights(model, draft)
    draft.replace(folder)


def _write_weights(model: PeftModel, folder: Path) -> None:
    # No embeddings are trained; asking PEFT to find that out would ask the hub.
    model.save_pretrained(str(folder), selected_adapters=["default"], save_embedding_layers=False)


def _publish(model: PeftModel, adapter: Path, manifest: Manifest, card: str) -> None:
    """Make the adapter folder appear whole."""
    draft = adapter.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = manifest.base
    _write_weights(model, draft)
    write_text(draft / "README.md", card)
    write_manifest(draft, manifest)
    draft.replace(adapter)
