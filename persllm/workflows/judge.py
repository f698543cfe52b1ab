"""A chat model judges the answers that an evaluation wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from persllm.errors import DataError
from persllm.files import write_jsonl
from persllm.messages import header
from persllm.persona import Persona
from persllm.progress import Progress, no_progress
from persllm.training.data.teachers import find_model
from persllm.training.data.teachers.store import AnswerStore
from persllm.training.evaluation.judging.judge import AT_ONCE, Judge
from persllm.training.evaluation.judging.prompts import RUBRICS, load_judge_prompts
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
from persllm.workflows.reporting import SILENT, Reporter

TYPING, ACCURACY, RANKING, RUBRIC = TASKS = ("typing", "accuracy", "ranking", "rubrics")
CALLS_NAME, JUDGED_NAME = "judge.sqlite", "judged.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """What is judged, and how."""

    tasks: Sequence[str] = TASKS
    repeats: int = 1
    most: int | None = None
    """Most items; all by default."""
    at_once: int = AT_ONCE
    prompts: Path | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [task for task in self.tasks if task not in TASKS]
        if unknown:
            raise DataError(
                f"no task is called {', '.join(unknown)}. Choose of {', '.join(TASKS)}."
            )


Verdicts = Mapping[str, tuple[Judge, list[Judged]]]
"""By a judge's name: the judge, and what it found of each answer."""


def judge_answers(
    persona: Persona,
    judges: Sequence[str],
    *,
    runs: Path,
    options: JudgeOptions,
    reporter: Reporter = SILENT,
) -> Verdicts:
    """Let judges do their tasks on the last evaluation's answers; every verdict is written.

    Raises:
        DataError: There are no answers yet, or the prompts have faults.
        EngineError: A judge cannot be had or reached; what it wrote is kept.
    """
    answers = answers_to_judge(persona, runs, options)
    load_judge_prompts(options.prompts)
    kept = answers_path(runs, persona).parent
    results = {
        name: judged(
            name, persona, answers, kept=kept, options=options, progress=reporter.bar(name)
        )
        for name in judges
    }
    rows = [_as_row(name, row) for name, (_, found) in results.items() for row in found]
    write_jsonl(judged_path(runs, persona), rows)
    return results


def judged_path(runs: Path, persona: Persona) -> Path:
    """Return where every verdict stands."""
    return answers_path(runs, persona).parent / JUDGED_NAME


def answers_to_judge(persona: Persona, runs: Path, options: JudgeOptions) -> list[Answer]:
    """Return the answers of the last evaluation, of no more items than are wanted.

    Raises:
        DataError: There are none yet.
    """
    answers = read_answers(answers_path(runs, persona))
    items = set(list(dict.fromkeys(answer.item for answer in answers))[: options.most])
    return [answer for answer in answers if answer.item in items]


def named_judge(
    name: str, kept: Path, *, at_once: int = AT_ONCE, progress: Progress = no_progress
) -> Judge:
    """Return the judge of that name; its answers are kept in a file.

    Raises:
        EngineError: There is no such model, or its package or key is missing.
    """
    return Judge(find_model(name), name, AnswerStore(kept), at_once=at_once, told=progress)


def judged(
    name: str,
    persona: Persona,
    answers: Sequence[Answer],
    *,
    kept: Path,
    options: JudgeOptions,
    progress: Progress = no_progress,
) -> tuple[Judge, list[Judged]]:
    """Let one judge do the tasks.

    Raises:
        EngineError: The judge cannot be had or reached; what it wrote is kept.
    """
    rows, prompts = [Judged(answer) for answer in answers], load_judge_prompts(options.prompts)
    judge = named_judge(name, kept / CALLS_NAME, at_once=options.at_once, progress=progress)
    if TYPING in options.tasks or ACCURACY in options.tasks:
        type_items(rows, judge, prompts)
    if ACCURACY in options.tasks:
        mark_accuracy(rows, judge, prompts, repeats=options.repeats)
    if RANKING in options.tasks:
        rank_systems(rows, judge, prompts, repeats=options.repeats, seed=options.seed)
    if RUBRIC in options.tasks:
        mark_rubrics(
            rows,
            judge,
            prompts,
            who=lambda stage: header(persona, persona.stage(stage)),
            repeats=options.repeats,
        )
    return judge, rows


def calls_needed(answers: Sequence[Answer], options: JudgeOptions) -> int:
    """Return the most calls one judge needs, none of them mended or found in store."""
    items = len({answer.item for answer in answers})
    once = items if TYPING in options.tasks or ACCURACY in options.tasks else 0
    each = len(answers) * (ACCURACY in options.tasks) + items * (RANKING in options.tasks)
    each += len(answers) * len(RUBRICS) * (RUBRIC in options.tasks)
    return once + options.repeats * each


def _as_row(judge: str, row: Judged) -> dict[str, Any]:
    marks = {"type": row.type, "accuracy": row.accuracy, "ranks": row.ranks}
    return {"judge": judge, **asdict(row.answer), **marks, "rubrics": row.rubrics}
