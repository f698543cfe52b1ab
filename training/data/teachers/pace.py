"""How many calls may be under way at once: as many as the server bears, found out by asking.

It starts low and doubles with every round of good answers; at the first sign of trouble it steps
down by a third, and from then on climbs by one call a round (AIMD, as TCP does). A server that
names a time to wait is left alone so long. Knows no messages and no server.
"""

import asyncio
import time
from collections import deque

FIRST = 16
STEP_DOWN = 0.67


class Pace:
    """A limit that adapts; used from one event loop.

    Args:
        most: Never more calls than this at once.
    """

    def __init__(self, most: int) -> None:
        self.limit = float(min(FIRST, most))
        self.under_way = 0
        self._most = most
        self._cuts = 0
        self._opens = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> int:
        """Wait for a place; returns the ticket that `leave` and `refused` take."""
        if self._waiting or not self._room():
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            self._admit()
            try:
                await waiting
            except asyncio.CancelledError:
                if waiting.done() and not waiting.cancelled():
                    self.leave()
                raise
        else:
            self.under_way += 1
        return self._cuts

    def leave(self) -> None:
        """Give the place back."""
        self.under_way -= 1
        self._admit()

    def answered(self) -> None:
        """Note a good answer: room for more."""
        step = 1.0 if not self._cuts else 1.0 / self.limit
        self.limit = min(float(self._most), self.limit + step)

    def refused(self, ticket: int, *, wait: float = 0.0) -> None:
        """Note trouble. Calls that began before the last step down do not count again."""
        if ticket == self._cuts:
            self._cuts += 1
            self.limit = max(1.0, self.limit * STEP_DOWN)
        self._opens = max(self._opens, time.monotonic() + wait)

    def _room(self) -> bool:
        return self.under_way < int(self.limit) and time.monotonic() >= self._opens

    def _admit(self) -> None:
        while self._waiting and self._room():
            waiting = self._waiting.popleft()
            if not waiting.done():
                self.under_way += 1
                waiting.set_result(None)
        closed = self._opens - time.monotonic()
        if self._waiting and closed > 0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(closed, self._opened)

    def _opened(self) -> None:
        self._timer = None
        self._admit()
