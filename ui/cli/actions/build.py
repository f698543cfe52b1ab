"""`persllm build`: what it will take, a first answer to remark upon, and the data."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.errors import DataError
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.training.data.build import read_statistics
from persllm.training.data.rules import RULES
from persllm.training.data.sampling import MININGS, BuildSettings, Mining
from persllm.training.data.teachers import TeacherChoice
from persllm.training.data.teachers.calibration import (
    REMARKS_NAME,
    Shown,
    first_answer,
    keep_remarks,
)
from persllm.training.data.teachers.estimate import surveyed
from persllm.training.data.teachers.money import parsed_price
from persllm.training.data.teachers.retrieval import Budgets
from persllm.training.data.teachers.several import chat_shares
from persllm.ui.cli.actions.data_table import data_table
from persllm.ui.cli.terminal import reporting_on
from persllm.workflows.build import (
    BuildNeeds,
    BuildOptions,
    ask_one_shard,
    build_folder,
    build_needs,
    check_options,
    close_teacher,
    needs_model,
    open_teacher,
)

SHOWN_SOURCE = 90


def chosen_settings(
    *,
    per_part: int,
    variations: int,
    seed: int,
    mine: str,
    skip: int,
    mix: Path | None,
    mix_share: float,
) -> BuildSettings:
    """Return the settings that the flags make.

    Raises:
        DataError: There is no such mining.
    """
    ways: dict[str, Mining] = {way: way for way in MININGS}
    if mine not in ways:
        raise DataError(f"--mine is one of {', '.join(MININGS)}; got {mine!r}.")
    return BuildSettings(
        per_part=per_part,
        variations=variations,
        seed=seed,
        mine=ways[mine],
        skip=skip,
        general=str(mix or ""),
        general_share=mix_share,
    )


def teacher_choice(
    names: Sequence[str],
    *,
    shares: str,
    price: str,
    budget: float | None,
    words: tuple[int, int],
    prompts: Path | None,
    at_once: int,
    plain: bool,
    other_stages: bool,
    prices: Path | None,
) -> TeacherChoice:
    """Return the choice that the flags make.

    Raises:
        DataError: Shares or price are none.
    """
    try:
        weights = tuple(float(part) for part in shares.split(",")) if shares else ()
    except ValueError as error:
        raise DataError(f"{shares!r} are no shares; write --shares 3,1") from error
    return TeacherChoice(
        names=tuple(names) or (RULES,),
        weights=weights,
        prompts=prompts,
        at_once=at_once,
        plain=plain,
        budgets=Budgets(*words),
        other_stages=other_stages,
        price=parsed_price(price) if price else None,
        prices=prices,
        budget=budget,
    )


def run_build(
    name: str,
    *,
    runs: Path,
    options: BuildOptions,
    calibrate: bool,
    shard: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build, or do the one part of it that was asked for."""
    persona = find_persona(name)
    if calibrate:
        needs_model("--calibrate", options.teacher)
    if dry_run:
        _show_needs(build_needs(persona, runs=runs, options=options), as_json=as_json)
        return
    console = Console(stderr=True)
    if shard:
        with reporting_on(console) as reporter:
            ask_one_shard(shard, persona, runs=runs, options=options, reporter=reporter)
        return
    if calibrate:
        hold_calibration(persona, runs=runs, options=options)
    with reporting_on(console) as reporter:
        folder = build_folder(persona, runs, options, reporter)
    if as_json:
        print(json.dumps(read_statistics(folder)))
        return
    out = Console()
    out.print(data_table(persona, read_statistics(folder)))
    out.print(f"items and pairs: {escape(str(folder))}")


def _show_needs(needs: BuildNeeds, *, as_json: bool) -> None:
    if as_json:
        teachers = [asdict(each) for each in needs.teachers]
        print(json.dumps({"items": needs.items, "teachers": teachers}))
        return
    for each in needs.teachers:
        print(each.line())
    if not needs.teachers:
        print(f"rules: {needs.items:,} items at most, no model, no cost")


def hold_calibration(persona: Persona, *, runs: Path, options: BuildOptions) -> None:
    """Show a first answer and take remarks until there is none; later answers heed them.

    Raises:
        DataError: There is no terminal to ask on, or no usable answer is written.
        EngineError: The teacher cannot be reached.
    """
    if not sys.stdin.isatty():
        raise DataError(
            "--calibrate asks on the terminal, and there is none. Give remarks in the command: "
            '--remark "Shorter sentences, and never a question at the end."'
        )
    check_options(persona, options)
    console = Console()
    teacher = open_teacher(persona, runs, options)
    asked = surveyed(persona, options.settings, options.profile)
    for model, share in chat_shares(teacher, asked):
        while True:
            _show(console, first_answer(model, share))
            remark = console.input("Enter to keep it, or what should be otherwise: ").strip()
            if not remark:
                break
            remarks = (*model.wording.remarks, remark)
            for other, _ in chat_shares(teacher):
                other.wording = replace(other.wording, remarks=remarks)
            keep_remarks(runs / persona.id / REMARKS_NAME, remarks)
    close_teacher(teacher)


def _show(console: Console, shown: Shown) -> None:
    draft, about = shown.draft, shown.assignment
    console.rule(escape(f"{about.persona.name}, {about.stage.id}: {about.pattern}"))
    console.print(f"[bold]visitor[/bold]  {escape(draft.question)}")
    if draft.analysis:
        console.print(f"[bold]thinks[/bold]   {escape(draft.analysis)}", style="dim")
    console.print(f"[bold]answers[/bold]  {escape(draft.response)}\n")
    for material in shown.sources:
        text = f"{material.id}: {material.text[:SHOWN_SOURCE]}"
        console.print(escape(text), style="dim", soft_wrap=True)
