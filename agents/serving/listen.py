"""Runs the endpoint until it is told to stop; then lets the replies under way end."""

import socket
from types import FrameType

from fastapi import FastAPI
from uvicorn import Config, Server

BACKLOG = 1024


class DrainingServer(Server):
    """Tells /ready at once that it stops, and ends what is left when the time is up."""

    def __init__(self, app: FastAPI, *, host: str, port: int, drain_seconds: float) -> None:
        config = Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=max(1, round(drain_seconds)),
            server_header=False,
        )
        super().__init__(config)
        self._service = app.state.service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, on a signal; a second one does not wait.

        Uvicorn's own would raise the signal again at the end, before what we started is ended.
        """
        self._service.draining = True
        self.force_exit = self.should_exit
        self.should_exit = True


def serve_until_stopped(
    app: FastAPI,
    *,
    host: str,
    port: int,
    drain_seconds: float,
    sockets: list[socket.socket] | None = None,
) -> None:
    """Serve; returns after SIGTERM or Ctrl-C, when the replies under way have ended."""
    DrainingServer(app, host=host, port=port, drain_seconds=drain_seconds).run(sockets)
