"""The command train: from flags to adapters, with what it takes before and what it gives after."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from persllm.base_profile import find_profile
from persllm.bases import find_base
from persllm.errors import DataError
from persllm.manifest import ADAPTER_FOLDER, copy_adapter, read_manifest
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.training.ablate import chosen_ablations, run_ablations
from persllm.training.data.build import PersonaData
from persllm.training.preflight import Preflight, preflight
from persllm.training.settings import GENERAL_SHARE, TrainSettings, changed, preset
from persllm.training.train import REPORT_NAME, Job, Ways, load, train_persona, train_personas
from persllm.training.tuning.processes import first_then_others, is_first
from persllm.workflows.data import made_data
from persllm.workflows.progress import progress_on

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What `persllm train` was told beside the personas."""

    runs: Path
    base_name: str
    preset: str | None
    changes: Mapping[str, float | int | bool | None]
    """Settings by name; None leaves the preset's."""
    general: Path | None
    ablate: str | None
    """Names of ablations with commas between."""
    report_to: str
    into: Path | None
    dry_run: bool
    as_json: bool

    def settings(self) -> TrainSettings:
        """Return the preset with the changes.

        Raises:
            DataError: There is no such preset, or a value is out of range.
        """
        base = find_base(self.base_name)
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


def train_adapters(names: Sequence[str], options: TrainOptions) -> None:
    """`persllm train`."""
    settings = options.settings()
    without = chosen_ablations(options.ablate) if options.ablate else ()
    people = [find_persona(name) for name in names]
    for persona in people:
        read_materials(persona)  # faults of any of them are told before hours of training
    built = partial(
        made_data, runs=options.runs, profile=find_profile(find_base(options.base_name))
    )
    jobs = [Job(persona, first_then_others(partial(built, persona))) for persona in people]
    console = Console(stderr=options.as_json, quiet=not is_first())
    ways = Ways(
        base=find_base(options.base_name),
        settings=settings,
        runs=options.runs,
        general=options.general,
        report_to=options.report_to,
        told=lambda text: console.print(escape(text)),
    )
    loaded = load(ways)
    for name, job in zip(names, jobs, strict=True):
        needs = preflight(job, ways, loaded)
        show_needs(console, job.persona, ways, needs)
        if options.dry_run:
            if options.as_json and is_first():
                print(json.dumps({"persona": job.persona.id, **asdict(needs)}))
            continue
        if without:
            with _progress(job.persona, ways) as shown:
                adapters = dict(run_ablations(job, shown, without, loaded))
            if is_first():
                _show_ablations(console, job.persona, adapters, as_json=options.as_json)
            continue
        with _progress(job.persona, ways) as shown:
            [(_, adapter)] = train_personas([job], shown, loaded)
        if is_first():
            _show_result(console, name, job.persona, adapter, options, needs)


def show_needs(console: Console, persona: Persona, ways: Ways, needs: Preflight) -> None:
    """Print what a run will take."""
    saved = 1 - needs.computed / max(1, needs.tokens)
    console.print(
        f"{persona.name} over {ways.base.name}: {needs.items} items, {needs.pairs} pairs, "
        f"{needs.steps} steps, {needs.tokens:,} tokens, {saved:.0%} of them shared; about "
        f"{_duration(needs.seconds)} and {_mebibytes(needs.peak_bytes)}"
    )
    for warning in needs.warnings:
        console.print(f"note: {escape(warning)}")


def _mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:,.0f} MiB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def _show_result(
    console: Console,
    name: str,
    persona: Persona,
    adapter: Path,
    options: TrainOptions,
    needs: Preflight,
) -> None:
    report = json.loads((adapter.parent / REPORT_NAME).read_text(encoding="utf-8"))
    took = {"seconds": report["seconds"], "peak_bytes": report["peak_bytes"]}
    if options.into:
        adapter = copy_adapter(adapter, options.into / persona.id / ADAPTER_FOLDER)
    if options.as_json:
        results = read_manifest(adapter).evaluation
        print(json.dumps({"adapter": str(adapter), **took, **results}))
        return
    console.print(results_table(persona, adapter))
    console.print(
        f"took {_duration(took['seconds'])}; peak memory {_mebibytes(took['peak_bytes'])}, "
        f"expected {_mebibytes(needs.peak_bytes)}"
    )
    where = "" if options.runs == Path("runs") else f" --runs {options.runs}"
    console.print(f"adapter: {escape(str(adapter))}\ntalk: persllm chat {escape(name + where)}")


def _show_ablations(
    console: Console, persona: Persona, adapters: Mapping[str, Path], *, as_json: bool
) -> None:
    """Show what each ablation reaches beside the whole recipe."""
    reached = {
        name: read_manifest(folder).evaluation["adapter"] for name, folder in adapters.items()
    }
    if as_json:
        print(json.dumps({"persona": persona.id, "ablations": reached}))
        return
    table = Table(
        title=f"{persona.name}, ablations, held-out data",
        caption="± is the 95 % interval; no-cot's perplexity is of replies without analysis",
    )
    for column in ("recipe", "pair accuracy", "reply perplexity"):
        table.add_column(column, justify="left" if column == "recipe" else "right")
    for name, row in reached.items():
        accuracy = f"{row['pair_accuracy']:.1%} ± {row['pair_error']:.1%}"
        table.add_row(name, accuracy, f"{row['perplexity']:.2f}")
    console.print(table)


def made_adapter(
    persona: Persona, data: PersonaData, *, runs: Path, base_name: str, settings: TrainSettings
) -> Path:
    """Train, continue or find a persona's adapter, with progress on the terminal."""
    console = Console(stderr=True)
    ways = Ways(
        base=find_base(base_name),
        settings=settings,
        runs=runs,
        told=lambda text: console.print(escape(text)),
    )
    with _progress(persona, ways) as shown:
        return train_persona(persona, data, shown)


@contextmanager
def _progress(persona: Persona, ways: Ways) -> Iterator[Ways]:
    """Show progress inside the block; yields the ways that tell it."""
    from dataclasses import replace

    console = Console(stderr=True, quiet=not is_first())
    with progress_on(console, f"training {persona.name}") as told:
        yield replace(ways, progress=told)


def results_table(persona: Persona, adapter: Path) -> Table:
    """Return the held-out results of an adapter as a table."""
    table = Table(title=f"{persona.name}, held-out data", caption="± is the 95 % interval")
    for column in ("system", "pair accuracy", "pairs", "reply perplexity", "items"):
        table.add_column(column, justify="left" if column == "system" else "right")
    for system, row in read_manifest(adapter).evaluation.items():
        table.add_row(
            system,
            f"{row['pair_accuracy']:.1%} ± {row['pair_error']:.1%}",
            str(row["pairs"]),
            f"{row['perplexity']:.2f}",
            str(row["items"]),
        )
    return table
