"""How much memory a run takes at its highest: of this process, or of the GPU it trains on."""

from pathlib import Path

import torch

from persllm.machine import give_back_memory

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
HIGHEST = "VmHWM:"


def start_peak() -> None:
    """Forget earlier peaks, where the system can: on Linux, and on a GPU."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    elif CLEAR.exists():
        give_back_memory()  # what is freed but held would count as used
        CLEAR.write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """Return the most memory used since `start_peak`."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else _highest()


def _highest() -> int:
    """Return the most memory that this process used, in bytes."""
    if not STATUS.is_file():  # elsewhere the highest since the start is all there is
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for row in STATUS.read_text(encoding="ascii").splitlines():
        if row.startswith(HIGHEST):
            return int(row.split()[1]) * 1024
    return 0
