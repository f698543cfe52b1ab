"""The local engine: one base on this machine, many adapters, many requests at once.

Llama- and Qwen-shaped bases run in our own decode loop (`lean/`): requests of different adapters
share every step, and nothing is computed twice. What the loop does not know runs the plain way,
with transformers and PEFT, one request at a time; `fallback` and `fallbacks` say so.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persllm.agents.engines.chat_tokenizer import ChatTokenizer
from persllm.bases import Base
from persllm.engine import Piece, Reply, Request, Score, whole
from persllm.errors import EngineError
from persllm.loading import device, load_base, load_tokenizer
from persllm.machine import free_memory
from persllm.messages import Message

if TYPE_CHECKING:
    from persllm.agents.engines.lean.loop import Loop
    from persllm.agents.engines.lean.rows import Row
    from persllm.agents.engines.lean.scoring import Asked
    from persllm.agents.engines.lean.sequence import Room

MEMORY_SHARE = 4
"""Keys and values take at most this part of the memory that is free at the start."""
LEAST_MEMORY, MOST_MEMORY = 256 << 20, 8 << 30
MOST_CONTEXTS = 64
"""Of a small base no more is kept than so many whole contexts."""

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What an engine holds just now."""

    running: int
    """Requests that are being answered."""
    waiting: int
    """Requests that wait for room."""
    adapters: int
    adapter_bytes: int
    kv_bytes: int
    """Keys and values, running and kept."""
    reused_tokens: int
    """Prompt tokens, since the start, that did not have to be computed again."""


class LocalEngine:
    """Runs a base on this machine.

    Args:
        base: Resolved by `persllm.bases.find_base`.
        threads: CPU threads. One by default: a second gains little at a small model's shapes and
            loses up to sixty times where neighbours are busy.
        int8: Weights in int8, adapters in full precision. On a CPU only.
        rows: Most requests that are answered at once; more of them wait.
        kv_bytes: Most bytes of keys and values, running and kept; by default a quarter of the
            memory that is free, but no more than 64 whole contexts.
        lookup: Most tokens that are guessed in a step, over all rows: replies repeat much of what
            stands before them. No guess changes a reply; zero makes none.
        max_adapters: Most adapters in memory; the longest unused one leaves.
        max_rank: Highest rank of an adapter.
        sharing: Engines of other processes on this machine and this one; they divide what
            `kv_bytes` is by default.

    Raises:
        BaseModelError: The base cannot be loaded.
        EngineError: This machine or base has no int8.
    """

    def __init__(
        self,
        base: Base,
        *,
        threads: int = 1,
        int8: bool = False,
        rows: int = 16,
        kv_bytes: int | None = None,
        lookup: int = 32,
        max_adapters: int = 128,
        max_rank: int = 256,
        sharing: int = 1,
    ) -> None:
        import torch

        from persllm.agents.engines.lean.shelf import Shelf
        from persllm.agents.engines.lean.weights import unknown
        from persllm.agents.engines.plain import Plain

        self._base = base
        self._threads = threads
        self._on_gpu = device().type == "cuda"
        # The int8 kernels take fp32.
        model: Any = load_base(base, dtype=torch.float32 if int8 else None).eval()
        self._tokenizer = _chat_tokenizer(base, model)
        self.fallback = unknown(model)
        """Why this base runs the plain way; empty if it does not."""
        self.fallbacks: dict[Path, str] = {}
        """Adapters that run the plain way, and why."""
        if int8:
            _check_int8(base, on_gpu=self._on_gpu, fallback=self.fallback)
        if self.fallback:
            self._warn(f"the base {base.name}", self.fallback)
            self._plain, self._loop = Plain(base, self._tokenizer, model), None
        else:
            self._plain = Plain(base, self._tokenizer)
            self._open_forward(model, int8=int8)
            room = kv_bytes or _kv_room(self._room, on_gpu=self._on_gpu, sharing=sharing)
            self._loop = self._open_loop(room, rows=rows, lookup=lookup)
            self._shelf = Shelf(
                base,
                self._forward.shape,
                self._room.like,
                limit=max_adapters,
                max_rank=max_rank,
                gone=self._loop.forget,
            )

    @property
    def name(self) -> str:
        """What replies are credited to."""
        return self._base.name

    @property
    def base(self) -> Base:
        """The base this engine runs."""
        return self._base

    @property
    def context(self) -> int:
        """Most tokens of prompt and reply together."""
        return self._tokenizer.context

    @property
    def adapters(self) -> tuple[Path, ...]:
        """The adapters in memory, the longest unused first."""
        return self._plain.adapters if self._loop is None else self._shelf.folders

    @property
    def occupancy(self) -> Occupancy:
        """What the engine holds just now."""
        if self._loop is None:
            return Occupancy(0, 0, len(self._plain.adapters), 0, 0, 0)
        return Occupancy(
            self._loop.running,
            self._loop.waiting,
            len(self._shelf.folders),
            self._shelf.bytes,
            self._cache.bytes,
            self._cache.reused,
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt."""
        return len(self._tokenizer.encode(messages))

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the reply in pieces as it is written, beside other requests' replies.

        Closing the iterator, or dropping it, frees what the request held.
        """
        row = self._row(request)
        if row is None or self._loop is None:
            self._prepare()
            yield from self._plain.stream(request)
        else:
            yield from self._loop.stream(row)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer many requests at once, each with its own adapter, temperature and seed."""
        rows = [self._row(request) for request in requests]
        ready = [row for row in rows if row is not None]
        together = iter(self._loop.all(ready)) if self._loop is not None and ready else iter([])
        return [
            whole(self._plain.stream(request) if row is None else iter(next(together)))
            for request, row in zip(requests, rows, strict=True)
        ]

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        """Return how likely each reply is after its request.

        What prompts and replies share is computed once, so hand over many at a time.
        """
        pairs = list(zip(requests, replies, strict=True))
        asked = {at: found for at, pair in enumerate(pairs) if (found := self._asked(*pair))}
        scores = self._scores(asked)
        for at, pair in enumerate(pairs):
            if at not in asked:
                scores[at] = self._plain.score(*pair)
        return [scores[at] for at in range(len(pairs))]

    def unload(self, adapter: Path) -> None:
        """Take an adapter out of memory; replies that are being written with it are finished."""
        folder = adapter.resolve()
        self._plain.unload(folder)
        self.fallbacks.pop(folder, None)
        if self._loop is not None:
            self._shelf.remove(folder)

    def _scores(self, asked: dict[int, "Asked"]) -> dict[int, Score]:
        from persllm.agents.engines.lean.scoring import score

        if self._loop is None or not asked:
            return {}
        places = list(asked)
        scores: dict[int, Score] = {}
        passes = score(self._forward, self._room, list(asked.values()))
        while True:
            with self._loop.alone():  # one pass at a time, so that replies go on between them
                done = next(passes, None)
            if done is None:
                return scores
            for which, log_probability in done:
                at = places[which]
                scores[at] = Score(log_probability, len(asked[at].reply))

    def _asked(self, request: Request, reply: str) -> "Asked | None":
        from persllm.agents.engines.lean.scoring import Asked

        prompt, written = self._tokenizer.reply(request, reply)
        held = self._held(request)
        return None if held is None else Asked(prompt, written, *held)

    def _row(self, request: Request) -> "Row | None":
        """Return a request ready to run, or None if it runs the plain way."""
        from persllm.agents.engines.lean.rows import Row

        held = self._held(request)
        if held is None:
            self._tokenizer.prompt(request)
            return None
        adapter, owner = held
        return Row(request, self._tokenizer, adapter=adapter, owner=owner)

    def _held(self, request: Request) -> tuple[Any, int] | None:
        """Return a request's adapter and its number, or None if it runs the plain way."""
        if self._loop is None:
            return None
        if request.adapter is None:
            return None, 0
        folder = request.adapter.resolve()
        held = self._shelf.get(folder)
        if held.adapter is not None:
            return held.adapter, held.number
        if folder not in self.fallbacks:
            self.fallbacks[folder] = held.reason
            self._warn(f"the adapter {folder.name}", held.reason)
        return None

    def _warn(self, what: str, why: str) -> None:
        LOG.warning(
            "%s runs the plain way, one request at a time, with transformers and PEFT: %s",
            what,
            why,
        )

    def _prepare(self) -> None:
        import torch

        if not self._on_gpu and torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)

    def _open_forward(self, model: Any, *, int8: bool) -> None:  # noqa: ANN401 (a transformers model)
        from persllm.agents.engines.lean.forward import Forward
        from persllm.agents.engines.lean.sequence import Room
        from persllm.agents.engines.lean.weights import take

        self._prepare()
        self._forward = Forward(take(model, int8=int8), context=self.context)
        self._room = Room(self._forward.shape, self._forward.weights.embedding, self.context)

    def _open_loop(self, kv_bytes: int, *, rows: int, lookup: int) -> "Loop":
        from persllm.agents.engines.lean.cache import PrefixCache
        from persllm.agents.engines.lean.loop import Loop

        self._cache = PrefixCache(self._room, kv_bytes)
        return Loop(self._forward, self._cache, rows=rows, lookup=lookup, prepare=self._prepare)


def _chat_tokenizer(base: Base, model: Any) -> ChatTokenizer:  # noqa: ANN401 (a transformers model)
    ends = model.generation_config.eos_token_id
    known = ends if isinstance(ends, list) else [ends]
    return ChatTokenizer(
        load_tokenizer(base),
        name=base.name,
        context=int(model.config.max_position_embeddings),
        ends=frozenset(end for end in known if end is not None),
    )


def _check_int8(base: Base, *, on_gpu: bool, fallback: str) -> None:
    from persllm.agents.engines.lean.linear import has_fbgemm

    faults = [
        fault
        for fault, found in (
            ("int8 is for CPUs, and this engine runs on a GPU", on_gpu),
            (f"the base {base.name} runs the plain way ({fallback})", bool(fallback)),
            ("this build of torch lacks the FBGEMM kernels", not has_fbgemm()),
        )
        if found
    ]
    if faults:
        raise EngineError("int8 cannot be had: " + "; ".join(faults) + ". Leave int8 out.")


def _kv_room(room: "Room", *, on_gpu: bool, sharing: int) -> int:
    """Return how many bytes keys and values may take."""
    if on_gpu:
        import torch

        free = torch.cuda.mem_get_info()[0]
    else:
        free = free_memory()
    most = min(MOST_MEMORY, MOST_CONTEXTS * room.context * room.token_bytes)
    return max(LEAST_MEMORY, min(most, free // MEMORY_SHARE // sharing))
