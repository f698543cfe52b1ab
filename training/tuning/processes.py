"""Several processes on one run: which one this is, and how they agree.

They are started by `torchrun` or `accelerate launch`; the gradients are TRL's affair. Here only
what a run writes and reads is settled: the first process decides and writes, the others follow.
"""

import os
from typing import Any, TypeVar

from persllm.loading import device

T = TypeVar("T")


def processes() -> int:
    """Return how many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return whether this process writes what the run leaves behind."""
    return os.environ.get("RANK", "0") == "0"


def agreed(value: T) -> T:
    """Return the first process's value, in all of them."""
    if processes() == 1:
        return value
    from torch.distributed import broadcast_object_list

    _join()
    values: list[Any] = [value]
    broadcast_object_list(values, src=0)
    return values[0]  # type: ignore[no-any-return]


def _join() -> None:
    """Let the processes find each other; TRL's trainers use the same group later."""
    from accelerate import PartialState

    on_cpu = device().type == "cpu"
    PartialState(cpu=on_cpu, backend="gloo" if on_cpu else None)
