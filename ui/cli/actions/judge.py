"""`persllm judge`: what chat models find of the answers, and how far they can be trusted."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from persllm.persona_catalog import find_persona
from persllm.training.evaluation.figures import Figure
from persllm.training.evaluation.judging.judge import Judge
from persllm.training.evaluation.judging.summary import (
    Agreement,
    agreement_of_judges,
    agreement_with_measures,
    item_types,
    noise,
    system_rows,
)
from persllm.training.evaluation.judging.tasks import Judged
from persllm.ui.cli.terminal import reporting_on
from persllm.workflows.judge import (
    JudgeOptions,
    answers_to_judge,
    calls_needed,
    judge_answers,
    judged_path,
)

TOLERATED = 0.01
"""More failed verdicts than this are said to be too many."""


def run_judge(
    name: str,
    *,
    judges: Sequence[str],
    runs: Path,
    options: JudgeOptions,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Let the judges judge, and show what they found."""
    persona = find_persona(name)
    console = Console(stderr=as_json)
    if dry_run:
        calls = calls_needed(answers_to_judge(persona, runs, options), options)
        console.print(f"{calls} calls for each of {', '.join(judges)}")
        return
    with reporting_on(Console(stderr=True)) as reporter:
        results = judge_answers(persona, judges, runs=runs, options=options, reporter=reporter)
    if as_json:
        print(json.dumps([_as_record(judge, rows) for judge, rows in results.values()]))
        return
    for judge, rows in results.values():
        show(console, judge, rows)
    for one, two in combinations(results, 2):
        found = agreement_of_judges(results[one][1], results[two][1])
        console.print(f"{escape(one)} and {escape(two)}: {agreement_line(found)}", highlight=False)
    console.print(f"every verdict: {escape(str(judged_path(runs, persona)))}", highlight=False)


def show(console: Console, judge: Judge, rows: Sequence[Judged]) -> None:
    """Print what the systems reached with one judge, and how far it can be trusted."""
    found = system_rows(rows)
    table = Table(title=f"judged by {escape(judge.name)}")
    for column in ("figure", "system", "mean", "95 %", "items"):
        table.add_column(column, justify="left" if column in ("figure", "system") else "right")
    for name in dict.fromkeys(name for row in found for name in row.figures):
        for place, row in enumerate(each for each in found if name in each.figures):
            table.add_row("" if place else name, escape(row.system), *_cells(row.figures[name]))
        table.add_section()
    table.caption = "\n".join(trust_lines(judge, rows))
    console.print(table)


def trust_lines(judge: Judge, rows: Sequence[Judged]) -> list[str]:
    """Return how many verdicts failed, how they vary and what they agree with, for people."""
    types = ", ".join(f"{n} {kind}" for kind, n in item_types(rows).items())
    too_many = ", which is too many: take another judge" * (judge.failure_rate > TOLERATED)
    lines = [
        f"items: {types}",
        f"{judge.asked} calls, {judge.tokens:,} tokens; {judge.wanted} verdicts, {judge.mended} "
        f"mended, {judge.failed} failed ({judge.failure_rate:.1%}{too_many})",
    ]
    spread = noise(rows)
    if spread is not None:
        lines.append(f"repeats of one mark vary by {spread:.2f} (standard deviation)")
    lines.append(
        f"with the measures without a judge: {agreement_line(agreement_with_measures(rows))}"
    )
    return lines


def agreement_line(found: Agreement) -> str:
    """Return an agreement for people."""
    figures = {"Spearman": found.spearman, "Kendall": found.kendall, "alpha": found.alpha}
    told = ", ".join(f"{name} {value:.2f}" for name, value in figures.items() if value is not None)
    return f"{told or 'nothing to compare'} over {found.answers} answers"


def _cells(found: Figure) -> tuple[str, str, str]:
    return f"{found.value:.2f}", f"{found.low:.2f} to {found.high:.2f}", str(found.n)


def _as_record(judge: Judge, rows: Sequence[Judged]) -> dict[str, Any]:
    return {
        "judge": judge.name,
        "systems": [asdict(row) for row in system_rows(rows)],
        "item_types": item_types(rows),
        "verdicts": judge.wanted,
        "mended": judge.mended,
        "failed": judge.failed,
        "noise": noise(rows),
        "agreement_with_measures": asdict(agreement_with_measures(rows)),
    }
