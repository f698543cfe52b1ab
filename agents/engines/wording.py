"""Between conversations and tokens: the base's chat template, and text of tokens as they come."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from persllm.engine import Request
from persllm.errors import EngineError, TooLongError
from persllm.loading import template_rows
from persllm.messages import Message

REMEMBERED = 512
"""Prompts whose tokens are kept: a prompt is counted before it is asked."""


class Wording:
    """A base's tokenizer, as engines use it.

    Args:
        tokenizer: Loaded by `persllm.loading`.
        name: The base's, for errors.
        context: Most tokens of prompt and reply together.
        ends: Tokens that end a reply.
    """

    def __init__(
        self,
        tokenizer: Any,  # noqa: ANN401 (a transformers tokenizer)
        *,
        name: str,
        context: int,
        ends: frozenset[int],
    ) -> None:
        self._tokenizer = tokenizer
        self._name = name
        self.context = context
        self.ends = ends
        self._marks = re.compile("|".join(map(re.escape, tokenizer.all_special_tokens)) or r"(?!)")
        self._remembered = lru_cache(REMEMBERED)(self._encode)

    @property
    def end(self) -> int:
        """The token that ends a reply in training."""
        return cast("int", self._tokenizer.eos_token_id)

    def prompt(self, request: Request) -> list[int]:
        """Return a request's tokens.

        Raises:
            TooLongError: Prompt and reply would not fit the context.
        """
        prompt = self.encode(request.messages)
        if len(prompt) + request.max_tokens > self.context:
            raise TooLongError(
                f"the prompt has {len(prompt)} tokens and the reply may have "
                f"{request.max_tokens}; {self._name} holds {self.context}. Shorten the history, "
                "recall less, or name a base with a longer context."
            )
        return prompt

    def reply(self, request: Request, reply: str) -> tuple[list[int], list[int]]:
        """Return the tokens of a prompt, and of a reply given to it with its end.

        Raises:
            EngineError: Together they do not fit the context.
        """
        prompt = self.encode(request.messages)
        written = [*self._tokenizer(reply, add_special_tokens=False)["input_ids"], self.end]
        if len(prompt) + len(written) > self.context:
            raise EngineError(
                f"prompt and reply have {len(prompt) + len(written)} tokens; {self._name} holds "
                f"{self.context}. Shorten them."
            )
        return prompt, written

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of a conversation, up to where the reply begins.

        Raises:
            EngineError: The base's chat template refuses the conversation.
        """
        return list(self._remembered(tuple(messages)))

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, without control tokens."""
        return cast("str", self._tokenizer.decode(tokens, skip_special_tokens=True))

    def writing(self) -> "Writing":
        """Return what turns tokens to text one by one."""
        return Writing(self, getattr(self._tokenizer, "_tokenizer", None))

    def _encode(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        plain = [Message(message.role, self._plain(message.content)) for message in messages]
        try:
            rows = template_rows(self._tokenizer, plain)
            ids = self._tokenizer.apply_chat_template(
                rows, add_generation_prompt=True, return_dict=False
            )
        except Exception as error:  # templates are programs; jinja raises many kinds
            raise EngineError(
                f"{self._name}'s chat template refuses the conversation: {error}"
            ) from error
        return tuple(ids)

    def _plain(self, text: str) -> str:
        """Take control tokens out of what people write, so that nobody forges a turn."""
        found = 1
        while found:  # what is left around a mark may be one again
            text, found = self._marks.subn("", text)
        return text


class Writing:
    """A reply's text as its tokens come, each decoded once."""

    def __init__(self, wording: Wording, fast: Any) -> None:  # noqa: ANN401 (of tokenizers)
        from tokenizers.decoders import DecodeStream

        self._wording = wording
        self._fast = fast
        self._stream = DecodeStream(skip_special_tokens=True) if fast is not None else None
        self._text = ""
        self.tokens: list[int] = []

    def add(self, token: int) -> str:
        """Return the text so far; a character whose bytes are not all there waits."""
        self.tokens.append(token)
        if self._stream is None:
            self._text = self.whole()
        else:
            self._text += self._stream.step(self._fast, token) or ""
        return self._text

    def whole(self) -> str:
        """Return the text of all tokens."""
        return self._wording.decode(self.tokens)
