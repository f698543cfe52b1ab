"""The contract over the chat templates of real bases, and what each is found to take."""

from typing import Any

import pytest

from persllm.chat_template import OPENING, ChatTemplate, turns_of
from persllm.errors import BaseModelError
from persllm.messages import Message
from tests.chat_templates import KINDS, shared_tokenizer, tokenizer_of
from tests.contracts.chat_template_contract import (
    ASKED,
    GREETING,
    HEADER,
    LAST,
    ChatTemplateContract,
)


class _OfKind(ChatTemplateContract):
    kind = ""

    @property
    def end(self) -> str:  # type: ignore[override]
        return KINDS[self.kind].end

    def make(self) -> Any:  # noqa: ANN401 (a transformers tokenizer)
        return shared_tokenizer(self.kind)


class TestNano(_OfKind):
    kind = "nano"


class TestSmolLM2(_OfKind):
    kind = "smollm2"


class TestQwen3(_OfKind):
    kind = "qwen3"
    keeps_history = False


class TestQwen3Thinking(_OfKind):
    kind = "qwen3-thinking"
    keeps_history = False
    server_can_switch = False


class TestLlama3(_OfKind):
    kind = "llama3"


class TestGemma(_OfKind):
    kind = "gemma"


class TestGemma3(_OfKind):
    kind = "gemma3"


class TestMistral(_OfKind):
    kind = "mistral"


@pytest.mark.parametrize(
    ("kind", "system", "first"),
    [
        ("nano", True, True),
        ("smollm2", True, True),
        ("qwen3", True, True),
        ("llama3", True, True),
        ("gemma", False, False),
        ("gemma3", True, False),
        ("mistral", False, False),  # it moves the system turn to the last question
    ],
)
def test_what_a_template_takes_is_found(kind: str, system: bool, first: bool) -> None:
    template = ChatTemplate(shared_tokenizer(kind))
    assert (template.takes_system, template.takes_assistant_first) == (system, first)


def test_the_empty_thought_of_a_template_belongs_to_the_prompt() -> None:
    tokenizer = tokenizer_of("qwen3")
    template = ChatTemplate(tokenizer)
    assert template.options == {"enable_thinking": False}
    encoded = template.encode((ASKED,), LAST)
    assert tokenizer.decode(encoded.prompt).endswith("assistant\n<think>\n\n</think>\n\n")
    assert tokenizer.decode(encoded.target) == f"{LAST}<|im_end|>"


def test_it_belongs_there_too_where_no_switch_is_found() -> None:
    tokenizer = tokenizer_of("qwen3")
    tokenizer.chat_template = "{%- set enable_thinking = true %}" + tokenizer.chat_template
    encoded = ChatTemplate(tokenizer).encode((ASKED,), LAST)
    assert tokenizer.decode(encoded.prompt).endswith("assistant\n<think>\n\n</think>\n\n")
    assert tokenizer.decode(encoded.target) == f"{LAST}<|im_end|>"


def test_a_thought_that_a_prompt_opens_is_closed() -> None:
    tokenizer = tokenizer_of("qwen3-thinking")
    text = tokenizer.decode(ChatTemplate(tokenizer).prompt((ASKED,)))
    assert text.endswith("assistant\n<think>\n\n</think>\n\n")


def test_the_end_of_a_turn_ends_a_reply_beside_the_tokenizers_own() -> None:
    tokenizer = tokenizer_of("gemma")
    names = tokenizer.convert_ids_to_tokens(sorted(ChatTemplate(tokenizer).ends))
    assert set(names) == {"<end_of_turn>", "<eos>"}


def test_a_greeting_comes_after_an_opening_where_the_user_must_begin() -> None:
    rows = ChatTemplate(tokenizer_of("gemma3")).rows((HEADER, GREETING, ASKED))
    assert [row["role"] for row in rows] == ["system", "user", "assistant", "user"]
    assert rows[1]["content"] == OPENING


def test_a_greeting_comes_after_the_header_where_there_is_no_system_turn() -> None:
    rows = ChatTemplate(tokenizer_of("gemma")).rows((HEADER, GREETING, ASKED))
    assert [row["content"] for row in rows] == [
        HEADER.content,
        GREETING.content,
        ASKED.content,
    ]
    assert rows[0]["role"] == "user"


def test_a_template_that_refuses_everything_is_named() -> None:
    tokenizer = tokenizer_of("nano")
    tokenizer.chat_template = "{{ raise_exception('never') }}"
    with pytest.raises(BaseModelError, match="refuses a conversation of user: never"):
        ChatTemplate(tokenizer).prompt((ASKED,))


def test_a_base_that_nothing_ends_is_refused() -> None:
    tokenizer = tokenizer_of("nano")
    tokenizer.chat_template = (
        "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{% endfor %}"
    )
    tokenizer.eos_token = None
    with pytest.raises(BaseModelError, match="token that ends a turn"):
        ChatTemplate(tokenizer).encode((ASKED,), LAST)


def test_turns_of_nothing_are_an_opening() -> None:
    assert turns_of([]) == [Message("user", OPENING)]
