"""From items, pairs and general conversations to rows of tokens, with nothing dropped in silence.

Where a reply begins and how it ends is known by `persllm.chat_template`, for training as for
serving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from transformers import PreTrainedTokenizerBase as Tokenizer

from persllm.chat_template import ChatTemplate
from persllm.errors import DataError
from persllm.files import read_jsonl
from persllm.messages import Message
from persllm.training.data.items import Item, Pair
from persllm.training.tuning.trees import Row, row_of


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair as tokens; both rows have the same prompt."""

    chosen: Row
    rejected: Row


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fitting(Generic[T]):
    """What fits the base's context, and what did not."""

    rows: tuple[T, ...]
    left_out: tuple[str, ...]
    """Ids of what is too long and cannot be split."""
    split: tuple[str, ...] = ()
    """Ids of conversations that became several rows."""


def item_rows(items: Sequence[Item], tokenizer: Tokenizer, *, max_tokens: int) -> Fitting[Row]:
    """Return one row an item, of those that fit."""
    template = ChatTemplate(tokenizer)
    rows = [conversation_row(item.messages, template) for item in items]
    return _fitting(rows, [item.id for item in items], max_tokens)


def pair_rows(pairs: Sequence[Pair], tokenizer: Tokenizer, *, max_tokens: int) -> Fitting[PairRow]:
    """Return both rows of each pair, of those that fit."""
    template = ChatTemplate(tokenizer)
    sides = [
        [_reply_row(template, pair.prompt, reply) for reply in (pair.chosen, pair.rejected)]
        for pair in pairs
    ]
    fits = [max(len(row.tokens) for row in both) <= max_tokens for both in sides]
    return Fitting(
        tuple(PairRow(*both) for both, fit in zip(sides, fits, strict=True) if fit),
        tuple(pair.id for pair, fit in zip(pairs, fits, strict=True) if not fit),
    )


def general_rows(path: Path, tokenizer: Tokenizer, *, max_tokens: int) -> Fitting[Row]:
    """Return the rows of general conversations (JSON lines of OpenAI messages).

    A conversation that is too long is split between its exchanges; each part keeps the system
    turn.

    Raises:
        DataError: A line is no conversation; the line is named.
    """
    template = ChatTemplate(tokenizer)
    rows: list[Row] = []
    left_out: list[str] = []
    split: list[str] = []
    for number, record in enumerate(read_jsonl(path), 1):
        name = f"{path.name}:{number}"
        messages = _conversation(record, f"{path}:{number}")
        parts = _parts(messages, template, max_tokens)
        made = [row for part in parts for row in conversation_rows(part, template)]
        rows += [row for row in made if len(row.tokens) <= max_tokens]
        left_out += [name for row in made if len(row.tokens) > max_tokens]
        split += [name] if len(parts) > 1 else []
    return Fitting(tuple(rows), tuple(left_out), tuple(split))


def conversation_row(messages: Sequence[Message], template: ChatTemplate) -> Row:
    """Return a conversation's tokens up to its last reply; replies are counted, with their ends.

    An earlier turn that the template writes otherwise once it is past (some drop what a model
    thought) is not counted.
    """
    return conversation_rows(messages, template)[-1]


def conversation_rows(messages: Sequence[Message], template: ChatTemplate) -> list[Row]:
    """Return a conversation as rows in which each reply is counted once, as it is served.

    It is one row, save where the template writes turns otherwise once they are past.
    """
    left = [
        _reply_row(template, messages[:place], message.content)
        for place, message in enumerate(messages)
        if message.role == "assistant"
    ]
    rows: list[Row] = []
    while left:
        tokens = left[-1].tokens
        kept = [turn for turn in left if tokens[: len(turn.tokens)] == turn.tokens]
        rows.insert(0, Row(tokens, tuple(span for turn in kept for span in turn.counted)))
        left = [turn for turn in left if turn not in kept]
    return rows


def _reply_row(template: ChatTemplate, prompt: Sequence[Message], reply: str) -> Row:
    encoded = template.encode(prompt, reply)
    return row_of(encoded.prompt, encoded.target)


def _parts(
    messages: Sequence[Message], template: ChatTemplate, max_tokens: int
) -> list[list[Message]]:
    """Return a conversation as parts that fit, each of as many exchanges as it holds."""
    system = [m for m in messages if m.role == "system"]
    spoken = [m for m in messages if m.role != "system"]

    def fits(part: Sequence[Message]) -> bool:
        return len(conversation_row([*system, *part], template).tokens) <= max_tokens

    if fits(spoken):
        return [list(messages)]
    exchanges = [spoken[i : i + 2] for i in range(0, len(spoken), 2)]
    parts: list[list[Message]] = []
    for exchange in exchanges:
        if parts and fits([*parts[-1], *exchange]):
            parts[-1] += exchange
        else:
            parts.append(list(exchange))
    return [[*system, *part] for part in parts]


def _conversation(record: dict[str, Any], where: str) -> list[Message]:
    try:
        messages = [Message(row["role"], row["content"]) for row in record["messages"]]
    except (KeyError, TypeError) as error:
        raise DataError(
            f'{where}: no conversation ({error}); a line is {{"messages": [{{"role": "user", '
            '"content": ...}, {"role": "assistant", "content": ...}]}.'
        ) from error
    roles = [message.role for message in messages if message.role != "system"]
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        raise DataError(
            f"{where}: user and assistant turns must alternate and end with the assistant's, "
            f"got {', '.join(roles) or 'none'}. Mend the line."
        )
    return messages


def _fitting(rows: list[Row], ids: list[str], max_tokens: int) -> Fitting[Row]:
    fits = [len(row.tokens) <= max_tokens for row in rows]
    return Fitting(
        tuple(row for row, fit in zip(rows, fits, strict=True) if fit),
        tuple(id_ for id_, fit in zip(ids, fits, strict=True) if not fit),
    )
