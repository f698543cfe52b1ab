"""An event loop in a thread: much asking at once behind a plain call, also inside a notebook."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Made = TypeVar("Made")
THREADS = 64


class Background:
    """A loop that starts with the first thing to do."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, work: Coroutine[Any, Any, Made]) -> Future[Made]:
        """Begin work; the caller waits for its result when it likes."""
        return asyncio.run_coroutine_threadsafe(work, self._started())

    def close(self, last: Callable[[], Awaitable[None]]) -> None:
        """Do one last thing and end the loop."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is None or thread is None:
            return

        async def ending() -> None:
            await last()
            await loop.shutdown_default_executor()
            loop.stop()

        loop.call_soon_threadsafe(lambda: loop.create_task(ending()))
        thread.join(timeout=10)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = loop = asyncio.new_event_loop()
            loop.set_default_executor(ThreadPoolExecutor(THREADS, "teacher"))
            self._thread = threading.Thread(target=_run, args=(loop,), daemon=True, name="teacher")
            self._thread.start()
        return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()
