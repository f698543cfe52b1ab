"""What this machine has to spare, on every system that Python runs on."""

import os

import psutil


def free_memory() -> int:
    """Return the bytes of memory that programs can still have without swapping."""
    return int(psutil.virtual_memory().available)


def cores() -> int:
    """Return how many processor cores this process may use, at least one."""
    if hasattr(os, "sched_getaffinity"):  # on Linux a process may be kept to some
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
