"""Who is talking: an id that is unique, and a name that is only shown.

Clients name their users in headers or in the body. A display name is no id: two people may have the
same one. Where a client tells a name alone it has to do for both.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote

from persllm.agents.serving.faults import bad_value

LONGEST_ID = 64
ID_HEADERS = ("X-Persllm-User", "X-OpenWebUI-User-Id")
"""Headers with an id; the first one that is given counts."""
NAME_HEADERS = ("X-Persllm-User-Name", "X-OpenWebUI-User-Name")


@dataclass(frozen=True, slots=True)
class User:
    """Who is talking; nobody in particular where the id is empty."""

    id: str = ""
    name: str = ""


NOBODY = User()


def user_of(headers: Mapping[str, str], *, field: str = "") -> User:
    """Return who is talking.

    Args:
        headers: Of the call.
        field: The body's `user`, an id; it counts where no header says who it is.

    Raises:
        Fault: The id is too long, or holds control characters.
    """
    told = _first(headers, ID_HEADERS)
    name = shown_name(_first(headers, NAME_HEADERS))
    if told or field.strip():
        return User(checked_id(told or field), name)
    return User(_id_of(name), name)


def checked_id(given: str) -> str:
    """Return an id as memories are kept by it.

    Raises:
        Fault: It is too long, or holds control characters.
    """
    given = given.strip()
    if len(given) > LONGEST_ID or not given.isprintable():
        raise bad_value(
            "user", f"at most {LONGEST_ID} printable characters, got {len(given)}: {given[:20]!r}"
        )
    return given


def shown_name(given: str) -> str:
    """Return a name as it may stand in a prompt: in one line, and not long."""
    plain = "".join(letter if letter.isprintable() else " " for letter in given)
    return " ".join(plain.split())[:LONGEST_ID].strip()


def _id_of(name: str) -> str:
    if len(name) < LONGEST_ID:
        return name
    return hashlib.sha256(name.encode()).hexdigest()[:LONGEST_ID]


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((_decoded(headers[name]) for name in names if headers.get(name)), "")


def _decoded(value: str) -> str:
    """Return a header's text: percent-encoded (Open WebUI), UTF-8 or Latin-1."""
    with suppress(UnicodeError):  # else it is Latin-1, as the web server read it
        value = value.encode("latin-1").decode("utf-8")
    return unquote(value)
