"""Several processes on one run: which one this is, and how they agree.

They are started by `torchrun` or `accelerate launch`; the gradients are TRL's affair. Here only
what a run writes and reads is settled: the first process decides and writes, the others follow.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from persllm.errors import DataError
from persllm.loading import device

T = TypeVar("T")


def processes() -> int:
    """Return how many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Return which of the processes this one is, from 0."""
    return int(os.environ.get("RANK", "0"))


def is_first() -> bool:
    """Return whether this process writes what the run leaves behind."""
    return rank() == 0


def agreed(value: T) -> T:
    """Return the first process's value, in all of them."""
    if processes() == 1:
        return value
    from torch.distributed import broadcast_object_list

    join()
    values: list[Any] = [value]
    broadcast_object_list(values, src=0)
    return values[0]  # type: ignore[no-any-return]


def first_then_others(make: Callable[[], T]) -> T:
    """Return what each process makes; the others begin when the first one has written it."""
    if not is_first():
        agreed(None)
    made = make()
    if is_first():
        agreed(None)
    return made


def refuse_uneven(batch: int, accumulate: int) -> None:
    """Make sure that every process has the same share of each step, in SFT and in DPO.

    Raises:
        DataError: A step cannot be shared evenly.
    """
    parts = 2 * accumulate * processes()
    if processes() > 1 and batch % parts:
        raise DataError(
            f"a batch of {batch} cannot be shared by {processes()} processes with accumulate "
            f"{accumulate}: DPO takes half of it. Use a multiple of {parts} (--batch {parts})."
        )


def join() -> None:
    """Let the processes find each other; TRL's trainers use the same group later."""
    from accelerate import PartialState

    on_cpu = device().type == "cpu"
    PartialState(cpu=on_cpu, backend="gloo" if on_cpu else None)
