"""`persllm judge`: a chat model judges the answers that an evaluation wrote."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from persllm.errors import DataError
from persllm.files import write_jsonl
from persllm.messages import header
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.training.data.teachers import find_model
from persllm.training.data.teachers.store import AnswerStore
from persllm.training.evaluation.figures import Figure
from persllm.training.evaluation.judging.judge import AT_ONCE, Judge, Told
from persllm.training.evaluation.judging.prompts import RUBRICS, JudgePrompts, load_judge_prompts
from persllm.training.evaluation.judging.summary import (
    Agreement,
    agreement_of_judges,
    agreement_with_measures,
    item_types,
    noise,
    system_rows,
)
from persllm.training.evaluation.judging.tasks import (
    Answer,
    Judged,
    mark_accuracy,
    mark_rubrics,
    rank_systems,
    read_answers,
    type_items,
)
from persllm.workflows.evaluate import answers_path
from persllm.workflows.progress import progress_on

TYPING, ACCURACY, RANKING, RUBRIC = TASKS = ("typing", "accuracy", "ranking", "rubrics")
CALLS_NAME, JUDGED_NAME = "judge.sqlite", "judged.jsonl"
TOLERATED = 0.01
"""More failed verdicts than this are said to be too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeWishes:
    """What the user wants judged, and how."""

    tasks: Sequence[str] = TASKS
    repeats: int = 1
    most: int | None = None
    """Most items; all by default."""
    at_once: int = AT_ONCE
    prompts: Path | None = None
    seed: int = 0


def run_judge(
    name: str,
    *,
    judges: Sequence[str],
    runs: Path,
    wishes: JudgeWishes,
    dry_run: bool,
    as_json: bool,
) -> None:
    """`persllm judge`."""
    unknown = [task for task in wishes.tasks if task not in TASKS]
    if unknown:
        raise DataError(f"no task is called {', '.join(unknown)}. Choose of {', '.join(TASKS)}.")
    persona = find_persona(name)
    source = answers_path(runs, persona)
    answers = _some(read_answers(source), wishes.most)
    prompts = load_judge_prompts(wishes.prompts)
    console = Console(stderr=as_json)
    if dry_run:
        console.print(f"{_calls(answers, wishes)} calls for each of {', '.join(judges)}")
        return
    results = {
        each: judged(each, persona, answers, prompts=prompts, kept=source.parent, wishes=wishes)
        for each in judges
    }
    out = source.parent / JUDGED_NAME
    write_jsonl(out, [_as_row(n, row) for n, (_, rows) in results.items() for row in rows])
    if as_json:
        print(json.dumps([_as_record(judge, rows) for judge, rows in results.values()]))
        return
    for judge, rows in results.values():
        show(console, judge, rows)
    for one, two in combinations(results, 2):
        found = agreement_of_judges(results[one][1], results[two][1])
        console.print(f"{escape(one)} and {escape(two)}: {agreement_line(found)}", highlight=False)
    console.print(f"every verdict: {escape(str(out))}", highlight=False)


def named_judge(
    name: str, kept: Path, *, at_once: int = AT_ONCE, told: Told = lambda what, done, total: None
) -> Judge:
    """Return the judge of that name; its answers are kept in a file.

    Raises:
        EngineError: There is no such model, or its package or key is missing.
    """
    return Judge(find_model(name), name, AnswerStore(kept), at_once=at_once, told=told)


def judged(
    name: str,
    persona: Persona,
    answers: Sequence[Answer],
    *,
    prompts: JudgePrompts,
    kept: Path,
    wishes: JudgeWishes,
) -> tuple[Judge, list[Judged]]:
    """Let one judge do the tasks.

    Raises:
        EngineError: The judge cannot be had or reached; what it wrote is kept.
    """
    rows = [Judged(answer) for answer in answers]
    with progress_on(Console(stderr=True), name) as told:
        judge = named_judge(name, kept / CALLS_NAME, at_once=wishes.at_once, told=told)
        if TYPING in wishes.tasks or ACCURACY in wishes.tasks:
            type_items(rows, judge, prompts)
        if ACCURACY in wishes.tasks:
            mark_accuracy(rows, judge, prompts, repeats=wishes.repeats)
        if RANKING in wishes.tasks:
            rank_systems(rows, judge, prompts, repeats=wishes.repeats, seed=wishes.seed)
        if RUBRIC in wishes.tasks:
            mark_rubrics(
                rows,
                judge,
                prompts,
                who=lambda stage: header(persona, persona.stage(stage)),
                repeats=wishes.repeats,
            )
    return judge, rows


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


def _some(answers: Sequence[Answer], most: int | None) -> list[Answer]:
    items = list(dict.fromkeys(answer.item for answer in answers))[:most]
    return [answer for answer in answers if answer.item in set(items)]


def _calls(answers: Sequence[Answer], wishes: JudgeWishes) -> int:
    """Return the most calls one judge needs, none of them mended or found in store."""
    items = len({answer.item for answer in answers})
    once = items if TYPING in wishes.tasks or ACCURACY in wishes.tasks else 0
    each = len(answers) * (ACCURACY in wishes.tasks) + items * (RANKING in wishes.tasks)
    each += len(answers) * len(RUBRICS) * (RUBRIC in wishes.tasks)
    return once + wishes.repeats * each


def _cells(found: Figure) -> tuple[str, str, str]:
    return f"{found.value:.2f}", f"{found.low:.2f} to {found.high:.2f}", str(found.n)


def _as_row(judge: str, row: Judged) -> dict[str, Any]:
    marks = {"type": row.type, "accuracy": row.accuracy, "ranks": row.ranks}
    return {"judge": judge, **asdict(row.answer), **marks, "rubrics": row.rubrics}


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
