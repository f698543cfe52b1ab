"""Servers for tests: the real one over a scripted engine, and one that answers what it is told."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.serving.application import build_application
from persllm.agents.serving.limits import Access, Limits
from persllm.agents.serving.listen import DrainingServer
from persllm.agents.serving.service import Service
from persllm.agents.serving.vllm_process import free_port
from persllm.agents.serving.voices import Company
from persllm.engine import Engine, Piece, Reply, Request, whole
from persllm.messages import Message
from persllm.persona_catalog import find_persona

TESLA = find_persona("nikola-tesla")
PATIENCE = 20.0
"""Seconds after which what should happen did not."""


class SlowEngine:
    """Writes a word every few milliseconds, and knows how many replies it is writing."""

    def __init__(self, words: int = 400, *, seconds: float = 0.01) -> None:
        self.words, self.seconds = words, seconds
        self.writing = 0
        self.most_writing = 0
        self._lock = threading.Lock()

    name, context = "slow", 4096

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def stream(self, request: Request) -> Iterator[Piece]:
        self._count(1)
        try:
            for number in range(self.words):
                time.sleep(self.seconds)
                yield Piece(f"word{number} ")
            yield Piece("", "stop", self.count_tokens(request.messages), self.words)
        finally:
            self._count(-1)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        return [whole(self.stream(request)) for request in requests]

    def _count(self, change: int) -> None:
        with self._lock:
            self.writing += change
            self.most_writing = max(self.most_writing, self.writing)


def company_of(engine: Engine, **settings: Any) -> Company:  # noqa: ANN401 (ChatPersona's own)
    chats = [
        ChatPersona(persona=TESLA, engine=engine, stage=stage.id, **settings)
        for stage in TESLA.stages
    ]
    return Company(engine, chats)


class Running:
    """A server under test."""

    def __init__(self, url: str, server: DrainingServer, service: Service) -> None:
        self.url, self.server, self.service = url, server, service


@contextmanager
def served(
    company: Company, *, limits: Limits | None = None, access: Access | None = None
) -> Iterator[Running]:
    """Serve at a free port; when the block is left, the server is told to stop and ends."""
    app = build_application(company, limits=limits, access=access)
    port = free_port()
    drain = limits.drain_seconds if limits else 5.0
    server = DrainingServer(app, host="127.0.0.1", port=port, drain_seconds=drain)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    try:
        yield Running(f"http://127.0.0.1:{port}", server, app.state.service)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the server did not end"


def eventually(true: Callable[[], bool]) -> None:
    """Wait until it is so.

    Raises:
        AssertionError: It did not become so.
    """
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, "it never became so"
        time.sleep(0.01)


@contextmanager
def told(
    *answers: tuple[int, dict[str, str], bytes], bodies: list[bytes] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Answer one call after the other with (status, headers, body); the last one for ever.

    Yields the address, and the paths that were asked for; what was sent there goes to `bodies`.
    """
    asked: list[str] = []

    class Told(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if bodies is not None:
                bodies.append(sent)
            status, headers, body = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
