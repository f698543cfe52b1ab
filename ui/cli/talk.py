"""Commands that let personas talk: chat, compare, play, debate, scenarios."""

from pathlib import Path
from typing import Annotated

import typer

from persllm.agents.options import RuntimeOptions
from persllm.ui.cli.flags import AsJson, PersonaName, with_runtime_flags

app = typer.Typer()
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget what is kept and begin anew.")]
PlayFolder = Annotated[
    Path | None, typer.Option(help="Folder to keep it in. Default: one of its own in --runs.")
]

Audience = Annotated[
    list[str] | None,
    typer.Option(metavar="PERSONA[@STAGE]", help="Hears a debate and is asked whom it moved."),
]


@app.command(epilog='Example: persllm chat nikola-tesla --stage late --ask "Do you like pigeons?"')
@with_runtime_flags()
def chat(
    persona: PersonaName,
    stage: Annotated[str | None, typer.Option(help="Stage of life; the first by default.")] = None,
    ask: Annotated[str | None, typer.Option(help="Ask once and leave.")] = None,
    as_: Annotated[
        str, typer.Option("--as", help="Your name: the persona remembers what you say.")
    ] = "",
    show_recalled: Annotated[
        bool, typer.Option("--show-recalled", help="Show what each reply recalled.")
    ] = False,
    *,
    options: RuntimeOptions,
) -> None:
    """Talk with a persona at a stage of its life."""
    from persllm.ui.cli.actions.chat import hold_chat

    hold_chat(
        persona,
        options,
        stage=stage,
        ask=ask,
        audience=as_,
        show_recalled=show_recalled,
    )


@app.command(epilog='Example: persllm compare nikola-tesla --ask "What is the ether?" --by parts')
@with_runtime_flags(without=("no_memory", "no_adapter"))
def compare(
    persona: PersonaName,
    ask: Annotated[str, typer.Option(help="The question.")],
    by: Annotated[
        str, typer.Option(help="stages: of the life; parts: base, memory, adapter and both.")
    ] = "stages",
    stage: Annotated[
        str | None, typer.Option(help="Whose parts are compared; the first by default.")
    ] = None,
    as_json: AsJson = False,
    *,
    options: RuntimeOptions,
) -> None:
    """Answer one question side by side; what differs is underlined."""
    from persllm.ui.cli.actions.compare import show_comparison

    show_comparison(persona, options, question=ask, by=by, stage=stage, as_json=as_json)


@app.command(epilog="Example: persllm play currents; persllm play my-scenario.yaml --seed 7")
@with_runtime_flags()
def play(
    scenario: Annotated[
        str, typer.Argument(help="One of `persllm scenarios`, or a scenario's YAML file.")
    ],
    seed: Annotated[int | None, typer.Option(help="Another seed draws other words.", min=0)] = None,
    note: Annotated[
        list[str] | None, typer.Option(help="Drop a stage direction in before it goes on.")
    ] = None,
    fact: Annotated[list[str] | None, typer.Option(help="Drop news in before it goes on.")] = None,
    fork: Annotated[
        str, typer.Option(metavar="FOLDER@TURN", help="Begin as that play stood after a turn.")
    ] = "",
    audience: Audience = None,
    fresh: Fresh = False,
    out: PlayFolder = None,
    *,
    options: RuntimeOptions,
) -> None:
    """Let personas meet: a dialogue, debate, interview or work in common, told by a file.

    Each turn is kept as it is spoken: after Ctrl-C or a crash the same command goes on.
    """
    from persllm.ui.cli.actions.play import run_scenario

    run_scenario(
        scenario,
        options,
        seed=seed,
        out=out,
        fresh=fresh,
        fork=fork,
        notes=note or (),
        facts=fact or (),
        audience=audience or (),
    )


@app.command(epilog="Example: persllm scenarios --json")
def scenarios(as_json: AsJson = False) -> None:
    """List the scenarios that `persllm play` has ready."""
    from persllm.ui.cli.actions.play import list_scenarios

    list_scenarios(as_json=as_json)


@app.command(
    epilog="Example: persllm debate nikola-tesla@late thomas-edison@late "
    '--motion "Power will be sent without wires."'
)
@with_runtime_flags()
def debate(
    speakers: Annotated[
        list[str] | None,
        typer.Argument(metavar="PERSONA[@STAGE]...", help="The first speaks for the motion."),
    ] = None,
    motion: Annotated[str, typer.Option(help="What is debated, as a statement.")] = "",
    format: Annotated[
        str, typer.Option(help="debate, oxford, lincoln-douglas or team-debate.")
    ] = "debate",
    turns: Annotated[
        int | None, typer.Option(help="Turns in all, of the format debate: 6.", min=1)
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds, of the other formats: 1.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws other words.", min=0)] = 0,
    audience: Audience = None,
    fresh: Fresh = False,
    out: PlayFolder = None,
    *,
    options: RuntimeOptions,
) -> None:
    """Let personas debate a motion of yours; `persllm play` has debates that are ready.

    Each turn is kept as it is spoken: after Ctrl-C or a crash the same command goes on.
    """
    from persllm.ui.cli.actions.play import run_debate

    run_debate(
        speakers or [],
        options,
        motion=motion,
        format=format,
        turns=turns,
        rounds=rounds,
        seed=seed,
        out=out,
        fresh=fresh,
        audience=audience or (),
    )
