"""Many replies at once: rows join and leave between the steps of one loop.

No thread of its own runs the loop. Whoever waits for a piece leads the next step for everybody,
unless somebody leads already; so an idle engine costs nothing and a slow reader stops nobody.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from persllm.agents.engines.lean.cache import PrefixCache
from persllm.agents.engines.lean.forward import Forward, Span
from persllm.agents.engines.lean.rows import Row
from persllm.agents.engines.lean.sampling import NONE, Choices
from persllm.agents.engines.lean.sequence import shared
from persllm.engine import Piece
from persllm.errors import EngineError

CHUNK = 256
"""Most tokens of a step, so that a long prompt stops nobody's reply for long."""
WORTH = 32
"""A prompt waits for another one that is being read if it shares so many tokens more with it."""


class Loop:
    """Runs rows over one base.

    Args:
        forward: The base.
        cache: Where sequences are kept.
        rows: Most rows at once; the others wait, first come, first served.
        lookup: Most tokens of a step that are guessed, over all rows.
        prepare: Called by whoever leads, before a step.
    """

    def __init__(
        self,
        forward: Forward,
        cache: PrefixCache,
        *,
        rows: int,
        lookup: int,
        prepare: Callable[[], None],
    ) -> None:
        self._forward = forward
        self._cache = cache
        self._limit = rows
        self._lookup = lookup
        self._prepare = prepare
        self._waiting: deque[Row] = deque()
        self._running: list[Row] = []
        self._led = False
        self._changed = threading.Condition()
        self._forgotten: list[int] = []

    @property
    def running(self) -> int:
        """Rows that are being written."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Rows that wait for room."""
        return len(self._waiting)

    def stream(self, row: Row) -> Iterator[Piece]:
        """Yield a row's pieces; closing the iterator takes the row out."""
        self._join([row])
        try:
            finish = ""
            while not finish:
                piece = self._next(row)
                finish = piece.finish
                yield piece
        finally:
            self._leave([row])

    def all(self, rows: Sequence[Row]) -> list[list[Piece]]:
        """Return the pieces of many rows; if one fails, all end."""
        self._join(rows)
        try:
            return [self._rest(row) for row in rows]
        finally:
            self._leave(rows)

    def forget(self, owner: int) -> None:
        """Drop what was kept of an adapter, at the next step."""
        self._forgotten.append(owner)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the model to oneself between two steps."""
        with self._changed:
            while self._led:
                self._changed.wait()
            self._led = True
        try:
            self._prepare()
            yield
        finally:
            with self._changed:
                self._led = False
                self._changed.notify_all()

    def _join(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if not self._cache.fits(row.need):
                raise EngineError(
                    f"prompt and reply may have {row.need} tokens; this engine's memory for keys "
                    f"and values ({self._cache.limit} bytes) holds fewer. Start it with more "
                    "kv_bytes, or ask for a shorter reply."
                )
        with self._changed:
            self._waiting.extend(rows)

    def _leave(self, rows: Sequence[Row]) -> None:
        """Take rows out: now, or where a step runs, at its end."""
        for row in rows:
            row.left = True
        with self._changed:
            if not self._led:
                self._led = True  # a stream that is collected meanwhile must not clear again
                self._clear()
                self._led = False

    def _rest(self, row: Row) -> list[Piece]:
        pieces = [self._next(row)]
        while not pieces[-1].finish:
            pieces.append(self._next(row))
        return pieces

    def _next(self, row: Row) -> Piece:
        while True:
            with self._changed:
                while self._led and not row.news:
                    self._changed.wait()
                if row.news:
                    news = row.news.popleft()
                    if isinstance(news, Exception):
                        raise news
                    return news
                self._led = True
            try:
                self._prepare()
                self._step()
            except BaseException as error:  # Ctrl-C, say: what was half done cannot go on
                self._fail(self._running, error)
                raise
            finally:
                with self._changed:
                    self._clear()
                    self._led = False
                    self._changed.notify_all()

    @torch.inference_mode()
    def _step(self) -> None:
        with self._changed:
            self._clear()
            self._admit()
        rows, spans = self._plan()
        if not rows:
            return
        try:
            outputs = self._forward(spans)
            logits = self._forward.logits(outputs) if len(outputs) else outputs
        except Exception as error:  # torch and the allocator raise many kinds
            self._fail(rows, error)
            return
        answered = [pair for pair in zip(rows, spans, strict=True) if pair[1].wanted]
        if answered:
            self._write(answered, logits)

    def _plan(self) -> tuple[list[Row], list[Span]]:
        """Return the rows of this step and their spans, neighbours by adapter."""
        left, chosen = CHUNK, []
        writing = sum(not row.reading for row in self._running)
        for row in sorted(self._running, key=lambda row: row.reading):  # those that write first
            if row.sequence is None:
                continue
            unread = row.unread()
            guessed = [] if row.reading else row.guess(self._lookup // writing)
            now = unread[:left] if row.reading else [*unread, *guessed]
            left = max(0, left - len(now))
            if now:
                whole = len(now) >= len(unread)
                wanted = tuple(range(-1 - len(guessed), 0)) if whole else ()
                chosen.append((row, Span(row.sequence, now, row.adapter, wanted)))
        chosen.sort(key=lambda pair: pair[0].owner)
        return [row for row, _ in chosen], [span for _, span in chosen]

    def _write(self, answered: list[tuple[Row, Span]], logits: Tensor) -> None:
        requests = [row.request for row, span in answered for _ in span.wanted]
        choices, place = Choices(logits, requests), 0
        for row, span in answered:
            guessed = span.tokens[len(span.tokens) - len(span.wanted) + 1 :]
            self._follow(row, guessed, choices, place)
            place += len(span.wanted)

    def _follow(self, row: Row, guessed: list[int], choices: Choices, place: int) -> None:
        """Write a row's next token, and one more after each guess that was right."""
        right = 0
        while True:
            token = choices.token(place + right, row.generator, row.said)
            if token == NONE:
                self._fail([row], ValueError("it gave no numbers; is the adapter broken?"))
                return
            row.write(token, choices.log_probability(place + right, token))
            if row.ended or right == len(guessed) or token != guessed[right]:
                row.judge(len(guessed), right)
                return
            right += 1

    def _fail(self, rows: Sequence[Row], error: BaseException) -> None:
        for row in rows:
            told = EngineError(f"the model failed: {type(error).__name__}: {error}")
            told.__cause__ = error
            if row.sequence is not None:
                self._cache.drop(row.sequence)
                row.sequence = None
            row.fail(told)

    def _clear(self) -> None:
        """Take out rows that ended or were left, and keep what they computed."""
        for owner in self._forgotten:
            self._cache.forget(owner)
        self._forgotten.clear()
        for row in [row for row in self._running if row.ended or row.left]:
            self._running.remove(row)
            if row.sequence is not None:
                self._cache.close(row.sequence)
                row.sequence = None
        if any(row.left for row in self._waiting):
            self._waiting = deque(row for row in self._waiting if not row.left)

    def _admit(self) -> None:
        """Let waiting rows in, in order, while there is room."""
        for row in list(self._waiting):
            if len(self._running) >= self._limit:
                return
            if row.request.max_tokens < 1:
                row.end_unasked()
                self._waiting.remove(row)
            elif not self._better_later(row):
                if not self._open(row):
                    return
                self._waiting.remove(row)
                if not row.ended:
                    self._running.append(row)

    def _open(self, row: Row) -> bool:
        """Give a row memory; tell whether there was room, or that it never gets any."""
        try:
            row.sequence = self._cache.open(row.owner, row.prompt, row.need)
        except (MemoryError, RuntimeError) as error:
            self._fail([row], error)
        return row.ended or row.sequence is not None

    def _better_later(self, row: Row) -> bool:
        """Tell whether a prompt that is being read now will spare this one reading as much."""
        readers = [other for other in self._running if other.reading and other.owner == row.owner]
        if not readers:
            return False
        known = self._cache.longest(row.owner, row.prompt)[1]
        return any(shared(other.prompt, row.prompt) > known + WORTH for other in readers)
