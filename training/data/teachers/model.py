"""The seam to a chat model that is asked many times at once, and LangChain's models behind it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from persllm.errors import EngineError
from persllm.messages import Message
from persllm.training.data.teachers.errors import Broken, Busy
from persllm.training.data.teachers.forms import Form

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

TOO_MANY = (429, 503, 529)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, and what it took."""

    text: str
    tokens_in: int
    tokens_out: int


class ChatModel(Protocol):
    """Answers one conversation; many are asked at once from one event loop."""

    @property
    def name(self) -> str:
        """As the user named it: "openai:gpt-4o-mini"."""
        ...

    @property
    def settings(self) -> str:
        """What else its answers depend on, such as the temperature."""
        ...

    async def answer(self, messages: tuple[Message, ...], form: Form) -> Reply:
        """Return the answer; its text should be JSON of the form.

        Raises:
            Busy: The server wants fewer calls.
            Broken: No whole answer came.
            Unusable: This call will never be answered.
            EngineError: No call will ever be answered: a wrong key, address or name.
        """
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...


@dataclass(frozen=True, slots=True)
class LangChainModel:
    """Any LangChain chat model; its own client makes the call."""

    model: "BaseChatModel"
    name: str
    settings: str = ""

    async def answer(self, messages: tuple[Message, ...], form: Form) -> Reply:
        """Return the answer; the form is asked for in words only."""
        rows: Any = [message.as_dict() for message in messages]
        try:
            reply = await self.model.ainvoke(rows)
        except Exception as error:  # each provider has errors of its own
            raise _sorted(error, self.name) from error
        used = reply.usage_metadata
        return Reply(
            reply.text, used["input_tokens"] if used else 0, used["output_tokens"] if used else 0
        )

    async def close(self) -> None:
        """Nothing to give up: LangChain keeps its own connections."""


def _sorted(error: Exception, name: str) -> Exception:
    """Return what an error of some provider means."""
    status = getattr(error, "status_code", None)
    status = status or getattr(getattr(error, "response", None), "status_code", None)
    if status in TOO_MANY:
        return Busy(str(error))
    if isinstance(error, TimeoutError) or (isinstance(status, int) and status >= 500):
        return Broken(str(error))
    return EngineError(f"the teacher {name} failed: {error}")
