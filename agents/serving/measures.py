"""What a server counts, for Prometheus."""

from dataclasses import dataclass
from typing import Any

from persllm.errors import ServeError

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


@dataclass(frozen=True, slots=True)
class Measures:
    """Counters of one server."""

    registry: Any
    requests: Any
    """Answers, by model and status."""
    tokens: Any
    """Tokens, by kind: prompt or reply."""
    first_text: Any
    """Seconds from a request to the first text of its reply."""
    whole_reply: Any
    """Seconds from a request to the end of its reply."""
    hung_up: Any
    """Clients who left before the end."""
    running: Any
    """Replies being written."""
    waiting: Any
    """Requests that wait for a place."""

    def page(self) -> bytes:
        """Return the page that Prometheus reads."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


def new_measures() -> Measures:
    """Return counters at zero.

    Raises:
        ServeError: prometheus-client is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
    except ImportError as error:
        raise ServeError("serving needs its extra: pip install 'persllm[serve]'.") from error
    registry = CollectorRegistry()
    return Measures(
        registry=registry,
        requests=Counter("persllm_requests", "Answers.", ["model", "status"], registry=registry),
        tokens=Counter("persllm_tokens", "Tokens read and written.", ["kind"], registry=registry),
        first_text=Histogram(
            "persllm_first_text_seconds", "To the first text.", buckets=SECONDS, registry=registry
        ),
        whole_reply=Histogram(
            "persllm_reply_seconds", "To the end.", buckets=SECONDS, registry=registry
        ),
        hung_up=Counter("persllm_hung_up", "Clients who left early.", registry=registry),
        running=Gauge("persllm_running", "Replies being written.", registry=registry),
        waiting=Gauge("persllm_waiting", "Requests that wait.", registry=registry),
    )
