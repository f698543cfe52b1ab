"""`persllm study`: the raters' desk, and what raters found."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from persllm.agents.runtime import Runtime
from persllm.persona_catalog import find_persona
from persllm.training.evaluation.judging.tasks import read_answers
from persllm.ui.web.study_page import Desk, serve_desk
from persllm.workflows.evaluate import answers_path
from persllm.workflows.study import (
    RATING,
    SCALES,
    SESSION,
    Contest,
    contests,
    export,
    ratings_path,
    read_rows,
    scale_agreement,
    scores,
    study_of,
)


def run_study(
    name: str,
    *,
    runtime: Runtime,
    systems: Sequence[str],
    most: int,
    seed: int,
    host: str,
    port: int,
    export_to: Path | None,
    report: bool,
    as_json: bool,
) -> None:
    """Open the desk, or write or show what raters said so far."""
    persona = find_persona(name)
    path = ratings_path(runtime.runs, persona)
    if export_to or report:
        rows = read_rows(path)
        if export_to:
            export(export_to, rows)
        if as_json:
            print(json.dumps(as_record(rows)))
        elif report:
            show(Console(), rows)
        return
    answers = read_answers(answers_path(runtime.runs, persona))
    study = study_of(answers, systems, path, most=most, seed=seed)
    serve_desk(Desk(study, persona, runtime), host=host, port=port)


def show(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what raters found."""
    for each in contests(rows):
        console.print(contest_line(each), highlight=False)
    alphas = scale_agreement(rows)
    for kind, title in ((RATING, "answers rated"), (SESSION, "conversations rated")):
        found = scores(rows, kind)
        if not found:
            continue
        table = Table(title=title)
        table.add_column("system")
        for scale in SCALES:
            table.add_column(scale, justify="right")
        for system, by_scale in found.items():
            cells = [
                f"{f.value:.2f} ({f.low:.2f} to {f.high:.2f}) of {f.n}"
                for f in (by_scale[scale] for scale in SCALES)
            ]
            table.add_row(escape(system), *cells)
        if kind == RATING:
            told = ", ".join(f"{scale} {_figure(alpha)}" for scale, alpha in alphas.items())
            table.caption = f"agreement of raters (Krippendorff's alpha): {told}"
        console.print(table)


def contest_line(found: Contest) -> str:
    """Return a contest for people."""
    low, high = found.won.interval
    return (
        f"{escape(found.system)} against {escape(found.other)}: {found.wins} won, {found.losses} "
        f"lost, {found.ties} ties; {found.won.share:.0%} ({low:.0%} to {high:.0%}) of the decided, "
        f"by chance {found.chance:.3f}; raters agree with alpha {_figure(found.alpha)}, "
        f"kappa {_figure(found.kappa)}"
    )


def as_record(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the results for programs."""
    return {
        "contests": [
            {**asdict(c), "won": c.won.share, "interval": c.won.interval} for c in contests(rows)
        ],
        **{
            kind: {
                system: {scale: asdict(found) for scale, found in by_scale.items()}
                for system, by_scale in scores(rows, kind).items()
            }
            for kind in (RATING, SESSION)
        },
        "alpha": scale_agreement(rows),
    }


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
