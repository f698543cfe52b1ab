"""`persllm eval`: a report, and a gate for CI."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.errors import GateError
from persllm.persona_catalog import find_persona
from persllm.training.evaluation.gate import Change, changes
from persllm.training.evaluation.report import Report, read_report
from persllm.ui.cli.terminal import remembering, reporting_on
from persllm.workflows.evaluate import (
    PAGE_NAME,
    EvalOptions,
    evaluate,
    put_between_marks,
    report_folder,
    table,
    write_report,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """Where a report comes from, and what is done with it."""

    out: Path | None = None
    """Folder of the report; in the runs folder by default."""
    into: Path | None = None
    """A Markdown file with marks that the table goes between."""
    gate: Path | None = None
    """An older report; figures must not have fallen since."""
    of: Path | None = None
    """A finished report that goes through the gate, instead of a new evaluation."""
    as_json: bool = False


def run_eval(
    names: Sequence[str],
    *,
    runtime: RuntimeOptions,
    options: EvalOptions,
    report_options: ReportOptions,
) -> None:
    """Evaluate, or take a finished report, and show what it says.

    Raises:
        GateError: A figure fell by more than its noise.
    """
    older = read_report(report_options.gate) if report_options.gate else None
    console = Console(stderr=report_options.as_json)
    if report_options.of:
        report = read_report(report_options.of)
    else:
        report = _evaluated(names, runtime, options, report_options.out, console)
    if report_options.into:
        put_between_marks(report_options.into, table(report))
    print(report.model_dump_json() if report_options.as_json else table(report))
    if older:
        _pass_gate(changes(older, report), console)


def _evaluated(
    names: Sequence[str],
    runtime: RuntimeOptions,
    options: EvalOptions,
    out: Path | None,
    console: Console,
) -> Report:
    place = Runtime(runtime, progress=remembering)
    people = [find_persona(name) for name in names]
    with reporting_on(Console(stderr=True)) as reporter:
        report = evaluate(people, place, options, reporter=reporter)
    folder = out or report_folder(runtime.runs, people)
    write_report(folder, report)
    console.print(f"report: {escape(str(folder / PAGE_NAME))}", highlight=False)
    return report


def _pass_gate(found: Sequence[Change], console: Console) -> None:
    changed = [each for each in found if each.fell or each.rose]
    for each in changed:
        console.print(escape(str(each)), highlight=False)
    fallen = [each for each in changed if each.fell]
    if fallen:
        raise GateError(
            f"{len(fallen)} of {len(found)} figures fell by more than their noise, the first: "
            f"{fallen[0]}. Look at the answers, or make the new report the one to hold to."
        )
    console.print(f"gate passed: none of {len(found)} figures fell by more than its noise")
