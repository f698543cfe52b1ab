"""Training adapters: what it will take, the adapter, and what ablations reach beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from persllm.base_profile import find_profile
from persllm.bases import DEFAULT_BASE, find_base
from persllm.errors import DataError
from persllm.manifest import ADAPTER_FOLDER, copy_adapter
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.persona_catalog import resolved
from persllm.training.ablate import chosen_ablations, run_ablations
from persllm.training.data.build import PersonaData, read_data
from persllm.training.preflight import Preflight, preflight
from persllm.training.settings import GENERAL_SHARE, TrainSettings, changed, preset
from persllm.training.train import Job, Loaded, TrainContext, load, train_persona, train_personas
from persllm.training.tuning.processes import first_then_others
from persllm.workflows.data import ensure_data
from persllm.workflows.reporting import SILENT, Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """How adapters are trained."""

    base: str = DEFAULT_BASE
    preset: str | None = None
    """Name of a preset; by default the one for the base."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `TrainSettings` in place of the preset's; None leaves that one's."""
    general: Path | None = None
    """General conversations that are mixed in, as JSON lines of OpenAI messages."""
    ablate: str | None = None
    """Names of ablations with commas between; they are trained instead of the adapter."""
    report_to: str = "none"
    """A tracker that TRL knows, or "none"."""
    into: Path | None = None
    """A folder for a copy of each adapter, as INTO/<persona id>/adapter."""
    embeddings: str | None = None
    """By what texts are compared where data is built first."""

    def settings(self) -> TrainSettings:
        """Return the preset with the changes.

        Raises:
            DataError: There is no such preset, or a value is out of range.
        """
        base = find_base(self.base)
        settings = preset(self.preset or find_profile(base).preset)
        changes = dict(self.changes)
        if self.general and changes.get("general_share") is None:
            changes["general_share"] = settings.general_share or GENERAL_SHARE
        settings = changed(settings, changes)
        if changes.get("general_share") and not self.general:
            raise DataError(
                "--general-share is a share of general conversations, and none are named. Name a "
                "file of them: --general chats.jsonl"
            )
        if self.general and not self.general.is_file():
            raise DataError(
                f"there is no file {self.general} of general conversations. Name JSON lines of "
                "OpenAI messages, or leave out --general."
            )
        return settings


@dataclass(frozen=True, slots=True)
class Training:
    """Adapters that are wanted, with the base loaded once for all of them."""

    jobs: tuple[Job, ...]
    context: TrainContext
    loaded: Loaded
    without: tuple[str, ...]
    """Ablations that were asked for."""
    into: Path | None

    def needs(self, job: Job) -> Preflight:
        """Return what one adapter will take."""
        return preflight(job, self.context, self.loaded)

    def adapter(self, job: Job, reporter: Reporter = SILENT) -> Path:
        """Train, continue or find one adapter; return its folder, in the runs folder."""
        [(_, adapter)] = train_personas([job], self._told(job, reporter), self.loaded)
        return adapter

    def copied(self, job: Job, adapter: Path) -> Path:
        """Return the adapter, or its copy where one is wanted."""
        if self.into is None:
            return adapter
        return copy_adapter(adapter, self.into / job.persona.id / ADAPTER_FOLDER)

    def ablations(self, job: Job, reporter: Reporter = SILENT) -> dict[str, Path]:
        """Train the whole recipe and each ablation of it; return their folders by name."""
        return dict(run_ablations(job, self._told(job, reporter), self.without, self.loaded))

    def _told(self, job: Job, reporter: Reporter) -> TrainContext:
        progress = reporter.bar(f"training {job.persona.name}")
        return replace(self.context, progress=progress, told=reporter.line)


def open_training(
    personas: Sequence[Persona | str],
    *,
    runs: str | Path = "runs",
    options: TrainOptions | None = None,
    reporter: Reporter = SILENT,
) -> Training:
    """Build what data is missing, load the base, and return what can then be trained.

    Raises:
        PersLLMError: A persona, its texts, the base or a setting is wrong; told before any work.
    """
    chosen = options or TrainOptions()
    settings = chosen.settings()
    without = chosen_ablations(chosen.ablate) if chosen.ablate else ()
    people = [resolved(persona) for persona in personas]
    for persona in people:
        read_materials(persona)  # faults of any of them are told before hours of training

    def data(persona: Persona) -> PersonaData:
        return read_data(
            ensure_data(
                persona,
                runs=Path(runs),
                profile=find_profile(find_base(chosen.base)),
                embeddings=chosen.embeddings,
                reporter=reporter,
            )
        )

    jobs = [Job(persona, first_then_others(partial(data, persona))) for persona in people]
    context = TrainContext(
        base=find_base(chosen.base),
        settings=settings,
        runs=Path(runs),
        general=chosen.general,
        report_to=chosen.report_to,
        told=reporter.line,
    )
    return Training(tuple(jobs), context, load(context), without, chosen.into)


def train(
    personas: Persona | str | Sequence[Persona | str],
    *,
    runs: str | Path = "runs",
    options: TrainOptions | None = None,
    reporter: Reporter = SILENT,
) -> list[Path]:
    """Return the adapter folders of personas: trained, continued, or found finished.

    Data is built first where there is none.

    Args:
        personas: One or several; each may be a bundled persona's name or a persona folder.
        runs: Where data and adapters go.
        options: Base and settings.
        reporter: Told of the steps.

    Raises:
        PersLLMError: As `open_training`, or a step of the training fails.
    """
    several = [personas] if isinstance(personas, Persona | str) else personas
    training = open_training(several, runs=runs, options=options, reporter=reporter)
    return [training.copied(job, training.adapter(job, reporter)) for job in training.jobs]


def ensure_adapter(
    persona: Persona,
    data: PersonaData,
    *,
    runs: Path,
    base: str = DEFAULT_BASE,
    settings: TrainSettings,
    reporter: Reporter = SILENT,
) -> Path:
    """Train, continue or find the adapter of a persona whose data is built."""
    context = TrainContext(
        base=find_base(base),
        settings=settings,
        runs=runs,
        progress=reporter.bar(f"training {persona.name}"),
        told=reporter.line,
    )
    return train_persona(persona, data, context)
