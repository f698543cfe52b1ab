"""What a workflow tells, on the terminal: bars with what is done, how far and how long still."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from persllm.persona_catalog import called
from persllm.progress import Progress
from persllm.workflows.reporting import Reporter

if TYPE_CHECKING:
    from persllm.agents.chat_persona import ChatPersona
    from persllm.agents.runtime import Runtime

SLOW = 400
"""More memories than this take long enough to be told."""


@contextmanager
def reporting_on(console: Console) -> Iterator[Reporter]:
    """Show a bar under each title, and lines above them, while the block runs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    # What a command prints for programs must not be drawn into the bars, which are on stderr.
    bars = Bars(*columns, console=console, refresh_per_second=2, redirect_stdout=False)
    tasks: dict[tuple[str, int], TaskID] = {}

    def bar(title: str) -> Progress:
        def progress(what: str, done: int, total: int) -> None:
            if not tasks:
                bars.start()  # not before there is something to show
            if (title, total) not in tasks:
                tasks[title, total] = bars.add_task(title, total=total)
            bars.update(tasks[title, total], completed=done, description=f"{title}: {what}")

        return progress

    def line(text: str) -> None:
        console.print(escape(text))

    try:
        yield Reporter(bar, line)
    finally:
        if tasks:
            bars.stop()


def remembering(what: str, done: int, total: int) -> None:
    """Tell, on one line, how far the first reading of a large persona is."""
    if total > SLOW:
        end = "\n" if done == total else ""
        print(f"\r{what} {done:,} of {total:,} paragraphs", end=end, file=sys.stderr, flush=True)


def tell_without_adapter(runtime: "Runtime", chat: "ChatPersona") -> None:
    """Say on standard error that a persona speaks without an adapter, unless that was asked for."""
    if chat.adapter is None and runtime.options.use_adapter is None:
        memory = "" if chat.memory is None else " and memory"
        print(
            f"{chat.persona.name} speaks by the base {runtime.base.name}{memory}, without an "
            f"adapter of its own; train one: persllm train {called(chat.persona)}",
            file=sys.stderr,
        )
