"""What vLLM reads from the environment, for both ways of running it."""

import os

from persllm.loading import device
from persllm.machine import free_memory

MOST_KEPT = 4
"""GiB of keys and values on a CPU; many personas' headers and talks fit."""
KEPT_SHARE = 0.25
"""Of the memory that is free, on a CPU."""


def vllm_environment() -> dict[str, str]:
    """Return the environment for vLLM; what the user has set stands.

    On a CPU the room for keys and values is bounded: by itself vLLM reserves 92 % of the machine's
    memory and does not start where less is free.
    """
    ours = {"VLLM_NO_USAGE_STATS": "1"}
    if device().type != "cuda":
        kept = min(MOST_KEPT, int(free_memory() * KEPT_SHARE) >> 30)
        ours["VLLM_CPU_KVCACHE_SPACE"] = str(max(1, kept))
    return {**ours, **os.environ}
