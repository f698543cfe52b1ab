"""What a client asks, in OpenAI's words, and what of it a persona can do.

Fields that nobody here knows are ignored, so that every client connects. What would change the
reply and cannot be had (tools, log-probabilities, images, several choices) is refused by name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from persllm.agents.history import TOOL_RESULTS, UNSPOKEN
from persllm.agents.serving.faults import Fault, bad_value
from persllm.agents.serving.nudges import is_task
from persllm.agents.serving.users import NOBODY, User, shown_name

MOST_MESSAGES = 4096
MOST_STOPS = 16
LONGEST_STOP = 256
SEEDS = 2**32
"""Seeds beyond are taken modulo this: torch and numpy agree on what is left."""

Count = Annotated[int, Field(ge=1, le=2**31)]
Fraction = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]


class Part(BaseModel):
    """One part of a message's content."""

    type: str
    text: str | None = None


class Row(BaseModel):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    name: Annotated[str, AfterValidator(shown_name)] | None = None

    @property
    def text(self) -> str:
        """The content in one piece.

        Raises:
            Fault: A part is no text.
        """
        if isinstance(self.content, list):
            heard = [part for part in self.content if part.type not in UNSPOKEN]
            for part in heard:
                if part.text is None:
                    raise bad_value("messages", f"a persona reads text only, got {part.type!r:.40}")
            return "\n".join(part.text or "" for part in heard)
        return self.content or ""

    @property
    def is_heard(self) -> bool:
        """Whether it is part of the talk: not what tools answered, nor a turn without words."""
        return self.role not in TOOL_RESULTS and (self.role != "assistant" or bool(self.text))


class StreamOptions(BaseModel):
    """What a stream tells beside the text."""

    include_usage: bool | None = False


def _as_text(given: object) -> object:
    """Return a number as text: ids of some clients are numbers."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _stops(given: str | list[str] | None) -> str | list[str] | None:
    stops = [given] if isinstance(given, str) else given or []
    if len(stops) > MOST_STOPS or any(len(stop) > LONGEST_STOP for stop in stops):
        raise ValueError(
            f"at most {MOST_STOPS} stop strings of {LONGEST_STOP} characters, got {len(stops)}"
        )
    return given


class ChatRequest(BaseModel):
    """The body of /v1/chat/completions."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[Row] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    temperature: Temperature | None = None
    top_p: Fraction | None = None
    seed: int | None = None
    stop: Annotated[str | list[str] | None, AfterValidator(_stops)] = None
    user: Annotated[str, BeforeValidator(_as_text)] | None = None
    n: int | None = 1
    logprobs: bool | None = False
    tools: list[Any] | None = None
    tool_choice: Any = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    metadata: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that can be answered."""

    model: str
    messages: list[BaseMessage]
    stream: bool
    with_usage: bool
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    seed: int | None
    stop: list[str] | None
    user: User = NOBODY
    task: bool = False
    """Whether the client asks for itself: the base answers, and nothing is remembered."""

    @property
    def options(self) -> dict[str, Any]:
        """What `ChatPersona` takes beside messages and stops."""
        named = {
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
        }
        return {name: value for name, value in named.items() if value is not None}


def read_asked(body: bytes, *, who: Callable[[str], User]) -> Asked:
    """Read a request's body.

    Args:
        body: JSON.
        who: Tells who is talking from the body's `user`.

    Raises:
        Fault: It is no JSON, fields are wrong (all are listed), or it wants what is not offered.
    """
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise listed(error) from error
    _refuse_what_is_missing(request)
    stops = [request.stop] if isinstance(request.stop, str) else request.stop
    options = request.stream_options
    if all(row.role in TOOL_RESULTS for row in request.messages):
        raise bad_value("messages", "a persona answers what is said to it, got tools' answers only")
    messages = messages_from(request.messages)
    return Asked(
        model=request.model,
        messages=messages,
        stream=bool(request.stream),
        with_usage=bool(options and options.include_usage),
        max_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        seed=None if request.seed is None else request.seed % SEEDS,
        stop=[stop for stop in stops or [] if stop] or None,
        user=who(request.user or ""),
        task=is_task(messages, request.metadata),
    )


class Counted(BaseModel):
    """The body of /tokenize, as far as it matters here."""

    messages: list[Row] = Field(max_length=MOST_MESSAGES)


def messages_of(body: bytes) -> list[BaseMessage]:
    """Return the messages of a body.

    Raises:
        Fault: It has none that can be read.
    """
    try:
        return messages_from(Counted.model_validate_json(body).messages)
    except ValidationError as error:
        raise listed(error) from error


def messages_from(rows: Sequence[Row]) -> list[BaseMessage]:
    """Return a body's messages as LangChain's.

    Raises:
        Fault: One holds something else than text.
    """
    kinds: dict[str, Callable[[Row], BaseMessage]] = {
        "user": lambda row: HumanMessage(row.text, name=row.name),
        "assistant": lambda row: AIMessage(row.text),
        "system": lambda row: SystemMessage(row.text),
        "developer": lambda row: SystemMessage(row.text),
    }
    return [kinds[row.role](row) for row in rows if row.is_heard]


def _refuse_what_is_missing(request: ChatRequest) -> None:
    kind = (request.response_format or {}).get("type", "text")
    wanted = {
        "n": request.n not in {None, 1} and f"one choice is offered, got {request.n}",
        "logprobs": request.logprobs and "log-probabilities are not offered; leave them out",
        "tools": (
            request.tools
            and request.tool_choice != "none"
            and "personas call no tools; give the persona to an agent as a tool instead"
        ),
        "functions": request.functions and "personas call no functions",
        "response_format": kind != "text" and f"personas answer in plain text, got {kind!r:.40}",
    }
    for parameter, fault in wanted.items():
        if fault:
            raise bad_value(parameter, fault)


def listed(error: ValidationError) -> Fault:
    """Return all that is wrong with a body as one refusal."""
    faults = error.errors(include_url=False, include_input=False)
    where = [".".join(map(str, fault["loc"])) for fault in faults]
    told = [
        f"{place}: {fault['msg']}" if place else f"the body is no JSON object: {fault['msg']}"
        for place, fault in zip(where, faults, strict=True)
    ]
    kept = told[:10] + ([f"and {len(told) - 10} more"] if len(told) > 10 else [])
    return Fault(
        400, "; ".join(kept)[:2000], code="invalid_value", parameter=where[0].split(".")[0] or None
    )
