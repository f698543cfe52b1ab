"""Whether a port can be listened at, asked before anything is loaded."""

import socket

from persllm.errors import ServeError


def check_port(host: str, port: int, *, command: str = "ui") -> None:
    """Refuse a port that cannot be listened at.

    Raises:
        ServeError: It is taken, or the host is not this machine's.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServeError(
                f"port {port} at {host} cannot be used: {error.strerror}. "
                f"Choose another: persllm {command} --port {port + 1}."
            ) from error
