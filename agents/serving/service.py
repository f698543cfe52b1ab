"""Answers one request after the other: whose turn it is, who speaks, what is counted."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass

from langchain_core.messages import BaseMessage

from persllm.agents.serving.answers import AnswerFormat
from persllm.agents.serving.asked import Asked
from persllm.agents.serving.faults import Fault
from persllm.agents.serving.gate import Gate
from persllm.agents.serving.limits import Limits
from persllm.agents.serving.measures import Measures
from persllm.agents.serving.voices import Company, Spoken, plain
from persllm.agents.serving.written import Written
from persllm.errors import PersLLMError, TooLongError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A reply whose first part is there: nothing can be refused any more."""

    first: Spoken
    rest: AsyncGenerator[Spoken]


class Service:
    """The work behind the endpoint; lives in one event loop."""

    def __init__(self, company: Company, limits: Limits, measures: Measures) -> None:
        self.company = company
        self.limits = limits
        self.measures = measures
        self.draining = False
        self._gate = Gate(limits)
        self._threads = ThreadPoolExecutor(limits.at_once, thread_name_prefix="reply")
        self._under_way: set[Written] = set()
        measures.running.set_function(lambda: self._gate.busy)
        measures.waiting.set_function(lambda: self._gate.waiting)

    async def whole(self, asked: Asked, answer: AnswerFormat) -> dict[str, object]:
        """Return the whole answer.

        Raises:
            Fault: It cannot be had.
        """
        text, last = "", Spoken("")
        async with aclosing(self._spoken(asked)) as spoken:
            async for last in spoken:
                text += last.text
        return answer.whole(text, last)

    async def open(self, asked: Asked) -> Opened:
        """Wait until a reply has begun.

        Raises:
            Fault: It cannot be had.
        """
        spoken = self._spoken(asked)
        try:
            return Opened(await anext(spoken), spoken)
        except BaseException:
            await spoken.aclose()
            raise

    async def events(self, opened: Opened, answer: AnswerFormat) -> AsyncGenerator[bytes]:
        """Yield an opened reply as events."""
        text, last = opened.first.text, opened.first
        for event in answer.opening():
            yield event
        if last.text:
            yield answer.more(last.text)
        try:
            async with aclosing(opened.rest) as rest:
                async for last in rest:
                    if last.text:
                        text += last.text
                        yield answer.more(last.text)
        except Fault as fault:
            yield answer.failed(fault)
            return
        for event in answer.closing(text, last):
            yield event

    async def count_tokens(self, messages: Sequence[BaseMessage]) -> int:
        """Return the length of a prompt for the base."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self.company.engine.count_tokens, plain(messages))

    def stop(self) -> None:
        """End every reply under way."""
        for written in self._under_way:
            written.leave()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _spoken(self, asked: Asked) -> AsyncGenerator[Spoken]:
        """Yield a reply's parts that have something to tell: text, or the end."""
        started = time.monotonic()
        voice = self.company.voice(asked.model)
        place = await self._gate.enter()
        written = Written(lambda: voice.speak(asked), seconds=self.limits.reply_seconds)
        self._under_way.add(written)
        written.begin(self._threads, lambda: self._ended(written, place))
        told, ended, part = False, False, Spoken("")
        try:
            async for part in written.parts():
                if part.text and not told:
                    told = True
                    self.measures.first_text.observe(time.monotonic() - started)
                ended = bool(part.finish)
                if part.text or ended:
                    yield part
            if not ended:
                raise Fault(503, "the server is stopping; ask again later", code="stopping")
            self._count(part, time.monotonic() - started)
        except (PersLLMError, ValueError) as error:
            ended = True
            raise _as_fault(error) from error
        finally:
            if not ended:
                self.measures.hung_up.inc()

    def _ended(self, written: Written, place: int) -> None:
        self._under_way.discard(written)
        self._gate.leave(place)

    def _count(self, last: Spoken, seconds: float) -> None:
        self.measures.whole_reply.observe(seconds)
        self.measures.tokens.labels("prompt").inc(last.prompt_tokens)
        self.measures.tokens.labels("reply").inc(last.new_tokens)


def _as_fault(error: PersLLMError | ValueError) -> Fault:
    """Return the refusal for an error: what the client can mend, or what the server must."""
    if isinstance(error, TooLongError):
        return Fault(400, str(error), code="context_length_exceeded", parameter="messages")
    if isinstance(error, ValueError):
        return Fault(400, str(error), code="invalid_value", parameter="messages")
    logger.error("a reply failed: %s", error)
    return Fault(502, f"the engine failed: {error}", code="engine_failed")
