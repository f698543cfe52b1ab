"""A reply that a thread writes and the event loop reads; either side may leave.

The place at the gate is given back when the thread has ended, not when the client has read: a slow
reader keeps nobody waiting, and one who left keeps it for one more piece at most.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from persllm.agents.serving.voices import Spoken


class Written:
    """One reply under way."""

    def __init__(self, speak: Callable[[], Iterator[Spoken]], *, seconds: float) -> None:
        self._speak = speak
        self._loop = asyncio.get_running_loop()
        self._parts: asyncio.Queue[Spoken | BaseException | None] = asyncio.Queue()
        self._left = threading.Event()
        self._until = time.monotonic() + seconds

    def begin(self, threads: ThreadPoolExecutor, ended: Callable[[], None]) -> None:
        """Write in one of the threads; `ended` is then called in the event loop."""
        future = self._loop.run_in_executor(threads, self._write)
        future.add_done_callback(lambda _: ended())

    def leave(self) -> None:
        """End the work at its next piece: nobody reads it."""
        self._left.set()

    async def parts(self) -> AsyncIterator[Spoken]:
        """Yield the reply as it is written; leaving the loop ends the work.

        Raises:
            PersLLMError: The engine failed.
        """
        try:
            while (part := await self._parts.get()) is not None:
                if isinstance(part, BaseException):
                    raise part
                yield part
        finally:
            self.leave()

    def _write(self) -> None:
        try:
            self._put_all()
        except Exception as error:  # raised again where the reply is read
            self._put(error)
        else:
            self._put(None)

    def _put_all(self) -> None:
        if self._left.is_set():
            return
        spoken = self._speak()
        try:
            for part in spoken:
                if self._left.is_set():
                    return
                if time.monotonic() > self._until:
                    self._put(Spoken("", "length"))
                    return
                self._put(part)
        finally:
            close = getattr(spoken, "close", None)
            if close:
                close()

    def _put(self, part: Spoken | BaseException | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._parts.put_nowait, part)
