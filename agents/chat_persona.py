"""A persona as a LangChain chat model: adapter, stage and memory behind one `BaseChatModel`."""

import logging
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig, run_in_executor
from pydantic import ConfigDict, Field, PrivateAttr

from persllm.agents.disclosure import truthful_answer
from persllm.agents.engine_chat_model import EngineChatModel, check_sampling
from persllm.agents.history import beginnings, history_of, last_words
from persllm.agents.loops import unlooped
from persllm.agents.reply_chunks import (
    as_chunks,
    closing_chunk,
    most_at_once,
    recalled_row,
    replayed,
    said_key,
    streamed,
)
from persllm.agents.reply_guards import Reading, ended_at_sentence, unlike_before
from persllm.agents.reply_reading import (
    TRIES,
    FinishedReply,
    ReplyLimits,
    analysis_room,
    asked_again,
    first_tokens,
    read_reply,
)
from persllm.base_profile import BaseProfile
from persllm.engine import Piece, Reply, Request
from persllm.errors import MemoryStoreError, PersLLMError, TooLongError
from persllm.memory.episodes import Hearing, ids_told, remember
from persllm.memory.recall import Recall, Recalled, notes_of, query_of
from persllm.memory.reranking import Query
from persllm.memory.store import EVERYONE
from persllm.messages import Message, Notes, render
from persllm.persona import Persona, Stage

EXCHANGES_AT_ONCE = 4
"""So many exchanges are forgotten together where a talk grows long, so that what is left stays
computed for some turns."""
TURNS_BEFORE = 4
"""A reply is none of so many turns before it again."""
KEPT_NOTES = 256
"""What came up for so many turns is kept."""
SCENE_SHARE = 4
"""A scene takes at most this part of the context; what is longer loses its end."""
NO_LIMITS = ReplyLimits(0)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A turn before it is answered."""

    said: str
    truth: str
    """What must be answered without the model: sincere questions about being a machine."""
    request: Request | None
    """What the engine is asked; None where `truth` answers."""
    recalled: list[Recalled]
    limits: ReplyLimits = NO_LIMITS
    """What the listener wants of the reply; the request also has room for the analysis."""
    language: str = "en"
    before: tuple[str, ...] = ()
    """The last turns: a reply is none of them again."""
    whole: bool = True
    """Whether the reply ends at a sentence: the caller set no limit of its own."""


class ChatPersona(EngineChatModel):
    """One persona at one stage.

    Messages are what was said: human turns are the partner's, AI turns the persona's own
    responses. A system message is a scene, added to the persona's header. Reply metadata hold
    `analysis`, `recalled` (id, text, source, similarity), `stage`, `adapter` and `seconds`.

    Call options: `cue` (recall by this text instead of the last turn), `context` (and by what it is
    about), `views` (what the persona thinks comes up before what it knows), `most` (at most so many
    passages, from 1), `without` (memory ids that must not come up again), `remember` (False: what
    is said is not kept), `conversation` (an id that is kept with what is remembered) and `in_play`
    (what is said is part of a play or a debate: a question about being a machine is no sincere one,
    and something always comes to mind).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True)

    persona: Persona
    stage_id: str | None = Field(default=None, alias="stage")
    """Stage id; the first stage if not given."""
    adapter: Path | None = None
    """Adapter folder; None asks the base alone."""
    base_profile: BaseProfile = BaseProfile(name="large")
    """How the engine's base is asked; what is not given below is taken from it."""
    partner: str = ""
    """The name of who is talking, where it is known; `audience` is their id."""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: list[str] | None = None

    _stage: Stage = PrivateAttr()
    _recall: Recall | None = PrivateAttr(default=None)
    _notes: dict[str, list[Recalled]] = PrivateAttr(default_factory=dict)
    """What came up for turns of late, by all that decides it."""
    _written: dict[str, list[tuple[Prepared, Reply]]] = PrivateAttr(default_factory=dict)
    """Replies of a batch, by what was said; each answers one input."""

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
                max_output_tokens=self.reply_tokens,
                tool_calling=False,
                structured_output=False,
                reasoning_output=False,
            )

    @property
    def stage(self) -> Stage:
        """The stage the persona speaks from."""
        return self._stage

    @property
    def reply_tokens(self) -> int:
        """Most tokens of a reply where a call says nothing else."""
        return self.max_tokens or self.base_profile.max_tokens

    @property
    def model_name(self) -> str:
        """`persona@stage`."""
        return f"{self.persona.id}@{self._stage.id}"

    @property
    def _llm_type(self) -> str:
        return "persllm"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        persona = f"{self.persona.digest()} {self.persona.disclosure}"
        return {**super()._identifying_params, "model": self.model_name, "persona": persona}

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
        written = self._written.get(said_key(messages))
        known = written.pop() if written else None
        ready = known[0] if known else self.prepare(messages, stop, **options)
        reading = self._reading(ready, known[1] if known else None)
        with closing(reading):
            reply = yield from as_chunks(reading)
        if options.get("remember", True):
            self._remember(ready, str(options.get("conversation", "")))
        yield closing_chunk(
            {
                "model_name": self.model_name,
                "finish_reason": reply.finish,
                "analysis": reply.analysis,
                "answered": reply.answered,
                "recalled": [recalled_row(each) for each in ready.recalled],
                "stage": self._stage.id,
                "adapter": str(self.adapter) if self.adapter else None,
                "seconds": round(time.monotonic() - started, 3),
            },
            reply,
        )

    def _reading(
        self, ready: Prepared, written: Reply | None
    ) -> Generator[str, None, FinishedReply]:
        request = ready.request
        if request is None:
            yield ready.truth
            return FinishedReply("", ready.truth, "stop", 0, 0, 0, answered=True)

        return (
            yield from unlike_before(
                lambda time: self._read(ready, request, None if time else written, time),
                ready.before,
            )
        )

    def _read(self, ready: Prepared, request: Request, written: Reply | None, time: int) -> Reading:
        """Read one draw of a reply."""

        def draw(number: int) -> Generator[Piece]:
            if written and number == 0:
                return unlooped(replayed(written))
            return unlooped(streamed(self._engine, asked_again(request, TRIES * time + number)))

        reading = read_reply(
            draw,
            ready.limits,
            engine=self._engine,
            prompt=request.messages,
            language=ready.language,
        )
        return ended_at_sentence(reading, ready.limits.max_tokens) if ready.whole else reading

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
        asked: list[tuple[str, Prepared]] = []
        for each in inputs:
            messages = self._convert_input(each).to_messages()
            with suppress(PersLLMError, ValueError):
                asked.append((said_key(messages), self.prepare(messages, **options)))
        rows = [(key, ready, ready.request) for key, ready in asked if ready.request]
        copy = self.model_copy()
        copy._written = {}
        size = most_at_once(config)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            with suppress(PersLLMError):
                replies = self._engine.generate([request for _, _, request in part])
                for (key, ready, _), reply in zip(part, replies, strict=True):
                    copy._written.setdefault(key, []).append((ready, reply))
        return copy

    def prepare(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        **options: Any,  # noqa: ANN401 (LangChain's own)
    ) -> Prepared:
        """Return what the engine would be asked; `persllm.agents.answering` asks many at once."""
        check_sampling(options)
        history, scene = history_of(messages)
        scene = first_tokens(self._engine, scene, self._engine.context // SCENE_SHARE)
        said = last_words(messages)
        truth = None if options.get("in_play") else truthful_answer(self.persona, said)
        if truth:
            return Prepared(said, truth, None, [])
        limits = self._limits(stop, options)
        request, recalled = self._request(history, scene, limits, options)
        before = tuple(message.content for message in history[-TURNS_BEFORE:])
        whole = options.get("max_tokens") is None
        language = self.persona.language
        return Prepared(said, "", request, recalled, limits, language, before, whole)

    def _recalled(
        self, history: Sequence[Message], start: int, options: Mapping[str, Any]
    ) -> dict[int, list[Recalled]]:
        """Return what comes up for each user turn from `start` on, by the turn's place.

        What came up for a turn stands before it as long as the talk remembers that turn, so it does
        not come up again later. A caller that chooses by `cue` or `without` keeps account itself,
        and what came up for earlier turns of its talk cannot be found again.
        """
        last = len(history) - 1
        without = frozenset(options.get("without") or ())
        kept = self.base_profile.keep_notes and not without and not options.get("cue")
        told: list[str] = []
        places = range(start, last + 1) if kept else (last,)
        found: dict[int, list[Recalled]] = {}
        for place in places if self._recall else ():
            if history[place].role == "user":
                cue = options.get("cue") if place == last else None
                query = _sought(cue, options) if cue else query_of(history[start : place + 1])
                unheard = without.union(self._told_from(history, place))
                found[place] = self._coming_up(query, unheard, told, options)
                told += [each.prompt_text for each in found[place]]
        return found

    def coming_up(self, cue: str, **options: Any) -> list[Recalled]:  # noqa: ANN401 (as a call's)
        """Return what would come up for a turn that is asked by a cue, best first.

        Args:
            cue: What is sought.
            options: Those of a call: `context`, `views`, `most`, `without`, `in_play`.
        """
        query = _sought(cue, options)
        return self._coming_up(query, frozenset(options.get("without") or ()), [], options)

    def _told_from(self, history: Sequence[Message], place: int) -> list[str]:
        """Return ids of what the visitor tells in a turn or after it: it was not known before."""
        turns = range(place, len(history)) if self.audience != EVERYONE else ()
        return [
            id_
            for at in turns
            if history[at].role == "user"
            for id_ in ids_told(
                history[at].content, history[at - 1].content if at else "", self.audience
            )
        ]

    def _coming_up(
        self,
        query: Query | None,
        without: frozenset[str],
        told: Sequence[str],
        options: Mapping[str, Any],
    ) -> list[Recalled]:
        if self._recall is None or query is None:
            return []
        forced, views = (bool(options.get(name)) for name in ("in_play", "views"))
        version = self.memory.version(self.audience)
        key = repr((query, sorted(without), told, self.audience, forced, views, version))
        if key not in self._notes:
            if len(self._notes) >= KEPT_NOTES:
                self._notes.clear()
            self._notes[key] = self._recall.recall(
                self.memory,
                query,
                stage=self.persona.stages.index(self._stage),
                audience=self.audience,
                without=without,
                told=told,
                forced=forced,
                views=views,
            )
        return self._notes[key][: options.get("most") or None]

    def _remember(self, ready: Prepared, conversation: str) -> None:
        """Keep what a known visitor told of himself; the persona's own words might be mistaken."""
        if self.memory is None or self.audience == EVERYONE:
            return
        hearing = Hearing(
            audience=self.audience,
            stage=self.persona.stages.index(self._stage),
            partner=self.partner,
            conversation=conversation,
        )
        try:
            earlier, before = ("", "", *ready.before[:-1])[-2:]
            remember(self.memory, ready.said, hearing, before=before, earlier=earlier)
        except MemoryStoreError as error:  # the reply has been given
            logger.warning("what a visitor told is not remembered: %s", error)

    def _limits(self, stop: list[str] | None, options: Mapping[str, Any]) -> ReplyLimits:
        most = int(self._value("max_tokens", options))
        return ReplyLimits(most, tuple(stop or self.stop or ()))

    def _request(
        self,
        history: Sequence[Message],
        scene: str,
        limits: ReplyLimits,
        options: dict[str, Any],
    ) -> tuple[Request, list[Recalled]]:
        thinks = self.base_profile.analysis != "none"
        max_tokens = limits.max_tokens + (analysis_room(self._engine) if thinks else 0)
        messages, recalled = self._fit(history, scene, max_tokens, options)
        request = Request(
            messages=messages,
            adapter=self.adapter,
            max_tokens=max_tokens,
            temperature=float(self._value("temperature", options)),
            top_p=float(self._value("top_p", options)),
            repetition_penalty=self.base_profile.repetition_penalty,
            seed=options.get("seed", self.seed),
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
        recalled: dict[int, list[Recalled]] = {}
        messages: tuple[Message, ...] = ()
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


def _sought(cue: str, options: Mapping[str, Any]) -> Query:
    """Return what is sought by a cue and what the call says that it is about."""
    return Query(cue, str(options.get("context", "")))
