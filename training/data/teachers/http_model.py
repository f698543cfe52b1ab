"""A teacher that speaks the OpenAI protocol, asked directly.

One connection pool and one POST a call: a fifth of the processor time that the openai and LangChain
clients take, which is what bounds a build when a server answers hundreds of calls at once
(`benchmarks/teacher_calls.py`). Nothing is followed: no redirect, no proxy of the environment. What
the server says of itself in an error reaches the user, cut short.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from persllm.errors import EngineError
from persllm.messages import Message
from persllm.training.data.teachers.errors import Broken, Busy, Unusable
from persllm.training.data.teachers.forms import Form, schema_of
from persllm.training.data.teachers.model import TOO_MANY, Reply

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS = 10.0
CALL_SECONDS = 180.0
MOST_WAIT = 120.0
"""Seconds; a server that asks for more is asked again after these."""
MOST_ANSWER_BYTES = 4 * 1024 * 1024
SHOWN = 300
"""Characters of a server's error that are shown."""


class HttpModel:
    """One model of one server.

    Args:
        address: Up to and with the version: "http://127.0.0.1:8000/v1".
        served: The model's name there.
        name: As the user named it.
        key: Sent as bearer token; empty for none.
        temperature: None leaves it to the server.
        most_tokens: Longest answer, in tokens; None leaves it to the server.
        call_seconds: After so long a call is given up and made again.
    """

    def __init__(
        self,
        address: str,
        served: str,
        *,
        name: str,
        key: str = "",
        temperature: float | None = None,
        most_tokens: int | None = None,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._url = f"{address.rstrip('/')}/chat/completions"
        self._name = name
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._asked: dict[str, Any] = {"model": served}
        if temperature is not None:
            self._asked["temperature"] = temperature
        if most_tokens is not None:
            self._asked["max_tokens"] = most_tokens
        self._call_seconds = call_seconds
        self._knows_schemas = True
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        """As the user named it."""
        return self._name

    @property
    def settings(self) -> str:
        """Everything sent beside the messages."""
        return json.dumps(self._asked, sort_keys=True)

    async def answer(self, messages: tuple[Message, ...], form: Form) -> Reply:
        """Return the answer. A server that knows no schemas is asked without, from then on."""
        schemas = self._knows_schemas
        status, headers, body = await self._post(self._body(messages, form if schemas else None))
        if status in (400, 422) and schemas and _is_about_schema(body):
            self._knows_schemas = False
            return await self.answer(messages, form)
        if status != 200:
            raise self._failure(status, headers, body)
        return _reply(body)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _body(self, messages: tuple[Message, ...], form: Form | None) -> bytes:
        asked = {**self._asked, "messages": [message.as_dict() for message in messages]}
        if form is not None:
            asked["response_format"] = _format_of(form)
        return json.dumps(asked, ensure_ascii=False).encode()

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        if self._session is None:
            self._session = self._opened()
        try:
            async with self._session.post(
                self._url, data=body, headers=self._headers, allow_redirects=False
            ) as response:
                declared = response.content_length or 0
                if declared > MOST_ANSWER_BYTES:
                    raise Unusable(f"an answer of {declared:,} bytes")
                return response.status, response.headers, await _read(response)
        except TimeoutError as error:
            raise Busy(f"no answer within {self._call_seconds:.0f} s") from error
        except aiohttp.InvalidURL as error:
            raise EngineError(f"{self._url} is no address: {error}") from error
        except aiohttp.ClientError as error:
            raise Broken(str(error) or type(error).__name__) from error

    def _opened(self) -> "aiohttp.ClientSession":
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=self._call_seconds, sock_connect=CONNECT_SECONDS)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30), timeout=timeout
        )

    def _failure(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        said = _said(body)
        if status == 429 and "insufficient_quota" in said:
            return EngineError(f"the teacher {self._name} has no credit left: {said}")
        if status in TOO_MANY:
            return Busy(f"{status} {said}", wait=_wait(headers))
        if status >= 500 or status in (408, 409, 425):
            return Broken(f"{status} {said}")
        if status in (400, 413, 422):
            return Unusable(f"{status} {said}")
        return EngineError(
            f"the teacher {self._name} at {self._url} answers {status}: {said}. "
            "Check the address, the model's name and the key in the environment."
        )


async def _read(response: "aiohttp.ClientResponse") -> bytes:
    """Return the body, which no server can make endless."""
    if response.content_length is not None:
        return await response.read()
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MOST_ANSWER_BYTES:
            raise Unusable(f"an answer of more than {MOST_ANSWER_BYTES:,} bytes")
    return bytes(body)


@cache
def _format_of(form: Form) -> dict[str, Any]:
    schema = {"name": form.__name__, "strict": True, "schema": schema_of(form)}
    return {"type": "json_schema", "json_schema": schema}


def _reply(body: bytes) -> Reply:
    try:
        answer = json.loads(body)
        text = answer["choices"][0]["message"]["content"]
        used = answer.get("usage") or {}
        numbers = int(used.get("prompt_tokens") or 0), int(used.get("completion_tokens") or 0)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Broken(f"an answer of another form: {body[:80]!r}") from error
    return Reply(text if isinstance(text, str) else "", *numbers)


def _is_about_schema(body: bytes) -> bool:
    said = body.lower()
    return any(word in said for word in (b"response_format", b"json_schema", b"extra_forbidden"))


def _said(body: bytes) -> str:
    """Return what a server says of an error, on one line."""
    text = body[: 4 * SHOWN].decode("utf-8", errors="replace")
    try:
        error = json.loads(body).get("error", text)
        text = f"{error.get('code') or ''} {error['message']}" if "message" in error else str(error)
    except (ValueError, AttributeError, KeyError, TypeError):
        pass
    return " ".join(text.split())[:SHOWN]


def _wait(headers: Mapping[str, str]) -> float:
    """Return the seconds that `Retry-After` names, as number or date."""
    named = headers.get("Retry-After", "")
    try:
        seconds = float(named)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(named) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(seconds, 0.0), MOST_WAIT) if seconds == seconds else 0.0
