"""`persllm train`: what each adapter will take, the adapters, and what they reach."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from persllm.manifest import read_manifest
from persllm.persona import Persona
from persllm.training.preflight import Preflight
from persllm.training.train import REPORT_NAME, Job
from persllm.training.tuning.processes import is_first
from persllm.ui.cli.terminal import reporting_on
from persllm.workflows.train import Training, TrainOptions, open_training

MEBIBYTE = 1024 * 1024


def run_train(
    names: Sequence[str], *, runs: Path, options: TrainOptions, dry_run: bool, as_json: bool
) -> None:
    """Train one adapter after the other; of several processes only the first prints."""
    console = Console(stderr=as_json, quiet=not is_first())
    bars = Console(stderr=True, quiet=not is_first())
    with reporting_on(bars) as reporter:
        training = open_training(names, runs=runs, options=options, reporter=reporter)
    for name, job in zip(names, training.jobs, strict=True):
        needs = training.needs(job)
        show_needs(console, job.persona, training, needs)
        if dry_run:
            if as_json and is_first():
                print(json.dumps({"persona": job.persona.id, **asdict(needs)}))
            continue
        if training.without:
            with reporting_on(bars) as reporter:
                adapters = training.ablations(job, reporter)
            if is_first():
                _show_ablations(console, job.persona, adapters, as_json=as_json)
            continue
        with reporting_on(bars) as reporter:
            adapter = training.adapter(job, reporter)
        if is_first():
            took = json.loads((adapter.parent / REPORT_NAME).read_text(encoding="utf-8"))
            adapter = training.copied(job, adapter)
            if as_json:
                _print_result(adapter, took)
            else:
                _show_result(console, job, adapter, took, needs)
                where = "" if runs == Path("runs") else f" --runs {runs}"
                console.print(f"talk: persllm chat {escape(name + where)}")


def show_needs(console: Console, persona: Persona, training: Training, needs: Preflight) -> None:
    """Print what a run will take."""
    saved = 1 - needs.computed / max(1, needs.tokens)
    console.print(
        f"{persona.name} over {training.context.base.name}: {needs.items} items, {needs.pairs} "
        f"pairs, {needs.steps} steps, {needs.tokens:,} tokens, {saved:.0%} of them shared; about "
        f"{_duration(needs.seconds)} and {_mebibytes(needs.peak_bytes)}"
    )
    for warning in needs.warnings:
        console.print(f"note: {escape(warning)}")


def _mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:,.0f} MiB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def _print_result(adapter: Path, took: Mapping[str, float]) -> None:
    figures = {"seconds": took["seconds"], "peak_bytes": took["peak_bytes"]}
    results = read_manifest(adapter).evaluation
    print(json.dumps({"adapter": str(adapter), **figures, **results}))


def _show_result(
    console: Console, job: Job, adapter: Path, took: Mapping[str, float], needs: Preflight
) -> None:
    console.print(results_table(job.persona, adapter))
    console.print(
        f"took {_duration(took['seconds'])}; peak memory {_mebibytes(int(took['peak_bytes']))}, "
        f"expected {_mebibytes(needs.peak_bytes)}"
    )
    console.print(f"adapter: {escape(str(adapter))}")


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
