"""What an OpenAI-compatible server is asked over the wire, and what it says of itself."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from persllm.errors import EngineError

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of one event; a server that sends more is no model server."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, as "http://host:port/v1?context=8192#model" names it."""

    url: str
    """With its path, such as /v1, without a slash at the end."""
    model: str
    """The base's name on the server; empty where the server has only one."""
    context: int | None
    """Tokens that the server holds, where the user says so."""

    @property
    def root(self) -> str:
        """The server without /v1: vLLM has /tokenize there."""
        return self.url.removesuffix("/v1")


@dataclass(frozen=True, slots=True)
class Served:
    """One model of a server's list."""

    name: str
    owner: str
    parent: str | None
    """The base of an adapter; None for a base."""
    root: str | None
    """Folder or hub id it was loaded from, where the server tells."""
    context: int | None


def is_address(text: str) -> bool:
    """Tell whether the text names a server."""
    return text.startswith(("http://", "https://"))


def parse_address(text: str) -> Address:
    """Read an address.

    Raises:
        EngineError: It is none.
    """
    parts = urlsplit(text)
    query = dict(parse_qsl(parts.query))
    context = query.pop("context", None)
    if not is_address(text) or not parts.hostname or (context and not context.isdecimal()):
        raise EngineError(
            f"{text!r} is no address of a server. Write 'http://127.0.0.1:8000/v1#model', or "
            "'http://127.0.0.1:8000/v1?context=8192#model' where the server does not tell its "
            "context."
        )
    url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), urlencode(query), ""))
    return Address(url, parts.fragment, int(context) if context else None)


def served_models(answer: Any) -> dict[str, Served]:  # noqa: ANN401 (JSON)
    """Return the models of an answer to /v1/models by name, without what cannot be read."""
    rows = answer.get("data") if isinstance(answer, dict) else None
    found = {}
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            context = row.get("max_model_len")
            found[row["id"]] = Served(
                name=row["id"],
                owner=str(row.get("owned_by", "")),
                parent=row.get("parent"),
                root=row.get("root"),
                context=context if isinstance(context, int) else None,
            )
    return found


def events(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the JSON of server-sent events until [DONE]; a whole answer is one event.

    Lines end at line feeds only: httpx would also split at characters that JSON may hold.

    Raises:
        EngineError: The server sends something else, or an error, or hangs up in the middle.
    """
    begun, ended, name, rest = False, False, b"", b""
    for line in _lines(chunks):
        if line.startswith(b"event:"):
            name = line[6:].strip()
        elif not line.startswith(b"data:"):
            if line.strip() and not line.startswith((b":", b"id:", b"retry:")) and not begun:
                rest = _joined(rest, line)
            continue
        else:
            begun, data = True, line[5:].strip()
            if data == b"[DONE]":
                return
            event = _read(data)
            if name == b"error" or event.get("error"):
                raise EngineError(f"the server stopped in the middle: {fault_of(event)}")
            name = b""
            ended = ended or _has_ended(event)
            yield event
    if not begun and rest:
        yield _whole(rest)
    elif not ended:
        raise EngineError("the server hung up in the middle of a reply. Ask again.")


def _read(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except ValueError as error:
        raise EngineError(f"the server sent no JSON in its stream: {data[:120]!r}") from error
    return event if isinstance(event, dict) else {}


def _whole(body: bytes) -> dict[str, Any]:
    """Return the answer of a server that streams nothing."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and answer.get("choices"):
        return answer
    if isinstance(answer, dict) and answer.get("error"):
        raise EngineError(f"the server answered with an error: {fault_of(answer)}")
    raise EngineError(
        f"the server answered with something else than a reply: {body[:120]!r}. Is the address "
        "right, and does it need a login?"
    )


def _has_ended(event: dict[str, Any]) -> bool:
    return any(choice.get("finish_reason") for choice in event.get("choices") or [])


def _joined(rest: bytes, line: bytes) -> bytes:
    if len(rest) + len(line) > LONGEST_LINE:
        raise EngineError(f"the server sent more than {LONGEST_LINE} bytes that are no event")
    return rest + line + b"\n"


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        *lines, held = (held + chunk).split(b"\n")
        yield from lines
        if len(held) > LONGEST_LINE:
            raise EngineError(f"the server sent a line of more than {LONGEST_LINE} bytes")
    yield held


def fault_of(body: Any) -> str:  # noqa: ANN401 (JSON)
    """Return what a server's error body says, whatever its shape."""
    error = body.get("error", body) if isinstance(body, dict) else body
    said = error.get("message", error) if isinstance(error, dict) else error
    return str(said)[:500]
