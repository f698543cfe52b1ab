"""The seam to whatever runs base and adapters.

LangChain has no word for adapters, prefix reuse or batches of different speakers, so below
`ChatPersona` stands this protocol. `agents/engines/` holds what implements it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from persllm.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One reply that is wanted."""

    messages: tuple[Message, ...]
    adapter: Path | None = None
    """Adapter folder, or None for the base alone."""
    max_tokens: int = 160
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    """Above 1, tokens of the assistant's earlier turns and of the reply so far become less likely
    (Keskar et al., CTRL, 2019; there all that stands before); what a user turn holds does not."""
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """The reply ends before the first of these."""
    logprobs: bool = False
    """Whether to tell how likely each written token was; engines that cannot leave it out."""
    end_circles: bool = False
    """Whether the reply may end once it goes in circles; engines that cannot tell write on."""


@dataclass(frozen=True, slots=True)
class Token:
    """A written token, and how likely the model found it before temperature and top_p."""

    text: str
    log_probability: float
    """In nats."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a reply as it is written; the last one carries the counts."""

    text: str
    finish: str = ""
    """Empty until the last piece: then "stop" (the model ended, or went in circles) or "length"
    (the limit ended it)."""
    prompt_tokens: int = 0
    new_tokens: int = 0
    logprobs: tuple[Token, ...] = ()
    """Of the tokens since the piece before, where the request asks for them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply."""

    text: str
    finish: str
    prompt_tokens: int
    new_tokens: int
    logprobs: tuple[Token, ...] = ()
    """Of all written tokens, without the end token, where the request asks for them."""


@dataclass(frozen=True, slots=True)
class Score:
    """How likely a model finds a reply that it is given."""

    log_probability: float
    """Of the whole reply and its end token, in nats."""
    tokens: int
    """How many those are."""


class Engine(Protocol):
    """Turns requests into replies. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What replies are credited to, such as "nano"."""
        ...

    @property
    def context(self) -> int:
        """Most tokens of prompt and reply together."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt."""
        ...

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the reply in pieces; joined, they are the whole reply.

        A caller that stops asking ends the work.

        Raises:
            AdapterError: The adapter does not fit the base.
            EngineError: The prompt does not fit the context, or the model failed.
        """
        ...

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer many requests at once, each with its own adapter, in order.

        Raises:
            AdapterError: An adapter does not fit the base.
            EngineError: A prompt does not fit the context, or the model failed.
        """
        ...


class Scorer(Protocol):
    """An engine that also tells how likely given replies are; servers often cannot."""

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        """Return the score of each reply after its request's messages, in order.

        Replies are as they were trained: analysis and response with their markers.

        Raises:
            AdapterError: An adapter does not fit the base.
            EngineError: Prompt and reply do not fit the context.
        """
        ...


def whole(pieces: Iterator[Piece]) -> Reply:
    """Join a stream to a reply."""
    text: list[str] = []
    logprobs: list[Token] = []
    last = Piece("")
    for last in pieces:
        text.append(last.text)
        logprobs.extend(last.logprobs)
    counts = (last.finish, last.prompt_tokens, last.new_tokens)
    return Reply("".join(text), *counts, tuple(logprobs))


def count_text(engine: Engine, text: str) -> int:
    """Return how many tokens a text has on an engine, which counts prompts."""
    if not text:
        return 0
    with_text, without = ((Message("user", each),) for each in (text, ""))
    return max(0, engine.count_tokens(with_text) - engine.count_tokens(without))
