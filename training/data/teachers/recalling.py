"""Looking up paragraphs for many questions that come one by one: those that wait go together.

Every choice is kept, so that a build that goes on puts the very same prompts together, whatever
company a question was embedded in the first time.
"""

import asyncio

from persllm.training.data.teachers.retrieval import Shelves, Sought
from persllm.training.data.teachers.store import AnswerStore

MOST = 256
"""Questions that are embedded at once."""


class Recalling:
    """Chooses paragraphs; lives in one event loop, embeds in a thread."""

    def __init__(self, shelves: Shelves, store: AnswerStore) -> None:
        self._shelves = shelves
        self._store = store
        self._waiting: list[tuple[Sought, asyncio.Future[list[str]]]] = []
        self._work: asyncio.Task[None] | None = None

    async def ids(self, sought: Sought) -> list[str]:
        """Return the ids of the paragraphs that a question is answered from."""
        stored = self._store.recalled(sought.key(self._shelves.digest))
        if stored is not None:
            return stored
        found: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._waiting.append((sought, found))
        if self._work is None:
            self._work = asyncio.create_task(self._look_up())
        return await found

    async def _look_up(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                asked = [sought for sought, _ in batch]
                chosen = await loop.run_in_executor(None, self._shelves.choose, asked)
            except Exception as error:
                for _, found in batch:
                    if not found.done():
                        found.set_exception(error)
                continue
            keys = [sought.key(self._shelves.digest) for sought in asked]
            self._store.keep_recalled(zip(keys, chosen, strict=True))
            for (_, found), ids in zip(batch, chosen, strict=True):
                if not found.done():
                    found.set_result(ids)
        self._work = None
