"""Between conversations and tokens, as engines need it: what fits, and text as its tokens come."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from persllm.chat_template import ChatTemplate
from persllm.engine import Request
from persllm.errors import BaseModelError, EngineError, TooLongError
from persllm.messages import Message

REMEMBERED = 512
"""Prompts whose tokens are kept: a prompt is counted before it is asked."""


class ChatTokenizer:
    """A base's chat template and tokenizer, as engines use them.

    Args:
        tokenizer: Loaded by `persllm.loading`.
        name: The base's, for errors.
        context: Most tokens of prompt and reply together.
        ends: Tokens that end a reply, beside those that the chat template writes.
    """

    def __init__(
        self,
        tokenizer: Any,  # noqa: ANN401 (a transformers tokenizer)
        *,
        name: str,
        context: int,
        ends: frozenset[int] = frozenset(),
    ) -> None:
        self._tokenizer = tokenizer
        self._template = ChatTemplate(tokenizer)
        self._name = name
        self.context = context
        self.ends = ends | self._template.ends
        self._remembered = lru_cache(REMEMBERED)(self._encode)

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
        try:
            encoded = self._template.encode(request.messages, reply)
        except BaseModelError as error:
            raise EngineError(str(error)) from error
        length = len(encoded.prompt) + len(encoded.target)
        if length > self.context:
            raise EngineError(
                f"prompt and reply have {length} tokens; {self._name} holds {self.context}. "
                "Shorten them."
            )
        return encoded.prompt, encoded.target

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of a conversation, up to where the reply begins.

        Raises:
            EngineError: The base's chat template refuses the conversation.
        """
        return list(self._remembered(tuple(messages)))

    def said(self, request: Request) -> set[int]:
        """Return the tokens of the assistant's turns, where the request wants them less likely."""
        if request.repetition_penalty == 1:
            return set()
        turns = [each.content for each in request.messages if each.role == "assistant"]
        return {
            token
            for turn in turns
            for token in self._tokenizer(turn, add_special_tokens=False)["input_ids"]
        }

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, without control tokens."""
        return cast("str", self._tokenizer.decode(tokens, skip_special_tokens=True))

    def writing(self) -> "Writing":
        """Return what turns tokens to text one by one."""
        return Writing(self, getattr(self._tokenizer, "_tokenizer", None))

    def _encode(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        try:
            return tuple(self._template.prompt(messages))
        except BaseModelError as error:
            raise EngineError(str(error)) from error


class Writing:
    """A reply's text as its tokens come, each decoded once."""

    def __init__(self, tokenizer: ChatTokenizer, fast: Any) -> None:  # noqa: ANN401 (of tokenizers)
        from tokenizers.decoders import DecodeStream

        self._tokenizer = tokenizer
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
        return self._tokenizer.decode(self.tokens)
