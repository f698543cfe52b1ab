"""Who can be asked: the base alone, every persona, and every stage of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from langchain_core.messages import BaseMessage

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.history import role_of
from persllm.agents.reply_chunks import streamed
from persllm.agents.reply_reading import ReplyLimits, asked_again, read_reply, whole_reply
from persllm.agents.serving.asked import Asked
from persllm.agents.serving.faults import Fault
from persllm.agents.serving.nudges import answerable
from persllm.engine import Engine, Request
from persllm.messages import Message

KEPT_OF_TEN = 7
"""Tenths of a text that are left where it is too long."""
DEFAULT_TOKENS = 160
"""Length of a base's reply where the client names none."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A part of a reply; the last one has a finish."""

    text: str
    finish: str = ""
    prompt_tokens: int = 0
    new_tokens: int = 0
    analysis_tokens: int = 0
    """Those of them that were not shown."""
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
        """Yield what the persona answers; what a known user says is remembered for that user."""
        if asked.task:
            yield from _done_task(self.chat.engine, asked)
            return
        who = {"audience": asked.user.id, "partner": asked.user.name}
        chat = self.chat.model_copy(update=who) if asked.user.id else self.chat
        messages, nudged = answerable(asked.messages)
        for chunk in chat.speak(messages, asked.stop, remember=not nudged, **asked.options):
            usage, data = chunk.usage_metadata, chunk.response_metadata
            if usage is None:
                yield Spoken(chunk.text)
            else:
                yield Spoken(
                    chunk.text,
                    data["finish_reason"] or "stop",
                    usage["input_tokens"],
                    usage["output_tokens"],
                    usage.get("output_token_details", {}).get("reasoning", 0),
                    {name: data[name] for name in ("stage", "analysis", "recalled")},
                )


def _done_task(engine: Engine, asked: Asked) -> Iterator[Spoken]:
    """Have the base do what a client asks for itself; nothing is said where it writes nothing."""
    most = asked.max_tokens or DEFAULT_TOKENS
    prompt = shortened(engine, plain(asked.messages), room=engine.context - most)
    request = Request(messages=prompt, **{**asked.options, "max_tokens": most})
    limits = ReplyLimits(most, tuple(asked.stop or ()))
    reading = read_reply(
        lambda number: streamed(engine, asked_again(request, number)),
        limits,
        engine=engine,
        prompt=prompt,
        language="en",
    )
    reply = whole_reply(reading)
    yield Spoken(reply.response if reply.answered else "")
    yield Spoken("", reply.finish, reply.prompt_tokens, reply.new_tokens, reply.analysis_tokens)


def shortened(engine: Engine, messages: Sequence[Message], *, room: int) -> tuple[Message, ...]:
    """Return messages that fit: the longest lose their middle, where a talk is quoted."""
    found = list(messages)
    while engine.count_tokens(found) > room:
        place = max(range(len(found)), key=lambda at: len(found[at].content))
        role, text = found[place].role, found[place].content
        kept = len(text) * KEPT_OF_TEN // 20
        if kept < 1:
            break
        found[place] = Message(role, f"{text[:kept]}\n…\n{text[-kept:]}")
    return tuple(found)


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
        """Return the request with a length of reply that the server gives.

        Clients ask for as much as their settings hold, often for more than there is; it is a limit,
        and they get the server's.
        """
        limit = min(most or self.engine.context // 2, self.engine.context - 1)
        return replace(asked, max_tokens=min(asked.max_tokens or DEFAULT_TOKENS, limit))


def plain(messages: Sequence[BaseMessage]) -> tuple[Message, ...]:
    """Return messages as engines take them, without a persona's header."""
    return tuple(Message(role_of(message) or "user", message.text) for message in messages)
