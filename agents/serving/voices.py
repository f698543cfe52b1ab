"""Who can be asked: the base alone, every persona, and every stage of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from langchain_core.messages import BaseMessage

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.history import ROLES
from persllm.agents.serving.asked import Asked
from persllm.agents.serving.faults import Fault, bad_value
from persllm.engine import Engine, Request
from persllm.messages import Message, Role

DEFAULT_TOKENS = 160
"""Length of a base's reply where the client names none."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A part of a reply; the last one has a finish."""

    text: str
    finish: str = ""
    prompt_tokens: int = 0
    new_tokens: int = 0
    about: dict[str, Any] | None = None
    """Stage, analysis and what was recalled, of a persona's last part."""


class Voice(Protocol):
    """One name that can be asked."""

    @property
    def parent(self) -> str | None:
        """The base's name, of a persona."""
        ...

    def speak(self, asked: Asked) -> Iterator[Spoken]:
        """Yield the reply; parts may be empty, the last one tells how it ended."""
        ...


@dataclass(frozen=True, slots=True)
class BaseVoice:
    """The base without adapter, header or memory: messages reach the engine as they are."""

    engine: Engine
    parent: None = None

    def speak(self, asked: Asked) -> Iterator[Spoken]:
        """Yield what the engine writes."""
        request = Request(
            messages=plain(asked.messages),
            **{
                "max_tokens": DEFAULT_TOKENS,
                "stop": tuple(asked.stop or ()),
                **asked.options,
            },
        )
        for piece in self.engine.stream(request):
            yield Spoken(piece.text, piece.finish, piece.prompt_tokens, piece.new_tokens)


@dataclass(frozen=True, slots=True)
class PersonaVoice:
    """A persona at one stage."""

    chat: ChatPersona
    parent: str

    def speak(self, asked: Asked) -> Iterator[Spoken]:
        """Yield what the persona answers; what a named user says is remembered for that user."""
        chat = self.chat.model_copy(update={"audience": asked.user}) if asked.user else self.chat
        for chunk in chat.speak(asked.messages, asked.stop, **asked.options):
            usage, data = chunk.usage_metadata, chunk.response_metadata
            if usage is None:
                yield Spoken(chunk.text)
            else:
                yield Spoken(
                    chunk.text,
                    data["finish_reason"] or "stop",
                    usage["input_tokens"],
                    usage["output_tokens"],
                    {name: data[name] for name in ("stage", "analysis", "recalled")},
                )


class Company:
    """All who can be asked, by name.

    Args:
        engine: Whose base can be asked alone.
        chats: One for each stage of each persona; the first of a persona's answers to its name.
    """

    def __init__(self, engine: Engine, chats: Sequence[ChatPersona]) -> None:
        self.engine = engine
        self._voices: dict[str, Voice] = {engine.name: BaseVoice(engine)}
        for chat in chats:
            voice = PersonaVoice(chat, engine.name)
            self._voices.setdefault(chat.persona.id, voice)
            self._voices[chat.model_name] = voice

    @property
    def voices(self) -> dict[str, Voice]:
        """By name, the base first."""
        return dict(self._voices)

    def voice(self, name: str) -> Voice:
        """Return who is asked.

        Raises:
            Fault: Nobody has that name.
        """
        found = self._voices.get(name)
        if found is None:
            raise Fault(
                404,
                f"there is no model {name[:80]!r}. Choose one of: {', '.join(self._voices)}.",
                code="model_not_found",
                parameter="model",
            )
        return found

    def checked(self, asked: Asked, *, most: int | None) -> Asked:
        """Return the request if its reply may fit the engine.

        Raises:
            Fault: It asks for more tokens than the server gives.
        """
        limit = min(most or self.engine.context // 2, self.engine.context - 1)
        if asked.max_tokens is not None and asked.max_tokens > limit:
            raise bad_value(
                "max_tokens", f"at most {limit} here, got {asked.max_tokens}; ask for fewer"
            )
        return asked if asked.max_tokens else replace(asked, max_tokens=min(DEFAULT_TOKENS, limit))


def plain(messages: Sequence[BaseMessage]) -> tuple[Message, ...]:
    """Return messages as engines take them, without a persona's header."""
    return tuple(Message(_role(message), message.text) for message in messages)


def _role(message: BaseMessage) -> Role:
    return next(role for kind, role in ROLES.items() if isinstance(message, kind))
