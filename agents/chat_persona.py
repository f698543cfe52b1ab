"""A persona as a LangChain chat model: adapter, stage and memory behind one `BaseChatModel`."""

import time
from bisect import bisect_left
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
from persllm.agents.reply_reading import (
    FinishedReply,
    ReplyLimits,
    analysis_room,
    asked_again,
    first_tokens,
    read_reply,
)
from persllm.engine import Piece, Reply, Request
from persllm.errors import PersLLMError, TooLongError
from persllm.fitting import comes_to_mind
from persllm.memory.store import EVERYONE, Memory, MemoryStore, Recalled
from persllm.messages import Message, render
from persllm.persona import Persona, Stage

WORDS_OF_CONTEXT = 9
"""What is recalled may take one word of every nine tokens of context (METHOD 2.4 has budgets in
words for one large model; ours follow the model)."""

HISTORY_SHARE = 0.4
"""A prompt beyond this share of the context loses its oldest exchanges: bases read the far end of
their context badly, small ones first."""

NO_REPLY = ReplyLimits(max_tokens=0)
SCENE_SHARE = 4
"""A scene takes at most this part of the context; what is longer loses its end."""
A_VISITOR = "A visitor"
"""Whose words they were, where only an id is known."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A turn before it is answered."""

    said: str
    truth: str
    """What must be answered without the model: sincere questions about being a machine."""
    request: Request | None
    """What the engine is asked; None where `truth` answers."""
    recalled: list[Recalled]
    limits: ReplyLimits = NO_REPLY
    """What the listener wants of the reply; the request also has room for the analysis."""
    language: str = "en"


class ChatPersona(EngineChatModel):
    """One persona at one stage.

    Messages are what was said: human turns are the partner's, AI turns the persona's own
    responses. A system message is a scene, added to the persona's header. Reply metadata hold
    `analysis`, `recalled` (id, text, source, similarity), `stage`, `adapter` and `seconds`.

    Call options: `cue` (recall by this text instead of the last turn), `without` (memory ids that
    must not come up again), `remember` (False: what is said is not kept) and `in_play` (what is
    said is part of a play or a debate: a question about being a machine is no sincere one, and
    something always comes to mind).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True)

    persona: Persona
    stage_id: str | None = Field(default=None, alias="stage")
    """Stage id; the first stage if not given."""
    adapter: Path | None = None
    """Adapter folder; None asks the base alone."""
    recall: int = 3
    """Most memories set before a turn: the best, and those that fit nearly as well."""
    partner: str = ""
    """The name of who is talking, where it is known; `audience` is their id."""
    temperature: float = 0.0
    top_p: float = 0.95
    max_tokens: int = 160
    seed: int | None = None
    stop: list[str] | None = None

    _stage: Stage = PrivateAttr()
    _written: dict[str, list[tuple[Prepared, Reply]]] = PrivateAttr(default_factory=dict)
    """Replies of a batch, by what was said; each answers one input."""

    def model_post_init(self, context: object, /) -> None:
        """Refuse an unknown stage at once; declare what personas cannot do.

        Raises:
            PersonaError: The persona has no such stage.
        """
        super().model_post_init(context)
        self._stage = self.persona.stage(self.stage_id)
        if self.profile is None:
            self.profile = ModelProfile(
                text_inputs=True,
                text_outputs=True,
                max_output_tokens=self.max_tokens,
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
            self._remember(ready.said)
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

        def draw(number: int) -> Generator[Piece]:
            if written and number == 0:
                return unlooped(replayed(written))
            return unlooped(streamed(self._engine, asked_again(request, number)))

        return (
            yield from read_reply(
                draw,
                ready.limits,
                engine=self._engine,
                prompt=request.messages,
                language=ready.language,
            )
        )

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
        recalled = self._recall(options.get("cue") or said, options)
        limits = self._limits(stop, options)
        request = self._request(history, scene, recalled, limits, options)
        return Prepared(said, "", request, recalled, limits, self.persona.language)

    @property
    def _remembers(self) -> bool:
        return self.memory is not None and self.recall > 0

    def _recall(self, cue: str, options: dict[str, Any]) -> list[Recalled]:
        """Return what fits nearly as well as the best, within what the context affords."""
        if not self._remembers:
            return []
        store: MemoryStore = self.memory
        found = store.recall(
            cue,
            stage=self.persona.stages.index(self._stage),
            count=self.recall,
            audience=self.audience,
            without=frozenset(options.get("without") or ()),
        )
        kept: list[Recalled] = []
        words = 0
        for each in found:
            words += len(each.memory.text.split())
            full = kept and words > self._engine.context // WORDS_OF_CONTEXT
            must = not kept and options.get("in_play")  # who debates speaks, however far it lies
            if full or not (must or comes_to_mind(each.fitness, found[0].fitness)):
                break
            kept.append(each)
        return kept

    def _remember(self, said: str) -> None:
        """Keep what a named partner said; the persona's own words might be mistaken."""
        if self.memory is None or self.audience == EVERYONE:
            return
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        whose = self.partner or A_VISITOR
        self.memory.add(
            [
                Memory(
                    id=f"episode-{time.time_ns()}",
                    text=f"{whose} told me: {said}",
                    kind="episode",
                    stage=self.persona.stages.index(self._stage),
                    source=f"{whose}, {when}",
                    audience=self.audience,
                )
            ]
        )

    def _limits(self, stop: list[str] | None, options: Mapping[str, Any]) -> ReplyLimits:
        given = options.get("max_tokens")
        most = self.max_tokens if given is None else int(given)
        return ReplyLimits(most, tuple(stop or self.stop or ()))

    def _request(
        self,
        history: Sequence[Message],
        scene: str,
        recalled: list[Recalled],
        limits: ReplyLimits,
        options: dict[str, Any],
    ) -> Request:
        max_tokens = limits.max_tokens + analysis_room(self._engine)
        temperature, top_p = options.get("temperature"), options.get("top_p")
        return Request(
            messages=self._fit(history, scene, recalled, max_tokens),
            adapter=self.adapter,
            max_tokens=max_tokens,
            temperature=self.temperature if temperature is None else float(temperature),
            top_p=self.top_p if top_p is None else float(top_p),
            seed=options.get("seed", self.seed),
            end_circles=True,
        )

    def _fit(
        self,
        history: Sequence[Message],
        scene: str,
        recalled: list[Recalled],
        max_tokens: int,
    ) -> tuple[Message, ...]:
        """Render; drop the oldest exchanges, then memories, until prompt and reply fit well.

        Memories that are dropped leave `recalled`: what was not in the prompt did not come up.

        Raises:
            TooLongError: The last turn alone is too long.
        """
        room = self._engine.context - max_tokens
        good = min(room, int(self._engine.context * HISTORY_SHARE))
        *longer, shortest = beginnings(history)
        nothing = () if self._remembers and not recalled else None  # what gives way was recalled

        def prompt(start: int) -> tuple[Message, ...]:
            texts = [each.told for each in recalled] or nothing
            kept = history[start:]
            return render(self.persona, self._stage, kept, recalled=texts, scene=scene)

        def fits(start: int) -> bool:
            return self._engine.count_tokens(prompt(start)) <= good

        if longer and fits(longer[0]):
            return prompt(longer[0])
        at = bisect_left(longer, True, lo=1, key=fits) if longer else 0
        if at < len(longer):
            return prompt(longer[at])
        while (length := self._engine.count_tokens(whole := prompt(shortest))) > room:
            if not recalled:
                raise TooLongError(
                    f"what was said takes {length} tokens and the reply may take {max_tokens}; "
                    f"{self._engine.name} holds {self._engine.context}. Say it in fewer words."
                )
            recalled.pop()
        return whole
