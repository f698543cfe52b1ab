"""The engine that asks any OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama, a cloud.

The server holds base and adapters; an adapter is chosen by its name there. What a server does not
tell is assumed, and said once: its context, and how many tokens a prompt has.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from persllm.agents.engines.connection import AGAIN, Connection, RefusedError, said
from persllm.agents.engines.http_dialect import Dialect
from persllm.agents.engines.served import Address, Served, events
from persllm.agents.engines.served_adapters import ServedAdapters
from persllm.agents.engines.stop_filter import StopFilter
from persllm.bases import Base, find_base
from persllm.engine import Piece, Reply, Request, whole
from persllm.errors import BaseModelError, EngineError, TooLongError
from persllm.loading import local_chat_template
from persllm.messages import Message

logger = logging.getLogger(__name__)

AT_ONCE = 64
"""Most requests of one batch under way at once; the server makes a batch of them."""
ASSUMED_CONTEXT = 4096
LETTERS_PER_TOKEN = 3
TOKENS_PER_MESSAGE = 8
"""The estimate where a server counts no tokens; it errs on the long side for English."""
FRAME = 16
"""Tokens that a chat template surely writes around a message, or fewer."""


class HttpEngine:
    """Asks a server.

    Args:
        address: See `persllm.agents.engines.served.parse_address`.
        base: What adapters must have been trained over.
        names: Served names of adapter folders, where they are known.

    Raises:
        EngineError: No server answers, or it does not have the model.
        BaseModelError: The server says that it runs another base.
    """

    def __init__(
        self, address: Address, *, base: Base, names: Mapping[Path, str] | None = None
    ) -> None:
        self._connection = Connection(address)
        models = self._connection.models()
        self._model = _chosen(models, address)
        _check_base(models.get(self._model), base)
        self._context = _context(models.get(self._model), address)
        self._adapters = ServedAdapters(self._connection, base, names or {})
        self._dialect = Dialect(self._model, lambda: local_chat_template(base))
        self._counts = True
        self._counted = lru_cache(maxsize=256)(self._count)

    @property
    def name(self) -> str:
        """What replies are credited to."""
        return self._model

    @property
    def context(self) -> int:
        """Most tokens of prompt and reply together."""
        return self._context

    @property
    def counts_exactly(self) -> bool:
        """Tell whether the server counts tokens; else they are estimated by length."""
        return self._counts

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt, counted by the server where it can."""
        return self._counted(tuple(messages)) if self._counts else _estimate(messages)

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the reply as the server sends it; closing the iterator hangs up."""
        self._check_length(request)
        model = self._adapters.name(request.adapter) if request.adapter else self._model
        shown, text, pieces, finish = StopFilter(request.stop), "", 0, "stop"
        usage: dict[str, Any] = {}
        with self._answer(request, model) as received:
            for event in events(received):
                usage = event.get("usage") or usage
                new, ended = _news(event)
                finish = ended or finish
                if new:
                    pieces, text = pieces + 1, text + new
                    yield from shown.more(text)
                if shown.stopped:
                    finish = "stop"
                    break
        yield from shown.rest(text)
        yield Piece(
            "",
            "length" if finish == "length" else "stop",
            usage.get("prompt_tokens") or self.count_tokens(request.messages),
            usage.get("completion_tokens") or pieces,
        )

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Ask for all replies at once; the server makes batches of them."""
        if not requests:
            return []
        for request in requests:  # a batch is refused before any of it is paid for
            self._check_length(request)
        with ThreadPoolExecutor(min(len(requests), AT_ONCE)) as pool:
            return list(pool.map(lambda request: whole(self.stream(request)), requests))

    def unload(self, adapter: Path) -> None:
        """Have the server forget an adapter that it loaded for us."""
        self._adapters.unload(adapter)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    @contextmanager
    def _answer(self, request: Request, model: str) -> Iterator[Iterator[bytes]]:
        """Yield an answer's bytes; what the server refuses is asked for in another way."""
        with ExitStack() as answers:
            while True:
                body = self._dialect.body(request, model)
                asked = self._connection.streamed("/chat/completions", body)
                try:
                    received = answers.enter_context(asked)
                except RefusedError as refusal:
                    told, messages = str(refusal), request.messages
                    if not self._dialect.learn(told, refusal.status, body, messages):
                        raise
                else:
                    break
            yield received

    def _check_length(self, request: Request) -> None:
        """Refuse what cannot fit; the server is asked only where the letters leave it open."""
        room = self._context - request.max_tokens
        if sum(len(m.content.encode()) + FRAME for m in request.messages) <= room:
            return
        length = self.count_tokens(request.messages)
        if length > room:
            raise TooLongError(
                f"the prompt has {length} tokens and the reply may have {request.max_tokens}; "
                f"{self.name} holds {self._context}. Shorten the history, recall less, or name a "
                "base with a longer context."
            )

    def _count(self, messages: tuple[Message, ...]) -> int:
        while True:
            body = {"model": self._model, **self._dialect.prompt(messages)}
            answer = self._connection.post("/tokenize", body)
            if answer.is_success or not self._dialect.learn(
                said(answer), answer.status_code, body, messages
            ):
                break
        if answer.status_code in AGAIN:
            raise self._connection.refusal(answer)
        try:
            count = answer.json().get("count")
        except (ValueError, AttributeError):
            count = None
        if isinstance(count, int):
            return count
        self._counts = False
        logger.warning(
            "%s counts no tokens; a prompt's length is estimated from its letters",
            self._connection.address.url,
        )
        return _estimate(messages)


def _news(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the new text of an event, and why the reply ended if it did."""
    text, finish = "", ""
    for choice in event.get("choices") or []:
        text += _text((choice.get("delta") or choice.get("message") or {}).get("content"))
        finish = choice.get("finish_reason") or finish
    return text, finish


def _text(content: Any) -> str:  # noqa: ANN401 (JSON)
    """Return the text of some content; of parts, those that are no thoughts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _estimate(messages: Sequence[Message]) -> int:
    letters = sum(len(message.content) for message in messages)
    return letters // LETTERS_PER_TOKEN + TOKENS_PER_MESSAGE * len(messages)


def _chosen(models: Mapping[str, Served], address: Address) -> str:
    """Return the base's served name.

    Raises:
        EngineError: The server does not list it, or lists several and none was named.
    """
    bases = [model.name for model in models.values() if model.parent is None]
    if address.model:
        if models and address.model not in models:
            raise EngineError(
                f"{address.url} has no model {address.model!r}. Choose one of: {', '.join(bases)}."
            )
        return address.model
    if len(bases) != 1:
        told = f"Choose one of: {', '.join(bases)}." if bases else "It lists none."
        raise EngineError(
            f"{address.url} needs the model's name: write {address.url}#MODEL. {told}"
        )
    return bases[0]


def _context(model: Served | None, address: Address) -> int:
    told = address.context or (model.context if model else None)
    if told is None:
        logger.warning(
            "%s does not tell its context; %d tokens are assumed (?context=N says another)",
            address.url,
            ASSUMED_CONTEXT,
        )
    return told or ASSUMED_CONTEXT


def _check_base(model: Served | None, base: Base) -> None:
    """Refuse another base where the server tells a folder of this machine.

    Raises:
        BaseModelError: The folder holds another base.
    """
    if model is None or not model.root or not Path(model.root).is_dir():
        return
    if find_base(model.root).key != base.key:
        raise BaseModelError(
            f"the server's {model.name} is {model.root}, not {base.name} ({base.key}). Name "
            f"its base: --base {model.root}, or start the server with {base.location}."
        )
