"""Progress on the terminal: what is being done, how far, how fast, how long still."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from persllm.agents.chat_persona import ChatPersona
    from persllm.agents.runtime import Runtime

SLOW = 400
"""More memories than this take long enough to be told."""
Told = Callable[[str, int, int], None]


@contextmanager
def progress_on(console: Console, title: str) -> Iterator[Told]:
    """Show a bar for each thing being done; yields the function that is told of steps."""
    with bars_on(console) as told:
        yield partial(told, title)


@contextmanager
def bars_on(console: Console) -> Iterator[Callable[[str, str, int, int], None]]:
    """Show bars for several at work; what it yields is told whose step it is first."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=2) as bars:
        tasks: dict[tuple[str, int], TaskID] = {}

        def told(title: str, what: str, done: int, total: int) -> None:
            if (title, total) not in tasks:
                tasks[title, total] = bars.add_task(title, total=total)
            bars.update(tasks[title, total], completed=done, description=f"{title}: {what}")

        yield told


def remembering(what: str, done: int, total: int) -> None:
    """Tell, on one line, how far the first reading of a large persona is."""
    if total > SLOW:
        end = "\n" if done == total else ""
        print(f"\r{what} {done:,} of {total:,} paragraphs", end=end, file=sys.stderr, flush=True)


def tell_without_adapter(runtime: "Runtime", chat: "ChatPersona") -> None:
    """Say on standard error that a persona speaks by the base and its memory alone."""
    if chat.adapter is None:
        print(
            f"{chat.persona.name} speaks by the base {runtime.base.name} and memory, without an "
            f"adapter of its own; train one: persllm train {chat.persona.id}",
            file=sys.stderr,
        )
