"""Building a persona's data: who writes, what it will take, shards, and the data."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from persllm.base_profile import BaseProfile, find_profile
from persllm.bases import DEFAULT_BASE, find_base
from persllm.embeddings import find_embeddings
from persllm.errors import DataError
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.persona_catalog import find_persona, resolved
from persllm.training.data.build import PersonaData, read_data
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teacher import Teacher
from persllm.training.data.teachers import TeacherChoice, find_teacher
from persllm.training.data.teachers.calibration import REMARKS_NAME, keep_remarks, read_remarks
from persllm.training.data.teachers.estimate import Estimate, estimate, surveyed
from persllm.training.data.teachers.general import read_instructions, write_general
from persllm.training.data.teachers.several import chat_shares
from persllm.training.data.teachers.shards import (
    SHARDS_FOLDER,
    ask_on_ray,
    ask_shard,
    parsed_shard,
    stores_in,
)
from persllm.training.data.teachers.store import AnswerStore
from persllm.workflows.data import ensure_data
from persllm.workflows.reporting import SILENT, Reporter

CALLS_NAME = "teacher.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What is built, and who writes it."""

    base: str = DEFAULT_BASE
    """What the data are for: its profile shapes prompts and replies."""
    settings: BuildSettings = field(default_factory=BuildSettings)
    teacher: TeacherChoice = field(default_factory=TeacherChoice)
    remarks: tuple[str, ...] = ()
    """What every answer of a chat model heeds; they are remembered for later builds."""
    general: Path | None = None
    """JSON lines of general instructions that a chat model answers in the persona's voice."""
    ray: int = 0
    """Shards in which a Ray job asks the teacher first; 0 is none."""
    embeddings: str | None = None
    """By what texts are compared, as `find_embeddings` reads it."""

    @property
    def profile(self) -> BaseProfile:
        """The profile of the base that the data are for."""
        return find_profile(find_base(self.base))

    @property
    def for_models(self) -> str:
        """The first flag that only makes sense with a chat model, or nothing."""
        given = {"--remark": self.remarks, "--general": self.general, "--ray": self.ray}
        return next((flag for flag, value in given.items() if value), "")


@dataclass(frozen=True, slots=True)
class BuildNeeds:
    """What a build will take."""

    items: int
    teachers: tuple[Estimate, ...]
    """Of each chat model; the rules take nothing."""


def build(
    persona: Persona | str,
    *,
    runs: str | Path = "runs",
    options: BuildOptions | None = None,
    reporter: Reporter = SILENT,
) -> PersonaData:
    """Return a persona's items and pairs: built, continued, or found finished.

    Args:
        persona: Who, or a bundled persona's name, or a persona folder.
        runs: Where the data goes: `runs/<persona id>/data`.
        options: What is built; by default what the built-in rules make of the texts.
        reporter: Told of the steps.

    Raises:
        PersonaError: There is no such persona, or its texts have faults.
        DataError: The options do not fit each other.
        EngineError: A chat model cannot be asked; what it wrote is kept.
    """
    return read_data(build_folder(resolved(persona), Path(runs), options, reporter))


def build_folder(
    persona: Persona, runs: Path, options: BuildOptions | None, reporter: Reporter = SILENT
) -> Path:
    """Build as `build` does and return the folder; no item is held in memory."""
    chosen = options or BuildOptions()
    check_options(persona, chosen)
    home = runs / persona.id
    _remember(home, chosen.remarks)
    if chosen.ray:
        _ask_by_ray(persona, runs, chosen)
    _take_over(home, reporter)
    teacher = open_teacher(persona, runs, chosen)
    models = chosen.teacher.asks_models
    asked = surveyed(persona, chosen.settings, chosen.profile) if models else []
    for model, share in chat_shares(teacher, asked):
        reporter.line(estimate(model, share).line())
        model.expected = len(share)
    folder = ensure_data(
        persona,
        runs=runs,
        profile=chosen.profile,
        settings=chosen.settings,
        teacher=teacher,
        embeddings=chosen.embeddings,
        reporter=reporter,
    )
    if chosen.general:
        _with_general(persona, folder, teacher, chosen, reporter)
    return folder


def check_options(persona: Persona, options: BuildOptions) -> None:
    """Refuse what a build would find out late.

    Raises:
        PersonaError: The texts have faults.
        DataError: An option needs a chat model and none is named, or a file has faults.
    """
    read_materials(persona)  # faults are told before the embeddings load
    if options.for_models:
        needs_model(options.for_models, options.teacher)
    if options.general:
        read_instructions(options.general)


def needs_model(flag: str, teacher: TeacherChoice) -> None:
    """Refuse a flag that only makes sense with a chat model.

    Raises:
        DataError: No chat model is named.
    """
    if not teacher.asks_models:
        raise DataError(f"{flag} needs a chat model: --teacher openai:gpt-4o-mini")


def build_needs(persona: Persona, *, runs: Path, options: BuildOptions) -> BuildNeeds:
    """Return what a build will take; nothing is asked and no file is left.

    Raises:
        PersLLMError: As `build`.
    """
    check_options(persona, options)
    asked = surveyed(persona, options.settings, options.profile)
    calls = runs / persona.id / CALLS_NAME
    store = calls if calls.is_file() else Path(":memory:")
    teacher = open_teacher(persona, runs, options, calls=store)
    return BuildNeeds(len(asked), tuple(estimate(*each) for each in chat_shares(teacher, asked)))


def open_teacher(
    persona: Persona, runs: Path, options: BuildOptions, *, calls: Path | None = None
) -> Teacher:
    """Return who writes, heeding all remarks given so far.

    Args:
        persona: For whom.
        runs: Where its answers are kept.
        options: Who it is.
        calls: The store of its answers; the persona's own by default.

    Raises:
        PersLLMError: The teacher cannot be had.
    """
    home = runs / persona.id
    remarks = tuple(dict.fromkeys((*read_remarks(home / REMARKS_NAME), *options.remarks)))
    return find_teacher(
        replace(options.teacher, remarks=remarks),
        read_materials(persona),
        embeddings=find_embeddings(options.embeddings),
        calls=calls or home / CALLS_NAME,
    )


def close_teacher(teacher: Teacher) -> None:
    """Close the chat models of a teacher, and their stores."""
    for model, _ in chat_shares(teacher):
        model.close()
        model.store.close()


def ask_one_shard(
    name: str,
    persona: Persona,
    *,
    runs: Path,
    options: BuildOptions,
    reporter: Reporter = SILENT,
) -> int:
    """Ask for one shard's share, such as "3/8"; return how many drafts came of it.

    The answers are in a store of the shard's own, which the next build takes over.

    Raises:
        PersLLMError: As `build`.
    """
    check_options(persona, options)
    needs_model("--shard", options.teacher)
    _remember(runs / persona.id, options.remarks)
    shard = parsed_shard(name)
    calls = shard.path(runs / persona.id / SHARDS_FOLDER)
    teacher = open_teacher(persona, runs, options, calls=calls)
    drafts = 0
    for model, share in chat_shares(teacher, surveyed(persona, options.settings, options.profile)):
        drafts += ask_shard(model, shard, share)
        reporter.line(f"shard {name}: {model.summary()}")
    close_teacher(teacher)
    return drafts


def _shard_of(shard: str, *, folder: str, runs: Path, options: BuildOptions) -> int:
    return ask_one_shard(shard, find_persona(folder), runs=runs, options=options)


def _ask_by_ray(persona: Persona, runs: Path, options: BuildOptions) -> None:
    """Ask in shards as a Ray job; each has its share of the budget."""
    budget = options.teacher.budget
    each = None if budget is None else budget / options.ray
    shares = replace(options, teacher=replace(options.teacher, budget=each), ray=0)
    ask = partial(_shard_of, folder=str(persona.folder), runs=runs.resolve(), options=shares)
    ask_on_ray(ask, options.ray)


def _remember(home: Path, remarks: Sequence[str]) -> None:
    """Keep new remarks beside those that were given before."""
    if remarks:
        path = home / REMARKS_NAME
        keep_remarks(path, dict.fromkeys((*read_remarks(path), *remarks)))


def _take_over(home: Path, reporter: Reporter) -> None:
    stores = stores_in(home / SHARDS_FOLDER)
    if stores:
        store = AnswerStore(home / CALLS_NAME)
        new = store.absorb(stores)
        store.close()
        reporter.line(f"{new:,} answers taken over from {len(stores)} shards")


def _with_general(
    persona: Persona, folder: Path, teacher: Teacher, options: BuildOptions, reporter: Reporter
) -> None:
    """Add general instructions in the persona's voice, by the first chat model."""
    assert options.general is not None
    counts = write_general(
        persona,
        folder,
        chat_shares(teacher)[0][0],
        read_instructions(options.general),
        profile=options.profile,
        settings=options.settings,
        told=reporter.bar(f"general instructions for {persona.name}"),
    )
    reporter.line(", ".join(f"{count:,} {what}" for what, count in counts.items()))
