"""General conversations mixed in beside a persona's items, so that a base keeps what it can.

Reads JSON lines in three forms: OpenAI messages, `prompt` and `completion`, and the paper's
`data` with user and assistant in turn (METHOD 2.13). They carry no persona and no stage.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from persllm.errors import DataError
from persllm.files import digest, read_jsonl
from persllm.messages import Message
from persllm.training.data.cleaning import ASSISTANT_PHRASES
from persllm.training.data.items import Item, Split
from persllm.training.data.sampling import BuildSettings

TEACHER = "general"


def mixed_in(path: Path, *, beside: int, settings: BuildSettings) -> Iterator[Item]:
    """Yield as many general items as make up their share beside so many of the persona's.

    They are drawn by seed, in one pass over the file; a file with fewer gives all it has.

    Raises:
        DataError: The file is missing, or a line of it is no conversation.
    """
    share = settings.general_share
    wanted = round(beside * share / (1 - share))
    draw = random.Random(f"{settings.seed}/general")
    chosen: list[tuple[int, tuple[Message, ...]]] = []
    for number, row in enumerate(read_jsonl(path), start=1):
        messages = _messages(row, f"{path}:{number}")
        if ASSISTANT_PHRASES.search(messages[-1].content):
            continue
        if len(chosen) < wanted:
            chosen.append((number, messages))
        elif (place := draw.randrange(number)) < wanted:
            chosen[place] = (number, messages)
    for number, messages in sorted(chosen):
        yield _item(number, messages, settings)


def _item(number: int, messages: tuple[Message, ...], settings: BuildSettings) -> Item:
    words = [message.content for message in messages]
    chance = int(digest(*words, str(settings.seed))[:8], 16) / 0xFFFFFFFF
    split: Split = "test" if chance < settings.test_share else "train"
    return Item(
        id=f"general-{number}",
        persona="",
        stage="",
        pattern="general",
        messages=messages,
        question=messages[-2].content,
        recalled=(),
        false_premise=None,
        sources=(),
        teacher=TEACHER,
        kind="neither",
        split=split,
    )


def _messages(row: dict[str, Any], where: str) -> tuple[Message, ...]:
    """Return a row's conversation, in whichever form it is.

    Raises:
        DataError: It is none: no turns, empty ones, or the last is not the assistant's.
    """
    found: list[Message] = []
    if isinstance(row.get("messages"), list):
        turns = [turn if isinstance(turn, dict) else {} for turn in row["messages"]]
        found = [Message(turn.get("role", ""), turn.get("content", "")) for turn in turns]
    elif isinstance(row.get("data"), list):
        found = [
            Message("assistant" if place % 2 else "user", text)
            for place, text in enumerate(row["data"])
        ]
    elif "prompt" in row and "completion" in row:
        found = [Message("user", row["prompt"]), Message("assistant", row["completion"])]
    whole = all(isinstance(m.content, str) and m.content.strip() for m in found)
    roles = [message.role for message in found]
    known = set(roles) <= {"system", "user", "assistant"}
    if len(found) < 2 or not whole or not known or roles[-2:] != ["user", "assistant"]:
        raise DataError(
            f"{where}: no conversation. A line needs 'messages' with role and content, 'prompt' "
            "and 'completion', or 'data' with user and assistant in turn; the assistant is last."
        )
    return tuple(found)
