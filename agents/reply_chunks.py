"""What replies are made of on their way to LangChain: chunks, metadata, and those of a batch."""

from collections.abc import Generator, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.runnables import RunnableConfig

from persllm.engine import Piece, Reply
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


def closing_chunk(metadata: dict[str, Any], last: Piece) -> AIMessageChunk:
    """Return the last chunk of a reply: usage and metadata, no text."""
    usage = UsageMetadata(
        input_tokens=last.prompt_tokens,
        output_tokens=last.new_tokens,
        total_tokens=last.prompt_tokens + last.new_tokens,
    )
    return AIMessageChunk(
        content="", response_metadata=metadata, usage_metadata=usage, chunk_position="last"
    )
