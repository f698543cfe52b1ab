"""Rows count assistant tokens and their end, nothing else, and nothing is dropped in silence."""

import json
from pathlib import Path
from typing import Any

import pytest

from persllm.bases import find_base
from persllm.chat_template import ChatTemplate
from persllm.errors import DataError
from persllm.loading import load_tokenizer
from persllm.messages import Message
from persllm.training.tuning.rows import (
    conversation_row,
    conversation_rows,
    general_rows,
    item_rows,
    pair_rows,
)
from tests.training.test_items import ITEM, PAIR

TURNS = (
    Message("system", "You are Marta."),
    Message("user", "Who keeps the light?"),
    Message("assistant", "I keep it."),
    Message("user", "Since when?"),
    Message("assistant", "Since 1862."),
)
NO_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}"
    "{% endif %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
DROPS_SYSTEM = NO_SYSTEM.replace("{{ raise_exception('no system') }}", "{% continue %}")
WITHOUT_END = (
    "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
FORGETFUL = (
    "{% for m in messages %}<|{{ m['role'] }}|>"
    "{% if loop.last or m['role'] != 'assistant' %}{{ m['content'] }}{% else %}...{% endif %}"
    "<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def tokenizer() -> Any:  # noqa: ANN401 (a tokenizer whose template is changed)
    return load_tokenizer(find_base("nano"))


def _counted(tokenizer: Any, row: Any) -> list[str]:  # noqa: ANN401
    return [tokenizer.decode(row.tokens[first:last]) for first, last in row.counted]


def test_the_loss_counts_every_reply_with_its_end_token(tokenizer: Any) -> None:  # noqa: ANN401
    row = conversation_row(TURNS, ChatTemplate(tokenizer))
    assert _counted(tokenizer, row) == ["I keep it.<|end|>", "Since 1862.<|end|>"]
    rows = [turn.as_dict() for turn in TURNS]
    assert list(row.tokens) == tokenizer.apply_chat_template(rows, return_dict=False)


def test_what_a_template_writes_after_the_end_is_not_counted(tokenizer: Any) -> None:  # noqa: ANN401
    tokenizer.chat_template = NO_SYSTEM
    row = conversation_row(TURNS[1:3], ChatTemplate(tokenizer))
    assert _counted(tokenizer, row) == ["I keep it.<|end|>"]


def test_an_end_is_added_where_the_template_writes_none(tokenizer: Any) -> None:  # noqa: ANN401
    tokenizer.chat_template = WITHOUT_END
    row = conversation_row(TURNS[1:3], ChatTemplate(tokenizer))
    assert [text.strip() for text in _counted(tokenizer, row)] == ["I keep it.<|end|>"]


def test_a_turn_that_is_written_otherwise_once_it_is_past_is_not_counted(
    tokenizer: Any,  # noqa: ANN401
) -> None:
    tokenizer.chat_template = FORGETFUL
    row = conversation_row(TURNS, ChatTemplate(tokenizer))
    assert _counted(tokenizer, row) == ["Since 1862.<|end|>"]
    rows = conversation_rows(TURNS, ChatTemplate(tokenizer))
    counted = [_counted(tokenizer, row) for row in rows]
    assert counted == [["I keep it.<|end|>"], ["Since 1862.<|end|>"]]


@pytest.mark.parametrize("template", [NO_SYSTEM, DROPS_SYSTEM])
def test_the_system_turn_is_folded_where_the_template_takes_none(
    tokenizer: Any,  # noqa: ANN401
    template: str,
) -> None:
    assert ChatTemplate(tokenizer).takes_system
    other: Any = load_tokenizer(find_base("nano"))
    other.chat_template = template
    folding = ChatTemplate(other)
    assert not folding.takes_system
    rows = folding.rows(TURNS)
    assert rows[0] == {"role": "user", "content": "You are Marta.\n\nWho keeps the light?"}
    assert "You are Marta." in other.decode(conversation_row(TURNS, folding).tokens)


def test_items_and_pairs_that_are_too_long_are_named(tokenizer: Any) -> None:  # noqa: ANN401
    fits = item_rows([ITEM], tokenizer, max_tokens=1024)
    assert (len(fits.rows), fits.left_out) == (1, ())
    assert item_rows([ITEM], tokenizer, max_tokens=9).left_out == (ITEM.id,)
    assert pair_rows([PAIR], tokenizer, max_tokens=9).left_out == (PAIR.id,)
    [pair] = pair_rows([PAIR], tokenizer, max_tokens=1024).rows
    assert pair.chosen.counted[0][0] == pair.rejected.counted[0][0]


def _written(path: Path, *conversations: tuple[Message, ...]) -> Path:
    lines = [{"messages": [message.as_dict() for message in turns]} for turns in conversations]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_long_general_conversations_are_split_between_exchanges(
    tokenizer: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    path = _written(tmp_path / "chats.jsonl", TURNS, (*TURNS[1:2], Message("assistant", "I " * 99)))
    limit = len(conversation_row(TURNS, ChatTemplate(tokenizer)).tokens) - 1
    fitting = general_rows(path, tokenizer, max_tokens=limit)
    assert fitting.split == ("chats.jsonl:1",)
    assert fitting.left_out == ("chats.jsonl:2",)
    texts = [tokenizer.decode(row.tokens) for row in fitting.rows]
    assert len(texts) == 2
    assert all("You are Marta." in text for text in texts)
    assert ["I keep it." in texts[0], "Since 1862." in texts[1]] == [True, True]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"text": "hello"}', "no conversation"),
        ('{"messages": [{"role": "user", "content": "hello"}]}', "must alternate"),
        ('{"messages": []}', "got none"),
    ],
)
def test_a_line_that_is_no_conversation_is_named(
    tokenizer: Any,  # noqa: ANN401
    tmp_path: Path,
    line: str,
    fault: str,
) -> None:
    path = tmp_path / "chats.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"chats.jsonl:1: .*{fault}"):
        general_rows(path, tokenizer, max_tokens=100)
