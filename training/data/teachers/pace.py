"""How many calls may be under way at once: as many as the server bears, found out by asking.

It starts low and doubles with every round of good answers. From the first refusal on it steps down
by half the share that is refused of late, once a round, and climbs by a little (the idea of DCTCP,
RFC 8257): a server that refuses one call in a hundred is hardly spared, one that refuses half is
left in peace at once. When refusals come in a row, the time that the server names is waited by all.
Knows no messages and no server.
"""

import asyncio
import time
from collections import deque

FIRST = 16
CLIMB, STRIDE = 1 / 64, 1 / 8
"""Shares by which the limit grows in a round: where much was refused of late, and where little."""
LITTLE = 0.05
MEMORY = 1 / 64
"""Weight of one call in the share that is refused of late."""
IN_A_ROW = 3


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
        self._refused = 0.0  # share of late
        self._row = 0  # refusals since the last answer
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
        self._row = 0
        self._refused -= MEMORY * self._refused
        step = 1.0
        if self._cuts:
            step = STRIDE if self._refused < LITTLE else max(1 / self.limit, CLIMB)
        self.limit = min(float(self._most), self.limit + step)

    def refused(self, ticket: int, *, wait: float = 0.0) -> None:
        """Note a refusal. Calls that began before the last step down cause no other one."""
        self._row += 1
        self._refused += MEMORY * (1 - self._refused)
        if ticket == self._cuts:
            self._cuts += 1
            self.limit = max(1.0, self.limit * (1 - self._refused / 2))
        if self._row >= IN_A_ROW or self.under_way <= 1:
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
