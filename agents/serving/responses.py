"""OpenAI's Responses API over personas: what newer clients and the Agents SDK send.

Nothing is kept between calls: the whole talk comes with each of them. What would need more than
that (`previous_response_id`, background work, tools, files) is refused by name.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Literal

from langchain_core.messages import BaseMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from persllm.agents.serving.answers import about
from persllm.agents.serving.asked import (
    MOST_MESSAGES,
    Asked,
    Count,
    Fraction,
    Part,
    Row,
    Temperature,
    listed,
    messages_from,
)
from persllm.agents.serving.faults import Fault, bad_value
from persllm.agents.serving.nudges import is_task
from persllm.agents.serving.users import User
from persllm.agents.serving.voices import Spoken

UNHEARD = {"reasoning"}
"""Items of an input that are no turns."""


class Item(BaseModel):
    """One item of the input."""

    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: str | list[Part] | None = None


class TextFormat(BaseModel):
    """How the text is wanted."""

    format: dict[str, Any] | None = None


class ResponseRequest(BaseModel):
    """The body of /v1/responses."""

    model_config = ConfigDict(extra="ignore")

    model: str
    input: str | list[Item]
    instructions: str | None = None
    stream: bool | None = False
    max_output_tokens: Count | None = None
    temperature: Temperature | None = None
    top_p: Fraction | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: Any = None
    previous_response_id: str | None = None
    conversation: Any = None
    background: bool | None = False
    tools: list[Any] | None = None
    tool_choice: Any = None
    text: TextFormat | None = None


def read_response_wanted(body: bytes, *, who: Callable[[str], User]) -> Asked:
    """Read a request's body.

    Args:
        body: JSON.
        who: Tells who is talking from the body's `user`.

    Raises:
        Fault: It is no JSON, fields are wrong (all are listed), or it wants what is not offered.
    """
    try:
        request = ResponseRequest.model_validate_json(body)
    except ValidationError as error:
        raise listed(error) from error
    _refuse_what_is_missing(request)
    messages = _messages(request)
    return Asked(
        model=request.model,
        messages=messages,
        stream=bool(request.stream),
        with_usage=True,
        max_tokens=request.max_output_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        seed=None,
        stop=None,
        user=who(request.safety_identifier or request.user or ""),
        task=is_task(messages, request.metadata),
    )


def _messages(request: ResponseRequest) -> list[BaseMessage]:
    given = request.input
    items = [Item(role="user", content=given)] if isinstance(given, str) else given
    if len(items) > MOST_MESSAGES or not items:
        raise bad_value("input", f"from 1 to {MOST_MESSAGES} items, got {len(items)}")
    rows = []
    for item in items:
        if item.type in UNHEARD:
            continue
        if item.type != "message" or item.role is None:
            raise bad_value("input", f"a persona hears messages only, got {item.type!r:.40}")
        rows.append(Row(role=item.role, content=item.content))
    scene = [SystemMessage(request.instructions)] if request.instructions else []
    return [*scene, *messages_from(rows)]


def _refuse_what_is_missing(request: ResponseRequest) -> None:
    kind = ((request.text and request.text.format) or {}).get("type", "text")
    kept = "no talk is kept here; send all of it as input"
    wanted = {
        "previous_response_id": request.previous_response_id and kept,
        "conversation": request.conversation and kept,
        "background": request.background and "replies come at once; leave it out",
        "tools": (
            request.tools
            and request.tool_choice != "none"
            and "personas call no tools; give the persona to an agent as a tool instead"
        ),
        "text": kind != "text" and f"personas answer in plain text, got {kind!r:.40}",
    }
    for parameter, fault in wanted.items():
        if fault:
            raise bad_value(parameter, fault)


class ResponsesAnswer:
    """One answer's identity; makes its bodies."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._id = f"resp_{uuid.uuid4().hex}"
        self._item = f"msg_{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._number = 0

    def whole(self, text: str, last: Spoken) -> dict[str, Any]:
        """Return the body of an answer that is not streamed."""
        status = "incomplete" if last.finish == "length" else "completed"
        reason = {"reason": "max_output_tokens"} if status == "incomplete" else None
        return {
            **self._head(status),
            "incomplete_details": reason,
            "output": [self._message(text, status)],
            "usage": _usage(last),
            **about(last),
        }

    def opening(self) -> Iterator[bytes]:
        """Yield the events that open a stream."""
        head = self._head("in_progress")
        yield self._event("response.created", response=head)
        yield self._event("response.in_progress", response=head)
        item = self._message(None, "in_progress")
        yield self._event("response.output_item.added", output_index=0, item=item)
        yield self._place("response.content_part.added", part=_text_part(""))

    def more(self, text: str) -> bytes:
        """Return the event of some text."""
        return self._place("response.output_text.delta", delta=text, logprobs=[])

    def closing(self, text: str, last: Spoken) -> Iterator[bytes]:
        """Yield the events that end a stream; the last one holds the whole answer."""
        body = self.whole(text, last)
        yield self._place("response.output_text.done", text=text, logprobs=[])
        yield self._place("response.content_part.done", part=_text_part(text))
        item = body["output"][0]
        yield self._event("response.output_item.done", output_index=0, item=item)
        yield self._event(f"response.{body['status']}", response=body)

    def failed(self, fault: Fault) -> bytes:
        """Return what ends a stream that failed after it had begun."""
        error = {"code": "server_error", "message": fault.message}
        return self._event("response.failed", response={**self._head("failed"), "error": error})

    def _head(self, status: str) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "model": self._asked.model,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "output": [],
            "parallel_tool_calls": False,
            "tool_choice": "none",
            "tools": [],
            "temperature": self._asked.temperature,
            "top_p": self._asked.top_p,
            "max_output_tokens": self._asked.max_tokens,
            "text": {"format": {"type": "text"}},
            "usage": None,
        }

    def _message(self, text: str | None, status: str) -> dict[str, Any]:
        return {
            "id": self._item,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": [] if text is None else [_text_part(text)],
        }

    def _place(self, kind: str, **fields: Any) -> bytes:  # noqa: ANN401 (JSON)
        where = {"item_id": self._item, "output_index": 0, "content_index": 0}
        return self._event(kind, **where, **fields)

    def _event(self, kind: str, **fields: Any) -> bytes:  # noqa: ANN401 (JSON)
        body = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return f"event: {kind}\ndata: {json.dumps(body)}\n\n".encode()


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(last: Spoken) -> dict[str, Any]:
    return {
        "input_tokens": last.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": last.new_tokens,
        "output_tokens_details": {"reasoning_tokens": last.analysis_tokens},
        "total_tokens": last.prompt_tokens + last.new_tokens,
    }
