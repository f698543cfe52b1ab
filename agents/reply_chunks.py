"""What replies are made of on their way to LangChain: chunks, metadata, and those of a batch."""

from collections.abc import Generator, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import OutputTokenDetails, UsageMetadata
from langchain_core.runnables import RunnableConfig

from persllm.agents.reply_reading import FinishedReply
from persllm.engine import Engine, Piece, Reply, Request
from persllm.memory.recall import Recalled

BATCH = 32
"""Most inputs of one batch that an engine is given at once."""


def recalled_row(recalled: Recalled) -> dict[str, Any]:
    """Return a memory as metadata tell it."""
    memory = recalled.memory
    return {
        "id": memory.id,
        "text": memory.text,
        "source": memory.source,
        "similarity": round(recalled.similarity, 3),
    }


def said_key(messages: Sequence[BaseMessage]) -> str:
    """Return what tells inputs of one batch apart."""
    return repr([(message.type, message.text, message.name) for message in messages])


def replayed(reply: Reply) -> Generator[Piece]:
    """Yield a reply that is whole already as an engine would stream it."""
    yield Piece(reply.text)
    yield Piece("", reply.finish, reply.prompt_tokens, reply.new_tokens)


def most_at_once(config: RunnableConfig | list[RunnableConfig] | None) -> int:
    """Return how many inputs the caller lets the engine have at once."""
    first = config[0] if isinstance(config, list) and config else config
    wanted = first.get("max_concurrency") if isinstance(first, dict) else None
    return min(wanted or BATCH, BATCH)


def streamed(engine: Engine, request: Request) -> Generator[Piece]:
    """Yield what an engine writes; closing this ends its work."""
    yield from engine.stream(request)


def as_chunks(
    reading: Generator[str, None, FinishedReply],
) -> Generator[AIMessageChunk, None, FinishedReply]:
    """Yield a chunk for every text of a reply; return the reply as it ended."""
    while True:
        try:
            text = next(reading)
        except StopIteration as ended:
            found: FinishedReply = ended.value
            return found
        yield AIMessageChunk(content=text)


def closing_chunk(metadata: dict[str, Any], reply: FinishedReply) -> AIMessageChunk:
    """Return the last chunk of a reply: usage and metadata, no text."""
    usage = UsageMetadata(
        input_tokens=reply.prompt_tokens,
        output_tokens=reply.new_tokens,
        total_tokens=reply.prompt_tokens + reply.new_tokens,
        output_token_details=OutputTokenDetails(reasoning=reply.analysis_tokens),
    )
    return AIMessageChunk(
        content="", response_metadata=metadata, usage_metadata=usage, chunk_position="last"
    )
