"""Progress on the terminal: what is being done, how far, how fast, how long still."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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

SLOW = 400
"""More memories than this take long enough to be told."""
Told = Callable[[str, int, int], None]


@contextmanager
def progress_on(console: Console, title: str) -> Iterator[Told]:
    """Show a bar for each thing being done; yields the function that is told of steps."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=2) as bars:
        tasks: dict[int, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if total not in tasks:
                tasks[total] = bars.add_task(title, total=total)
            bars.update(tasks[total], completed=done, description=f"{title}: {what}")

        yield told


def remembering(what: str, done: int, total: int) -> None:
    """Tell, on one line, how far the first reading of a large persona is."""
    if total > SLOW:
        end = "\n" if done == total else ""
        print(f"\r{what} {done:,} of {total:,} paragraphs", end=end, file=sys.stderr, flush=True)
