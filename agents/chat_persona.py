"""A persona as a LangChain chat model: adapter, stage and memory behind one `BaseChatModel`."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig, run_in_executor
from pydantic import ConfigDict, Field, PrivateAttr

from persllm.agents.disclosure import truthful_answer
from persllm.agents.history import beginnings, history_of
from persllm.agents.loops import unlooped
from persllm.agents.reply_chunks import (
    closing_chunk,
    most_at_once,
    recalled_row,
    replayed,
    said_key,
)
from persllm.agents.reply_guards import ended_at_sentence, unlike_before
from persllm.agents.reply_stream import ReplyStream
from persllm.base_profile import BaseProfile
from persllm.engine import Engine, Piece, Reply, Request
from persllm.errors import PersLLMError, TooLongError
from persllm.memory.recall import Recall, Recalled, notes_of, query_of
from persllm.memory.reranking import Query
from persllm.memory.store import EVERYONE, Memory
from persllm.messages import Message, Notes, render
from persllm.persona import Persona, Stage

EXCHANGES_AT_ONCE = 4
"""So many exchanges are forgotten together where a talk grows long, so that what is left stays
computed for some turns."""
LEAST_TEMPERATURE = 0.7
"""Of a reply that is drawn again since it was an earlier turn."""
TURNS_BEFORE = 4
"""A reply is none of so many turns before it again."""
KEPT_NOTES = 256
"""What came up for so many turns is kept."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A turn before it is answered."""

    said: str
    truth: str
    """What must be answered without the model: sincere questions about being a machine."""
    request: Request | None
    """What the engine is asked; None where `truth` answers."""
    recalled: list[Recalled]
    before: tuple[str, ...] = ()
    """The turns right before: a reply is none of them again."""
    whole: bool = True
    """Whether the reply ends at a sentence: the caller set no limit of its own."""


class ChatPersona(BaseChatModel):
    """One persona at one stage.

    Messages are what was said: human turns are the partner's, AI turns the persona's own
    responses. A system message is a scene, added to the persona's header. Reply metadata hold
    `analysis`, `recalled` (id, text, source, similarity), `stage`, `adapter` and `seconds`.

    Call options: `cue` (recall by this text instead of the last turn), `without` (memory ids that
    must not come up again) and `in_play` (what is said is part of a play or a debate: a question
    about being a machine is no sincere one, and something always comes to mind).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True)

    persona: Persona
    engine: Any
    """An `Engine`."""
    stage_id: str | None = Field(default=None, alias="stage")
    """Stage id; the first stage if not given."""
    adapter: Path | None = None
    """Adapter folder; None asks the base alone."""
    memory: Any = None
    """A `MemoryStore`, or None."""
    base_profile: BaseProfile = BaseProfile(name="large")
    """How the engine's base is asked; what is not given below is taken from it."""
    audience: str = EVERYONE
    """Who is talking; if named, what they say is remembered and recalled for them only."""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: list[str] | None = None

    _stage: Stage = PrivateAttr()
    _recall: Recall | None = PrivateAttr(default=None)
    _notes: dict[str, list[Recalled]] = PrivateAttr(default_factory=dict)
    """What came up for turns of late, by all that decides it."""
    _written: dict[str, tuple[Prepared, Reply]] = PrivateAttr(default_factory=dict)
    """Replies of a batch, by what was said."""

    def model_post_init(self, context: object, /) -> None:
        """Refuse an unknown stage at once; declare what personas cannot do.

        Raises:
            PersonaError: The persona has no such stage.
        """
        super().model_post_init(context)
        self._stage = self.persona.stage(self.stage_id)
        if self.memory is not None and self.base_profile.passages > 0:
            self._recall = Recall(self.memory.embeddings, self.base_profile)
        if self.profile is None:
            self.profile = ModelProfile(
                text_inputs=True,
                text_outputs=True,
                max_output_tokens=self.max_tokens or self.base_profile.max_tokens,
                tool_calling=False,
                structured_output=False,
                reasoning_output=False,
            )

    @property
    def stage(self) -> Stage:
        """The stage the persona speaks from."""
        return self._stage

    @property
    def model_name(self) -> str:
        """`persona@stage`."""
        return f"{self.persona.id}@{self._stage.id}"

    @property
    def _llm_type(self) -> str:
        return "persllm"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model": self.model_name,
            "engine": self._engine.name,
            "adapter": str(self.adapter) if self.adapter else None,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }

    @property
    def _engine(self) -> Engine:
        engine: Engine = self.engine
        return engine

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> ChatResult:
        whole: AIMessageChunk | None = None
        for chunk in self._stream(messages, stop, None, **kwargs):
            message = chunk.message
            assert isinstance(message, AIMessageChunk)
            whole = message if whole is None else whole + message
        assert whole is not None
        reply = AIMessage(
            content=whole.content,
            response_metadata=whole.response_metadata,
            usage_metadata=whole.usage_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> Iterator[ChatGenerationChunk]:
        for message in self.speak(messages, stop, **kwargs):
            if message.content or message.chunk_position == "last":
                chunk = ChatGenerationChunk(message=message)
                if run_manager and message.content:
                    run_manager.on_llm_new_token(message.text, chunk=chunk)
                yield chunk

    def speak(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        **options: Any,  # noqa: ANN401 (LangChain's own)
    ) -> Iterator[AIMessageChunk]:
        """Yield a chunk for every piece of the engine, without callbacks: what a server asks.

        A chunk's text may be empty, while the analysis is written. The last chunk has usage and
        metadata. Closing the iterator ends the engine's work.
        """
        started = time.monotonic()
        known = self._written.get(said_key(messages))
        ready = known[0] if known else self.prepare(messages, stop, **options)
        pieces = unlike_before(
            lambda number: self._drawn(ready, known[1] if known else None, number), ready.before
        )
        reply, last = ReplyStream(), Piece("")
        try:
            for last in pieces:
                yield AIMessageChunk(content=reply.feed(last.text))
        finally:
            pieces.close()
        yield AIMessageChunk(content=reply.finish())
        self._remember(ready.said)
        metadata = {
            "model_name": self.model_name,
            "finish_reason": last.finish,
            "analysis": reply.parsed.analysis,
            "recalled": [recalled_row(each) for each in ready.recalled],
            "stage": self._stage.id,
            "adapter": str(self.adapter) if self.adapter else None,
            "seconds": round(time.monotonic() - started, 3),
        }
        yield closing_chunk(metadata, last)

    def _drawn(self, ready: Prepared, written: Reply | None, number: int) -> Generator[Piece]:
        """Draw a reply; a further time with another seed, and not greedily."""
        request = ready.request
        if request is None:
            return (piece for piece in (Piece(ready.truth), Piece("", "stop")))
        if written and not number:
            pieces = replayed(written)
        elif number:
            again = replace(
                request,
                temperature=max(request.temperature, LEAST_TEMPERATURE),
                seed=None if request.seed is None else request.seed + number,
            )
            pieces = (piece for piece in self._engine.stream(again))
        else:
            pieces = (piece for piece in self._engine.stream(request))
        pieces = unlooped(pieces)
        return ended_at_sentence(pieces, request.max_tokens) if ready.whole else pieces

    def batch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> list[AIMessage]:
        """Answer many inputs in batches of the engine."""
        ready = self._having_written(inputs, config, kwargs)
        return super(ChatPersona, ready).batch(
            inputs, config, return_exceptions=return_exceptions, **kwargs
        )

    async def abatch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> list[AIMessage]:
        """Answer many inputs in batches of the engine, without blocking the loop."""
        ready = await run_in_executor(None, self._having_written, inputs, config, kwargs)
        return await super(ChatPersona, ready).abatch(
            inputs, config, return_exceptions=return_exceptions, **kwargs
        )

    def _having_written(
        self,
        inputs: Sequence[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None,
        options: Mapping[str, Any],
    ) -> "ChatPersona":
        """Return a copy that has its replies to the inputs ready.

        What cannot be prepared or answered is left out: asked for alone, it raises its own error.
        """
        asked: dict[str, Prepared] = {}
        for each in inputs:
            messages = self._convert_input(each).to_messages()
            with suppress(PersLLMError, ValueError):
                asked[said_key(messages)] = self.prepare(messages, **options)
        rows = [(key, ready, ready.request) for key, ready in asked.items() if ready.request]
        copy = self.model_copy()
        copy._written = {}
        size = most_at_once(config)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            with suppress(PersLLMError):
                replies = self._engine.generate([request for _, _, request in part])
                for (key, ready, _), reply in zip(part, replies, strict=True):
                    copy._written[key] = (ready, reply)
        return copy

    def prepare(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        **options: Any,  # noqa: ANN401 (LangChain's own)
    ) -> Prepared:
        """Return what the engine would be asked; `persllm.agents.answering` asks many at once."""
        history, scene = history_of(messages)
        said = history[-1].content
        truth = None if options.get("in_play") else truthful_answer(self.persona, said)
        if truth:
            return Prepared(said, truth, None, [])
        request, recalled = self._request(history, scene, stop, options)
        before = tuple(message.content for message in history[-TURNS_BEFORE:])
        return Prepared(said, "", request, recalled, before, "max_tokens" not in options)

    def _recalled(
        self, history: Sequence[Message], start: int, options: Mapping[str, Any]
    ) -> dict[int, list[Recalled]]:
        """Return what comes up for each user turn from `start` on, by the turn's place.

        What came up for a turn stands before it as long as the talk remembers that turn, so it does
        not come up again later.
        """
        last = len(history) - 1
        places = range(start, last + 1) if self.base_profile.keep_notes else (last,)
        found: dict[int, list[Recalled]] = {}
        told = frozenset(options.get("without") or ())
        for place in places if self._recall else ():
            if history[place].role == "user":
                cue = options.get("cue") if place == last else None
                query = Query(cue) if cue else query_of(history[start : place + 1])
                found[place] = self._coming_up(query, told, forced=bool(options.get("in_play")))
                told |= {each.memory.id for each in found[place]}
        return found

    def _coming_up(
        self, query: Query | None, told: frozenset[str], *, forced: bool
    ) -> list[Recalled]:
        if self._recall is None or query is None:
            return []
        key = repr((query, sorted(told), self.audience, forced))
        if key not in self._notes:
            if len(self._notes) >= KEPT_NOTES:
                self._notes.clear()
            self._notes[key] = self._recall.recall(
                self.memory,
                query,
                stage=self.persona.stages.index(self._stage),
                audience=self.audience,
                without=told,
                forced=forced,
            )
        return list(self._notes[key])

    def _remember(self, said: str) -> None:
        """Keep what a named partner said; the persona's own words might be mistaken."""
        if self.memory is None or self.audience == EVERYONE:
            return
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        self.memory.add(
            [
                Memory(
                    id=f"episode-{time.time_ns()}",
                    text=f"{self.audience} told me: {said}",
                    kind="episode",
                    stage=self.persona.stages.index(self._stage),
                    source=f"{self.audience}, {when}",
                    audience=self.audience,
                )
            ]
        )

    def _request(
        self,
        history: Sequence[Message],
        scene: str,
        stop: list[str] | None,
        options: dict[str, Any],
    ) -> tuple[Request, list[Recalled]]:
        max_tokens = int(self._value("max_tokens", options))
        messages, recalled = self._fit(history, scene, max_tokens, options)
        request = Request(
            messages=messages,
            adapter=self.adapter,
            max_tokens=max_tokens,
            temperature=float(self._value("temperature", options)),
            top_p=float(self._value("top_p", options)),
            seed=options.get("seed", self.seed),
            stop=tuple(stop or self.stop or ()),
            end_circles=True,
        )
        return request, recalled

    def _value(self, name: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 (int or float)
        """Return a setting: of the call, of this persona, or of the base's profile."""
        for value in (options.get(name), getattr(self, name)):
            if value is not None:
                return value
        return getattr(self.base_profile, name)

    def _fit(
        self, history: Sequence[Message], scene: str, max_tokens: int, options: Mapping[str, Any]
    ) -> tuple[tuple[Message, ...], list[Recalled]]:
        """Render; drop the oldest exchanges, then memories, until prompt and reply fit well.

        Raises:
            TooLongError: The last turn alone is too long.
        """
        room = self._engine.context - max_tokens
        good = min(room, self.base_profile.history_tokens)
        last = len(history) - 1
        starts = beginnings(history)
        for start in dict.fromkeys((*starts[::EXCHANGES_AT_ONCE], starts[-1])):
            recalled = self._recalled(history, start, options)
            messages = self._rendered(history, start, recalled, scene)
            if self._engine.count_tokens(messages) <= good:
                return messages, recalled.get(last, [])
        while (length := self._engine.count_tokens(messages)) > room:
            if not recalled.get(last):
                raise TooLongError(
                    f"what was said takes {length} tokens and the reply may take {max_tokens}; "
                    f"{self._engine.name} holds {self._engine.context}. Say it in fewer words."
                )
            recalled[last].pop()
            messages = self._rendered(history, last, recalled, scene)
        return messages, recalled.get(last, [])

    def _rendered(
        self,
        history: Sequence[Message],
        start: int,
        recalled: Mapping[int, Sequence[Recalled]],
        scene: str,
    ) -> tuple[Message, ...]:
        notes = {place - start: notes_of(found) for place, found in recalled.items()}
        if self._recall and not recalled.get(len(history) - 1):
            notes[len(history) - 1 - start] = Notes()
        return render(
            self.persona,
            self._stage,
            history[start:],
            profile=self.base_profile,
            notes=notes if self._recall else None,
            scene=scene,
        )
