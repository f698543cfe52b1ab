"""Answers in the shapes of OpenAI's chat completions, whole and as a stream."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

from persllm.agents.engines.served_adapters import OURS
from persllm.agents.serving.faults import Fault
from persllm.agents.serving.voices import Company, Spoken, Voice

DONE = b"data: [DONE]\n\n"


class AnswerFormat(Protocol):
    """Makes the bodies of one answer; each of OpenAI's interfaces has its own."""

    def whole(self, text: str, last: Spoken) -> dict[str, Any]:
        """Return the body of an answer that is not streamed."""
        ...

    def opening(self) -> Iterator[bytes]:
        """Yield the events that open a stream."""
        ...

    def more(self, text: str) -> bytes:
        """Return the event of some text."""
        ...

    def closing(self, text: str, last: Spoken) -> Iterator[bytes]:
        """Yield the events that end a stream.

        Args:
            text: All of it.
            last: Why it ended, with the counts.
        """
        ...

    def failed(self, fault: Fault) -> bytes:
        """Return what ends a stream that failed after it had begun."""
        ...


class ChatAnswer:
    """One answer's identity; makes its bodies.

    Args:
        model: Who was asked.
        with_usage: Whether a stream ends with the counts.
    """

    def __init__(self, model: str, *, with_usage: bool = False) -> None:
        self._model = model
        self._with_usage = with_usage
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def whole(self, text: str, last: Spoken) -> dict[str, Any]:
        """Return the body of an answer that is not streamed."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "logprobs": None,
            "finish_reason": last.finish,
        }
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": usage(last),
            **about(last),
        }

    def opening(self) -> Iterator[bytes]:
        """Yield the event that opens a stream."""
        yield self._event({"role": "assistant", "content": ""})

    def more(self, text: str) -> bytes:
        """Return the event of some text."""
        return self._event({"content": text})

    def closing(self, text: str, last: Spoken) -> Iterator[bytes]:
        """Yield why the reply ended and what it came from, and the counts where asked for."""
        yield self._event({}, finish=last.finish, extra=about(last))
        if self._with_usage:
            head = self._head("chat.completion.chunk")
            yield event({**head, "choices": [], "usage": usage(last)})
        yield DONE

    def failed(self, fault: Fault) -> bytes:
        """Return what ends a stream that failed after it had begun."""
        return event(fault.body)

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    def _event(
        self,
        delta: dict[str, str],
        *,
        finish: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = self._head("chat.completion.chunk")
        return event({**head, "choices": [choice], **(extra or {})})


def event(body: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def usage(last: Spoken) -> dict[str, Any]:
    """Return the counts of a reply; its analysis is what OpenAI calls reasoning."""
    return {
        "prompt_tokens": last.prompt_tokens,
        "completion_tokens": last.new_tokens,
        "completion_tokens_details": {"reasoning_tokens": last.analysis_tokens},
        "total_tokens": last.prompt_tokens + last.new_tokens,
    }


def model_list(company: Company, created: int) -> dict[str, Any]:
    """Return the body of /v1/models."""
    rows = [model_row(company, name, voice, created) for name, voice in company.voices.items()]
    return {"object": "list", "data": rows}


def model_row(company: Company, name: str, voice: Voice, created: int) -> dict[str, Any]:
    """Return one entry of the list."""
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": OURS,
        "parent": voice.parent,
        "max_model_len": company.engine.context,
    }


def about(last: Spoken) -> dict[str, Any]:
    """Return what the reply came from, as a field of ours."""
    return {OURS: last.about} if last.about else {}
