"""What a listener gets of what a model writes: `stop` and `max_tokens` mean the reply alone.

The analysis before a reply is never shown, has tokens of its own, and no stop string ends it. Where
a model wrote an analysis and no reply it is asked once more, and then an honest line is said.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache

from persllm.agents.engines.stop_filter import StopFilter
from persllm.agents.reply_stream import ReplyStream
from persllm.engine import Engine, Piece, Request, count_text
from persllm.messages import Message
from persllm.tables import table

ANALYSIS_TOKENS = 96
"""Tokens that an analysis may take beside those of the reply."""
ANALYSIS_SHARE = 8
"""And it takes at most this part of the context."""
TRIES = 2
"""So often a model is asked that writes an analysis and no reply."""
ANOTHER_TEMPERATURE = 0.7
"""The least one that a model is asked at again."""
LONGEST_TOKEN = 16
"""Characters of a long token."""


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """What the listener wants of the reply."""

    max_tokens: int
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FinishedReply:
    """A reply that has ended."""

    analysis: str
    response: str
    finish: str
    prompt_tokens: int
    new_tokens: int
    """Of analysis and response, over all tries."""
    analysis_tokens: int
    """Those that were not shown."""
    answered: bool
    """Whether the model wrote a reply; else the honest line stands for it."""


def analysis_room(engine: Engine) -> int:
    """Return how many tokens an analysis may take on that engine."""
    return min(ANALYSIS_TOKENS, engine.context // ANALYSIS_SHARE)


def asked_again(request: Request, number: int) -> Request:
    """Return a request as it is asked the second time: greedily it would fail the same way."""
    if number == 0:
        return request
    warm = max(request.temperature, ANOTHER_TEMPERATURE)
    return replace(request, temperature=warm, seed=(request.seed or 0) + number)


def read_reply(
    draw: Callable[[int], Generator[Piece]],
    limits: ReplyLimits,
    *,
    engine: Engine,
    prompt: Sequence[Message],
    language: str,
) -> Generator[str, None, FinishedReply]:
    """Yield what may be shown as it is written, often nothing; return the reply as it ended.

    Args:
        draw: Has the model write, for the first time (0) and for the second (1).
        limits: What the listener wants.
        engine: What counts tokens.
        prompt: What the model is asked.
        language: Of the line that is said where no reply comes.
    """
    spent = 0
    reply = FinishedReply("", "", "stop", 0, 0, 0, answered=False)
    for number in range(TRIES):
        reply = yield from _read_once(draw(number), limits, engine)
        prompt_tokens = reply.prompt_tokens or engine.count_tokens(prompt)
        new_tokens = reply.new_tokens + spent
        reply = replace(reply, prompt_tokens=prompt_tokens, new_tokens=new_tokens)
        if reply.answered:
            return replace(reply, analysis_tokens=reply.analysis_tokens + spent)
        spent = reply.new_tokens
    line = no_reply_line(language)
    yield line
    return replace(reply, response=line, finish="stop", analysis_tokens=spent)


def whole_reply(reading: Generator[str, None, FinishedReply]) -> FinishedReply:
    """Return a reply when it has ended."""
    while True:
        try:
            next(reading)
        except StopIteration as ended:
            found: FinishedReply = ended.value
            return found


def _read_once(
    pieces: Generator[Piece], limits: ReplyLimits, engine: Engine
) -> Generator[str, None, FinishedReply]:
    stream, stopped = ReplyStream(), StopFilter(limits.stop)
    limit = _TokenLimit(limits.max_tokens, lambda text: count_text(engine, text))
    written, response, shown, last = "", "", "", Piece("")
    with closing(pieces):
        for last in pieces:
            written += last.text
            response += stream.feed(last.text)
            new = _joined(stopped.more(limit.kept(response)))
            shown += new
            yield new
            if stopped.stopped or limit.reached:
                break
    if not (stopped.stopped or limit.reached):
        response += stream.finish()
    new = _joined(stopped.rest(limit.kept(response)))
    shown += new
    yield new
    parsed = stream.parsed
    spent = last.new_tokens if last.finish else count_text(engine, written)
    reply = shown if stopped.stopped or limit.reached else parsed.response
    return FinishedReply(
        analysis=parsed.analysis,
        response=reply.strip(),
        finish="stop" if stopped.stopped else "length" if limit.reached else last.finish or "stop",
        prompt_tokens=last.prompt_tokens,
        new_tokens=spent,
        analysis_tokens=max(0, spent - count_text(engine, reply)) if parsed.analysis else 0,
        answered=bool(parsed.response) or stopped.stopped,
    )


def _joined(pieces: Iterator[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


class _TokenLimit:
    """Cuts growing text after so many tokens; text is counted only where it may be too long."""

    def __init__(self, most: int, count: Callable[[str], int]) -> None:
        self._most = most
        self._count = count
        self._safe = most
        """Bytes up to which the text surely fits: no token has less than one."""
        self.reached = False

    def kept(self, text: str) -> str:
        """Return as much of the text as fits."""
        length = len(text.encode())
        if length <= self._safe:
            return text
        tokens = self._count(text)
        if tokens <= self._most:
            self._safe = length + self._most - tokens
            return text
        self.reached = True
        return _cut(text, self._most, self._count)


def first_tokens(engine: Engine, text: str, most: int) -> str:
    """Return as much of a text's beginning as has so many tokens at most."""
    start = text[: most * LONGEST_TOKEN]
    if count_text(engine, start) <= most:
        return start
    return _cut(start, most, lambda part: count_text(engine, part))


def _cut(text: str, most: int, count: Callable[[str], int]) -> str:
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if count(text[:middle]) <= most:
            fits = middle
        else:
            too_long = middle
    # Half a word may have more tokens than the whole one, so a little more may fit again.
    ends = range(min(fits + LONGEST_TOKEN, len(text)), fits, -1)
    return text[: next((end for end in ends if count(text[:end]) <= most), fits)]


def no_reply_line(language: str) -> str:
    """Return what is said where a model wrote no reply."""
    lines = _lines()
    return lines.get(language.partition("-")[0].lower(), lines["en"])


@cache
def _lines() -> dict[str, str]:
    found: dict[str, str] = table("persllm.agents.no_reply")
    return found
