"""Commands that measure: eval, psychometrics, judge, study."""

from pathlib import Path
from typing import Annotated

import typer

from persllm.agents.options import RuntimeOptions
from persllm.ui.cli.flags import (
    REPLIES,
    RUNS,
    AsJson,
    Bundled,
    DryRun,
    Host,
    PersonaName,
    PersonaNames,
    Port,
    Runs,
    named,
    with_runtime_flags,
)
from persllm.ui.cli.run_files import RunFileCommand

app = typer.Typer()


@app.command(
    name="eval",
    cls=RunFileCommand,
    epilog="Examples: persllm eval --bundled --into README.md; "
    "persllm eval run.yaml; persllm eval nikola-tesla --gate old.json; "
    "persllm eval --gate old.json --of new.json",
)
@with_runtime_flags(without=REPLIES)
def evaluate(
    personas: PersonaNames = None,
    bundled: Bundled = False,
    most: Annotated[int, typer.Option(help="Most items of one measure and stage.", min=1)] = 8,
    turns: Annotated[
        int, typer.Option(help="Turns of the long talks; 0 leaves them out.", min=0)
    ] = 50,
    also: Annotated[
        list[str] | None,
        typer.Option(help="Also ask this chat model, such as openai:gpt-4o-mini."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(
            help="Ask only this one: prompt, few-shot, memory, adapter, adapter + memory."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 1,
    jobs: Annotated[
        int | None,
        typer.Option(help="Personas side by side. Default: as cores and memory allow.", min=1),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report. Default: in --runs.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Also put the table between the marks of this file.")
    ] = None,
    gate: Annotated[
        Path | None, typer.Option(help="Fail if a figure fell since this older report.json.")
    ] = None,
    of: Annotated[
        Path | None,
        typer.Option("--of", help="With --gate: this report.json, instead of a new evaluation."),
    ] = None,
    as_json: AsJson = False,
    *,
    options: RuntimeOptions,
) -> None:
    """Compare prompt, examples, memory and adapter on held-out items; write a report."""
    from persllm.training.evaluation.suite import EvalSettings
    from persllm.ui.cli.actions.evaluate import ReportOptions, run_eval
    from persllm.workflows.evaluate import EvalOptions

    run_eval(
        [] if of else named(personas, bundled),
        runtime=options,
        options=EvalOptions(
            settings=EvalSettings(most=most, turns=turns, seed=seed),
            also=tuple(also or ()),
            systems=tuple(system or ()),
            jobs=jobs,
        ),
        report_options=ReportOptions(out=out, into=into, gate=gate, of=of, as_json=as_json),
    )


@app.command(epilog="Example: persllm psychometrics nikola-tesla --method interview --sittings 3")
@with_runtime_flags(without=REPLIES - {"no_adapter"})
def psychometrics(
    personas: Annotated[
        list[str], typer.Argument(metavar="PERSONA[@STAGE]...", help="All stages by default.")
    ],
    method: Annotated[
        str, typer.Option(help="likelihood, self-report or interview.")
    ] = "likelihood",
    sittings: Annotated[
        int, typer.Option("--sittings", "--seeds", help="Each in another order.", min=1)
    ] = 3,
    norms: Annotated[
        str, typer.Option(help="everybody, or such as men-41-to-60, women-over-60.")
    ] = "everybody",
    judge: Annotated[
        str | None, typer.Option(help="Chat model that marks the interview's answers.")
    ] = None,
    expected: Annotated[
        Path | None, typer.Option(help="YAML of scales from 1 to 5. Default: from the texts.")
    ] = None,
    probes: Annotated[
        Path | None, typer.Option(help="Folder with bigfive_<domain>.jsonl: also ask these.")
    ] = None,
    most_probes: Annotated[int, typer.Option(help="Most probes of one domain.", min=2)] = 100,
    facets: Annotated[bool, typer.Option("--facets", help="Show the thirty facets too.")] = False,
    with_memory: Annotated[
        bool, typer.Option("--with-memory", help="Recall what fits each statement.")
    ] = False,
    as_json: AsJson = False,
    *,
    options: RuntimeOptions,
) -> None:
    """Give a persona the IPIP-NEO-120; tell its profile and whether it is above noise."""
    from persllm.agents.runtime import Runtime
    from persllm.ui.cli.actions.psychometrics import run_psychometrics
    from persllm.workflows.psychometrics import PsychometricsOptions

    run_psychometrics(
        personas,
        runtime=Runtime(options),
        options=PsychometricsOptions(
            method=method,
            sittings=sittings,
            norms=norms,
            judge=judge,
            expected=expected,
            probes=probes,
            most_probes=most_probes,
            use_adapter=options.use_adapter is not False,
            use_memory=with_memory,
        ),
        facets=facets,
        as_json=as_json,
    )


@app.command(epilog="Example: persllm judge nikola-tesla --judge openai:gpt-4o-mini --repeats 3")
def judge(
    persona: PersonaName,
    judges: Annotated[
        list[str],
        typer.Option(
            "--judge",
            help="A LangChain chat model such as openai:gpt-4o-mini, or http://host:port/v1#model; "
            "two judges are compared.",
        ),
    ],
    tasks: Annotated[
        list[str] | None,
        typer.Option("--task", help="typing, accuracy, ranking or rubrics. Default: all four."),
    ] = None,
    repeats: Annotated[int, typer.Option(help="How often each verdict is asked.", min=1)] = 1,
    most: Annotated[
        int | None, typer.Option(help="Most items. Default: all that were asked.", min=1)
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="Folder with changed prompts for the judge.")
    ] = None,
    at_once: Annotated[int, typer.Option(help="Most calls under way at once.", min=1)] = 8,
    runs: Runs = RUNS,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a chat model judge the answers of the last `persllm eval`; the same command continues."""
    from persllm.ui.cli.actions.judge import run_judge
    from persllm.workflows.judge import TASKS, JudgeOptions

    run_judge(
        persona,
        judges=judges,
        runs=runs,
        options=JudgeOptions(
            tasks=tasks or TASKS, repeats=repeats, most=most, at_once=at_once, prompts=prompts
        ),
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command(epilog="Example: persllm study nikola-tesla --export ratings.csv")
@with_runtime_flags(without=REPLIES)
def study(
    persona: PersonaName,
    systems: Annotated[
        list[str] | None,
        typer.Option("--system", help="Two of the evaluation's. Default: the first and the last."),
    ] = None,
    most: Annotated[int, typer.Option(help="Most questions a rater is shown.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="Deals questions, order and sides.")] = 0,
    export: Annotated[
        Path | None, typer.Option(help="Write the ratings as CSV to this file and leave.")
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Tell what raters found, and how they agree.")
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 7862,
    as_json: AsJson = False,
    *,
    options: RuntimeOptions,
) -> None:
    """Open a desk where people compare and rate the answers of the last `persllm eval`, blind."""
    from persllm.agents.runtime import Runtime
    from persllm.ui.cli.actions.study import run_study

    run_study(
        persona,
        runtime=Runtime(options),
        systems=systems or [],
        most=most,
        seed=seed,
        host=host,
        port=port,
        export_to=export,
        report=report or as_json,
        as_json=as_json,
    )
