"""Where a workflow tells what it does; who calls it decides what is shown."""

from collections.abc import Callable
from dataclasses import dataclass

from persllm.progress import Progress, no_progress


def _no_bar(title: str) -> Progress:
    return no_progress


def _no_line(text: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Reporter:
    """What a workflow is handed to tell of itself."""

    bar: Callable[[str], Progress] = _no_bar
    """Given a title, returns what is told of the steps under it."""
    line: Callable[[str], None] = _no_line
    """Told of what the user should know, a line at a time."""


SILENT = Reporter()
