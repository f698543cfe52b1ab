"""`persllm demo`: the whole road once, shown as it goes."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.agents.options import RuntimeOptions
from persllm.bases import find_base
from persllm.persona_catalog import find_persona
from persllm.ui.cli.actions.data_table import data_table
from persllm.ui.cli.actions.play import show_turn
from persllm.ui.cli.actions.train import results_table
from persllm.ui.cli.terminal import reporting_on
from persllm.workflows.demo import AGAINST, FOR, DemoEvents, hold_demo


def run_demo(options: RuntimeOptions, *, turns: int) -> None:
    """Hold the demo; say what comes next."""
    console = Console()
    console.print(
        f"{escape(find_persona(FOR).name)} is built and trained over the base "
        f"{escape(find_base(options.base).name)}, which takes some minutes on two free cores. "
        "Stop at any time; the same command continues."
    )
    events = DemoEvents(
        built=lambda persona, data: console.print(data_table(persona, data.statistics)),
        trained=lambda persona, adapter: console.print(results_table(persona, adapter)),
        opened=lambda motion: console.rule(escape(motion)),
        spoken=lambda turn: show_turn(console, turn),
    )
    with reporting_on(console) as reporter:
        files = hold_demo(options, turns=turns, events=events, reporter=reporter)
    console.print(
        f"transcript: {escape(str(files.transcript))}\nreport:     {escape(str(files.report))}"
    )
    console.print(_next_steps(options.runs), highlight=False)


def _next_steps(runs: Path) -> str:
    where = "" if runs == Path("runs") else f" --runs {runs}"
    return (
        "next:\n"
        f"  persllm ui{where}                 opens the page (needs persllm\\[ui])\n"
        f"  persllm chat {FOR} --stage late{where}\n"
        f'  persllm debate {FOR}@late {AGAINST}@late --motion "..."{where}'
    )
