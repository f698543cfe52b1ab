"""From items, pairs and general conversations to rows of tokens, with nothing dropped in silence.

A reply begins where prompt and whole conversation differ as the base's own chat template renders
them, and ends with the base's end token; what a template puts after that is not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from transformers import PreTrainedTokenizerBase as Tokenizer

from persllm.errors import DataError
from persllm.files import read_jsonl
from persllm.loading import template_rows
from persllm.messages import Message
from persllm.training.data.items import Item, Pair
from persllm.training.tuning.trees import Row, common


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
    rows = [conversation_row(item.messages, tokenizer) for item in items]
    return _fitting(rows, [item.id for item in items], max_tokens)


def pair_rows(pairs: Sequence[Pair], tokenizer: Tokenizer, *, max_tokens: int) -> Fitting[PairRow]:
    """Return both rows of each pair, of those that fit."""
    sides = [
        [
            conversation_row((*pair.prompt, Message("assistant", reply)), tokenizer)
            for reply in (pair.chosen, pair.rejected)
        ]
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
    rows: list[Row] = []
    left_out: list[str] = []
    split: list[str] = []
    for number, record in enumerate(read_jsonl(path), 1):
        name = f"{path.name}:{number}"
        messages = _conversation(record, f"{path}:{number}")
        parts = _parts(messages, tokenizer, max_tokens)
        rows += [part for part in parts if len(part.tokens) <= max_tokens]
        left_out += [name for part in parts if len(part.tokens) > max_tokens]
        split += [name] if len(parts) > 1 else []
    return Fitting(tuple(rows), tuple(left_out), tuple(split))


def conversation_row(messages: Sequence[Message], tokenizer: Tokenizer) -> Row:
    """Return a conversation's tokens; assistant turns are counted, with their end tokens.

    An earlier turn that the template writes otherwise once it is past (some drop what a model
    thought) is not counted.
    """
    tokens: list[int] = []
    turns: list[tuple[int, list[int]]] = []
    for index, message in enumerate(messages):
        if message.role == "assistant":
            prompt = encode(tokenizer, messages[:index], open_turn=True)
            whole = encode(tokenizer, messages[: index + 1])
            start = common(prompt, whole)
            tokens = _ended(tokenizer, whole, start)
            turns.append((start, tokens))
    counted = ((start, len(turn)) for start, turn in turns if tokens[: len(turn)] == turn)
    return Row(tuple(tokens), tuple(counted))


def encode(
    tokenizer: Tokenizer, messages: Sequence[Message], *, open_turn: bool = False
) -> list[int]:
    """Return a conversation's ids as the base's chat template writes it."""
    template: Any = tokenizer.apply_chat_template
    ids = template(
        template_rows(tokenizer, messages), add_generation_prompt=open_turn, return_dict=False
    )
    return cast("list[int]", ids)


def _ended(tokenizer: Tokenizer, whole: list[int], start: int) -> list[int]:
    """Return the conversation up to its last end token, which is added where there is none."""
    end = cast("int", tokenizer.eos_token_id)
    for place in range(len(whole) - 1, start - 1, -1):
        if whole[place] == end:
            return whole[: place + 1]
    return [*whole, end]


def _parts(messages: Sequence[Message], tokenizer: Tokenizer, max_tokens: int) -> list[Row]:
    """Return a conversation as rows that fit, each as many exchanges as it holds."""
    whole = conversation_row(messages, tokenizer)
    if len(whole.tokens) <= max_tokens:
        return [whole]
    system = [m for m in messages if m.role == "system"]
    spoken = [m for m in messages if m.role != "system"]
    exchanges = [spoken[i : i + 2] for i in range(0, len(spoken), 2)]
    parts: list[list[Message]] = []
    for exchange in exchanges:
        longer = [*parts[-1], *exchange] if parts else []
        if parts and len(conversation_row([*system, *longer], tokenizer).tokens) <= max_tokens:
            parts[-1] = longer
        else:
            parts.append(list(exchange))
    return [conversation_row([*system, *part], tokenizer) for part in parts]


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
