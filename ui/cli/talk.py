"""Commands that let personas talk: chat, debate."""

from pathlib import Path
from typing import Annotated

import typer

from persllm.agents.options import RuntimeOptions
from persllm.ui.cli.flags import PersonaName, with_runtime_flags

app = typer.Typer()


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
    motion: Annotated[str | None, typer.Option(help="What is debated, as a statement.")] = None,
    scenario: Annotated[
        str, typer.Option(help="Speakers and motion: currents, constitution or machines.")
    ] = "currents",
    turns: Annotated[int, typer.Option(help="Turns in all.", min=1)] = 6,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the transcript. Default: in --runs.")
    ] = None,
    *,
    options: RuntimeOptions,
) -> None:
    """Let personas debate a motion; writes the transcript as JSONL and Markdown."""
    from persllm.ui.cli.actions.debate import run_debate

    run_debate(
        speakers or [],
        options,
        motion=motion,
        scenario=scenario,
        turns=turns,
        out=out,
    )
