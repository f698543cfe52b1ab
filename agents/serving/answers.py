"""Answers in OpenAI's shapes, whole and as a stream."""

import json
import time
import uuid
from typing import Any

from persllm.agents.engines.served_adapters import OURS
from persllm.agents.serving.faults import Fault
from persllm.agents.serving.voices import Company, Spoken, Voice

DONE = b"data: [DONE]\n\n"


class Answer:
    """One answer's identity; makes its bodies.

    Args:
        model: Who was asked.
    """

    def __init__(self, model: str) -> None:
        self._model = model
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
            **_about(last),
        }

    def first(self) -> bytes:
        """Return the event that opens a stream."""
        return self._event({"role": "assistant", "content": ""})

    def more(self, text: str) -> bytes:
        """Return the event of some text."""
        return self._event({"content": text})

    def last(self, spoken: Spoken) -> bytes:
        """Return the event that says why the reply ended, and what it came from."""
        return self._event({}, finish=spoken.finish, extra=_about(spoken))

    def counts(self, spoken: Spoken) -> bytes:
        """Return the event with the counts, for clients who asked for it."""
        return event({**self._head("chat.completion.chunk"), "choices": [], "usage": usage(spoken)})

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


def fault_event(fault: Fault) -> bytes:
    """Return what ends a stream that failed after it had begun."""
    return event(fault.body)


def usage(last: Spoken) -> dict[str, int]:
    """Return the counts of a reply."""
    return {
        "prompt_tokens": last.prompt_tokens,
        "completion_tokens": last.new_tokens,
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


def _about(last: Spoken) -> dict[str, Any]:
    return {OURS: last.about} if last.about else {}
