"""Asking a chat model many things at once, each once.

An answer that is stored is not asked for; two who ask the same share one call; the pace follows the
server; what fails is asked again after a growing, random wait. When the model is lost or the budget
spent, no new call begins, and those under way are still kept.
"""

import asyncio
import random
import time
from collections.abc import Iterable

from persllm.errors import EngineError
from persllm.messages import Message
from persllm.training.data.teachers.errors import Broken, Busy, Unusable
from persllm.training.data.teachers.forms import Form
from persllm.training.data.teachers.model import ChatModel, Reply
from persllm.training.data.teachers.money import Meter
from persllm.training.data.teachers.pace import IN_A_ROW, Pace
from persllm.training.data.teachers.store import AnswerStore, key_of

TRIES = 7
FIRST_WAIT, LONGEST_WAIT = 0.1, 20.0
PATIENCE = 300.0
"""Seconds in which a server that only ever says "busy" must let one call through."""


class Asker:
    """One model with its store; lives in one event loop.

    Args:
        model: Who is asked.
        store: Where answers are kept.
        most: Never more calls than this at once.
        meter: Counts, and holds the budget.
    """

    def __init__(self, model: ChatModel, store: AnswerStore, *, most: int, meter: Meter) -> None:
        self.model = model
        self.meter = meter
        self.store = store
        self._pace = Pace(most)
        self._joined: dict[bytes, asyncio.Future[str]] = {}
        self._heard = 0.0
        self._broken = 0  # calls since the last answer
        self._stopped: EngineError | None = None
        self._draw = random.Random()

    def key(self, messages: Iterable[Message]) -> bytes:
        """Return what a call is known by."""
        return key_of(self.model.name, self.model.settings, messages)

    def stop(self, why: EngineError) -> None:
        """Begin no new call; every further question raises the first such error."""
        self._stopped = self._stopped or why

    def go_on(self) -> None:
        """Forget that it was stopped."""
        self._stopped = None

    async def ask(self, messages: tuple[Message, ...], form: Form) -> str:
        """Return the answer, stored or new.

        Raises:
            Unusable: There will be none.
            EngineError: The model is lost, or the budget spent.
        """
        key = self.key(messages)
        stored = self.store.get(key)
        if stored is not None:
            return stored
        if key in self._joined:
            return await asyncio.shield(self._joined[key])
        joined = asyncio.get_running_loop().create_future()
        self._joined[key] = joined
        try:
            reply = await self._answered(messages, form)
            self.store.put(key, reply.text, tokens_in=reply.tokens_in, tokens_out=reply.tokens_out)
        except BaseException as error:
            joined.set_exception(error if isinstance(error, Exception) else EngineError("stopped"))
            joined.exception()  # nobody else may be waiting for it
            raise
        finally:
            del self._joined[key]
        joined.set_result(reply.text)
        return reply.text

    async def _answered(self, messages: tuple[Message, ...], form: Form) -> Reply:
        broken, began, waits = 0, time.monotonic(), 0
        while True:
            try:
                return await self._call(messages, form)
            except Busy as busy:
                if time.monotonic() - max(began, self._heard) > PATIENCE:
                    raise self._lost(f"it has been busy for {PATIENCE:.0f} s: {busy}") from busy
                least = busy.wait
            except Broken as fault:
                broken += 1
                if broken == TRIES:
                    if self._heard > began:
                        raise Unusable(f"no whole answer in {TRIES} tries: {fault}") from fault
                    raise self._lost(f"no whole answer in {TRIES} tries: {fault}") from fault
                least = 0.0
            waits += 1
            self.meter.repeated += 1
            longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(waits, 10))
            await asyncio.sleep(least + self._draw.uniform(0.0, longest))

    async def _call(self, messages: tuple[Message, ...], form: Form) -> Reply:
        ticket = await self._pace.enter()
        try:
            expected = self._begin(messages)
            try:
                reply = await self.model.answer(messages, form)
            finally:
                self.meter.end(expected)
        except Busy as busy:
            self._pace.refused(ticket, wait=busy.wait)
            raise
        except Broken:
            self._broken += 1
            if self._broken % IN_A_ROW == 0:  # not one mishap: the server is in trouble
                self._pace.refused(ticket)
            raise
        except EngineError as error:
            self.stop(error)
            raise
        finally:
            self._pace.leave()
        self._broken = 0
        self._heard = time.monotonic()
        self._pace.answered()
        self.meter.count(reply.tokens_in, reply.tokens_out)
        return reply

    def _begin(self, messages: tuple[Message, ...]) -> float:
        if self._stopped is not None:
            raise self._stopped
        return self.meter.begin(sum(len(message.content) for message in messages))

    def _lost(self, why: str) -> EngineError:
        self.stop(EngineError(f"the teacher {self.model.name} failed: {why}"))
        assert self._stopped is not None
        return self._stopped
