"""Whose turn it is: so many at once, so many waiting, the rest is told when to come back."""

import asyncio
import math
import time
from collections import deque

from persllm.agents.serving.faults import Fault
from persllm.agents.serving.limits import Limits

REMEMBERED = 32
"""Replies whose times give the next wait."""


class Gate:
    """Counts places. All its methods are called from the event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(limits.at_once)
        self._took: deque[float] = deque([1.0], maxlen=REMEMBERED)
        self._since: dict[int, float] = {}
        self._next = 0
        self.waiting = 0

    @property
    def busy(self) -> int:
        """How many places are taken."""
        return len(self._since)

    async def enter(self) -> int:
        """Wait for a place and return its number.

        Raises:
            Fault: Too many wait already, or no place came free in time.
        """
        if self._places.locked() and self.waiting >= self._limits.waiting:
            raise self._full(f"{self.waiting} requests are waiting already")
        self.waiting += 1
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise self._full(f"no place came free in {self._limits.wait_seconds:g} s") from None
        finally:
            self.waiting -= 1
        self._next += 1
        self._since[self._next] = time.monotonic()
        return self._next

    def leave(self, place: int) -> None:
        """Give a place back."""
        self._took.append(time.monotonic() - self._since.pop(place))
        self._places.release()

    def _full(self, why: str) -> Fault:
        seconds = sum(self._took) / len(self._took)
        wait = math.ceil(seconds * (self.waiting + 1) / self._limits.at_once)
        return Fault(
            429,
            f"the server is full: {why}. Ask again in {max(wait, 1)} s.",
            code="server_full",
            retry_after=min(max(wait, 1), 60),
        )
