"""What a server takes on: sizes, lengths, how many at once, and who may ask."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one server; what exceeds them is refused with a status that says so."""

    at_once: int = 32
    """Replies being written at one time; the engine makes a batch of them."""
    waiting: int = 256
    """Requests that wait for their turn; further ones are answered 429."""
    wait_seconds: float = 120.0
    """Longest wait for a turn, then 429."""
    reply_seconds: float = 600.0
    """Longest time one reply may take, then it ends."""
    body_bytes: int = MIB
    """Largest request; larger ones are answered 413."""
    max_tokens: int | None = None
    """Most tokens a request may ask for; half of the engine's context by default."""
    drain_seconds: float = 30.0
    """How long replies may go on after the server was told to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may ask."""

    keys: tuple[str, ...] = ()
    """Any of these, as a bearer token; empty: everyone."""
    origins: tuple[str, ...] = ()
    """Web pages of these origins may ask from a browser; "*" for all."""
