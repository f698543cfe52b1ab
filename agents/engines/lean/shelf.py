"""Adapters in memory: read when first asked for, read again when their files change."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from persllm.agents.engines.lean.adapter import (
    CONFIG_NAME,
    Adapter,
    read_adapter,
    read_config,
    unknown,
)
from persllm.agents.engines.lean.weights import Shape
from persllm.bases import Base
from persllm.errors import AdapterError
from persllm.manifest import MANIFEST_NAME, WEIGHTS_NAME, check_fits

FILES = (WEIGHTS_NAME, CONFIG_NAME, MANIFEST_NAME)

Marks = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """An adapter as its files were when it was read."""

    number: int
    """Its own; what was computed with it carries the number."""
    adapter: Adapter | None
    reason: str
    """Why only PEFT can run it, where the adapter is None."""
    marks: Marks


class Shelf:
    """Keeps adapters, the most recently used ones.

    Args:
        base: What they must fit.
        shape: Its sizes.
        like: A tensor of the base's: its device and precision.
        limit: Most adapters in memory.
        max_rank: Highest rank taken.
        gone: Told the number of an adapter that is held no longer.
    """

    def __init__(
        self,
        base: Base,
        shape: Shape,
        like: Tensor,
        *,
        limit: int,
        max_rank: int,
        gone: Callable[[int], None],
    ) -> None:
        self._base = base
        self._shape = shape
        self._like = like
        self._limit = limit
        self._max_rank = max_rank
        self._gone = gone
        self._held: OrderedDict[Path, Held] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    @property
    def folders(self) -> tuple[Path, ...]:
        """The adapters held, the longest unused first."""
        return tuple(self._held)

    @property
    def bytes(self) -> int:
        """Bytes of all adapters held."""
        return sum(held.adapter.bytes for held in list(self._held.values()) if held.adapter)

    def get(self, folder: Path) -> Held:
        """Return an adapter.

        Raises:
            AdapterError: It does not fit the base, cannot be read, or its rank is too high.
        """
        with self._lock:
            marks, held = _marks(folder), self._held.get(folder)
            if held is None or held.marks != marks:
                self._remove(folder)
                held = self._read(folder, marks)
                self._held[folder] = held
            self._held.move_to_end(folder)
            while len(self._held) > self._limit:
                self._remove(next(iter(self._held)))
            return held

    def remove(self, folder: Path) -> None:
        """Forget an adapter; replies that are being written with it end as they began."""
        with self._lock:
            self._remove(folder)

    def _remove(self, folder: Path) -> None:
        held = self._held.pop(folder, None)
        if held is not None:
            self._gone(held.number)

    def _read(self, folder: Path, marks: Marks) -> Held:
        check_fits(folder, base=self._base)
        self._count += 1
        reason = unknown(read_config(folder))
        read = reason or read_adapter(folder, self._shape, self._like)
        if isinstance(read, str):
            return Held(self._count, None, read, marks)
        if read.rank > self._max_rank:
            raise AdapterError(
                f"the adapter {folder} has rank {read.rank}; this engine takes at most "
                f"{self._max_rank}. Train it with a lower rank, or start the engine with "
                f"max_rank={read.rank}."
            )
        return Held(self._count, read, "", marks)


def _marks(folder: Path) -> Marks:
    """Return what changes when an adapter's files do."""
    found = []
    for name in FILES:
        try:
            status = (folder / name).stat()
        except OSError:
            continue
        found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
