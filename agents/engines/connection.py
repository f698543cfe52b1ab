"""The way to an OpenAI-compatible server: calls that are repeated, errors that say what to do."""

import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from persllm.agents.engines.served import Address, Served, fault_of, served_models
from persllm.errors import EngineError

KEYS = ("PERSLLM_ENGINE_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold the server's key; the first that is set counts."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=300.0, pool=None)
MOST_CONNECTIONS = 256
TRIES = 4
"""Times a request is made before its first piece has come."""
FIRST_WAIT = 0.25
"""Seconds before the second try; each further wait is twice as long."""
LONGEST_WAIT = 10.0
AGAIN = {408, 429, 500, 502, 503, 504}
"""Answers after which another try may succeed."""
ADVICE = {
    401: f" Put its key into {KEYS[0]}.",
    403: f" Put its key into {KEYS[0]}.",
    429: " It is busy; ask later, or fewer at once.",
}


class Connection:
    """A server at an address; safe to use from many threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        key = next((os.environ[name] for name in KEYS if os.environ.get(name)), None)
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS),
            trust_env=urlsplit(address.url).hostname not in LOOPBACK,  # no proxy to this machine
        )

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    def models(self) -> dict[str, Served]:
        """Return what the server lists; nothing where it has no list.

        Raises:
            EngineError: It does not answer, wants a key, or is no such server.
        """
        answer = self._send("GET", f"{self.address.url}/models")
        if answer.status_code in {401, 403}:
            raise self.refusal(answer)
        try:
            return served_models(answer.json()) if answer.is_success else {}
        except ValueError as error:
            raise EngineError(
                f"{self.address.url}/models answers no JSON: {answer.text[:120]!r}. Is /v1 "
                "missing from the address?"
            ) from error

    def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Return the answer to a call beside /v1, whatever its status.

        Raises:
            EngineError: The server does not answer.
        """
        return self._send("POST", f"{self.address.root}{path}", body)

    @contextmanager
    def streamed(self, path: str, body: Mapping[str, Any]) -> Iterator[Iterator[bytes]]:
        """Yield an answer's bytes as they come; a try that fails before that is repeated.

        Raises:
            EngineError: The server does not answer, refuses, or hangs up in the middle.
        """
        request = self._client.build_request("POST", f"{self.address.url}{path}", json=body)
        for tried in range(1, TRIES + 1):
            try:
                answer = self._client.send(request, stream=True)
            except httpx.HTTPError as error:
                if tried == TRIES:
                    raise self._unreachable(error) from error
                _wait(tried, None)
                continue
            try:
                if answer.is_success:
                    yield self._received(answer)
                    return
                answer.read()
                if tried == TRIES or answer.status_code not in AGAIN:
                    raise self.refusal(answer)
            finally:
                answer.close()
            _wait(tried, answer.headers.get("Retry-After"))

    def refusal(self, answer: httpx.Response) -> "RefusedError":
        """Return the error for an answer that is none."""
        return RefusedError(
            f"{self.address.url} answered {answer.status_code}: {said(answer)}"
            + ADVICE.get(answer.status_code, ""),
            status=answer.status_code,
        )

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        try:
            return self._client.request(method, url, json=body)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _received(self, answer: httpx.Response) -> Iterator[bytes]:
        try:
            yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise EngineError(
                f"{self.address.url} hung up in the middle of a reply: {error}. Ask again."
            ) from error

    def _unreachable(self, error: Exception) -> EngineError:
        why = str(error) or type(error).__name__
        return EngineError(
            f"no server answers at {self.address.url}: {why}. Start it, or name another with "
            "--engine."
        )


class RefusedError(EngineError):
    """A server answered, and said no.

    Args:
        message: What it said.
        status: Its HTTP status.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


def said(answer: httpx.Response) -> str:
    """Return what an answer says is wrong."""
    try:
        return fault_of(answer.json())
    except ValueError:
        return answer.text[:200] or f"status {answer.status_code}"


def _wait(tried: int, asked: str | None) -> None:
    """Wait as long as the server asks, or longer with every try."""
    try:
        seconds = float(asked or "")
    except ValueError:
        seconds = FIRST_WAIT * 2 ** (tried - 1) * random.uniform(0.75, 1.25)
    time.sleep(min(max(seconds, 0.0), LONGEST_WAIT))
