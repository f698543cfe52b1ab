"""`persllm debate`: turns as they are spoken, and a transcript."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.agents.debate import hold_debate
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.agents.transcript import Turn, write_transcript
from persllm.ui.cli.terminal import remembering, tell_without_adapter
from persllm.workflows.debate import planned_debate, speakers_of

DEBATES_FOLDER = "debates"


def run_debate(
    names: Sequence[str],
    options: RuntimeOptions,
    *,
    motion: str | None,
    scenario: str,
    turns: int,
    out: Path | None,
) -> None:
    """Hold a debate on the terminal; the scenario supplies what was not named."""
    plan = planned_debate(names, motion=motion, scenario=scenario)
    console = Console()
    runtime = Runtime(options, progress=remembering)
    speakers = speakers_of(plan, runtime)
    for speaker in speakers:
        tell_without_adapter(runtime, speaker.chat)
    console.rule(escape(plan.motion))
    spoken = []
    for turn in hold_debate(speakers, motion=plan.motion, turns=turns):
        spoken.append(turn)
        show_turn(console, turn)
    folder = out or options.runs / DEBATES_FOLDER / time.strftime("%Y-%m-%d_%H-%M-%S")
    rows, page = write_transcript(folder, spoken, title=plan.motion)
    console.print(f"transcript: {escape(str(rows))}\n            {escape(str(page))}")


def show_turn(console: Console, turn: Turn) -> None:
    """Print one turn."""
    console.print(f"[bold]{escape(turn.speaker)}[/bold] ({turn.stage}): {escape(turn.text)}\n")
