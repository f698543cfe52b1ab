"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told (what is being done, steps done, steps in all)."""
StepProgress = Callable[[int, int], None]
"""Told (steps done, steps in all), where all steps are of one kind."""


def no_progress(what: str, done: int, total: int) -> None:
    """Tell nobody; a function of its own, so that other processes can be handed it."""
