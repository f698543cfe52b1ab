"""What any LangChain chat model over an engine of ours owes LangChain's users.

Tokens are counted by the engine, a cache is asked for what would be said again and for nothing
else, copies share the engine, and what cannot be had is refused by name.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from persllm.agents.history import as_counted
from persllm.engine import Engine, count_text
from persllm.errors import EngineError
from persllm.memory.store import EVERYONE

LIVE = ("engine", "memory")
"""Fields that copies share."""
NO_TOOLS = (
    "personas call no tools and write no JSON by a schema. Give the persona to an agent as a tool "
    "instead: docs/serving.md has an example."
)


class EngineChatModel(BaseChatModel):
    """A chat model whose words an engine writes."""

    engine: Any
    """An `Engine`."""
    memory: Any = None
    """A `MemoryStore`, or None."""
    audience: str = EVERYONE
    """Id of who is talking; if given, what they say is remembered and recalled for them only."""

    def model_post_init(self, context: object, /) -> None:
        """Refuse settings that no engine can follow.

        Raises:
            ValueError: Some are out of range; each is named.
        """
        super().model_post_init(context)
        check_sampling(self.__dict__)

    @property
    def _engine(self) -> Engine:
        engine: Engine = self.engine
        return engine

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """What a reply depends on: LangChain's caches keep replies by it."""
        own = set(type(self).model_fields) - set(BaseChatModel.model_fields) - {*LIVE, "persona"}
        told = {name: _plain(getattr(self, name)) for name in sorted(own)}
        memory = f"{type(self.memory).__name__} of {self.memory.count()}" if self.memory else None
        kind = f"{type(self._engine).__name__} of {self._engine.context}"
        told["stop_strings"] = told.pop("stop", None)  # LangChain's own `stop` is the call's
        return {**told, "engine": self._engine.name, "engine_kind": kind, "memory": memory}

    @property
    def _keeps_what_is_said(self) -> bool:
        """Whether a call leaves something behind, so that no cache may answer in its place."""
        return self.memory is not None and self.audience != EVERYONE

    def _generate_with_cache(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> ChatResult:
        asked = self.model_copy(update={"cache": False}) if self._keeps_what_is_said else self
        generate = BaseChatModel._generate_with_cache
        return generate(asked, messages, stop, run_manager, **kwargs)

    async def _agenerate_with_cache(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> ChatResult:
        asked = self.model_copy(update={"cache": False}) if self._keeps_what_is_said else self
        generate = BaseChatModel._agenerate_with_cache
        return await generate(asked, messages, stop, run_manager, **kwargs)

    def get_num_tokens(self, text: str) -> int:
        """Return how many tokens a text has, counted by the engine."""
        return count_text(self._engine, text)

    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Return how many tokens messages have as the engine's prompt; the header comes on top."""
        rows = as_counted(messages)
        try:
            return self._engine.count_tokens(rows) if rows else 0
        except EngineError:  # a template that takes no such beginning
            return sum(count_text(self._engine, row.content) for row in rows)

    def get_token_ids(self, text: str) -> list[int]:
        """Refuse: engines tell how many tokens there are, servers never which.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            "engines count tokens and do not tell their ids. Ask get_num_tokens, or the base's own "
            "tokenizer."
        )

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> NoReturn:
        """Refuse.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(NO_TOOLS)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> NoReturn:
        """Refuse.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(NO_TOOLS)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return a copy over the same engine and memory: they are not what is copied."""
        return self.model_copy()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled.

        Raises:
            TypeError: Always.
        """
        raise TypeError(
            f"a {type(self).__name__} holds a running engine and an open memory, which no pickle "
            "can. Send what it was opened with (persona, stage, base, audience) and call "
            "open_persona there."
        )


def check_sampling(given: Mapping[str, Any]) -> None:
    """Refuse settings out of range; None leaves a setting open.

    Raises:
        ValueError: Some are; each is named with its value and what would be right.
    """
    ranges: dict[str, tuple[Callable[[float], bool], str]] = {
        "max_tokens": (lambda value: value >= 1, "at least 1"),
        "temperature": (lambda value: value >= 0, "0 (greedy) or more"),
        "top_p": (lambda value: 0 < value <= 1, "above 0 and at most 1"),
        "recall": (lambda value: value >= 0, "0 (nothing) or more"),
    }
    faults = [
        f"{name} must be a number, {wanted}, got {value!r}"
        for name, (fits, wanted) in ranges.items()
        if (value := given.get(name)) is not None and not (_is_number(value) and fits(value))
    ]
    if faults:
        raise ValueError("; ".join(faults))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float) else str(value)
