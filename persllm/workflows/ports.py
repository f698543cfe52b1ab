"""Whether a port can be listened at, and by whom, asked before anything is loaded."""

import socket

from persllm.errors import ServeError

LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches that host."""
    return host in LOOPBACK


def shown_host(host: str) -> str:
    """Return a host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def check_port(host: str, port: int, *, command: str = "ui") -> None:
    """Refuse a port that cannot be listened at.

    Raises:
        ServeError: It is taken, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServeError(
                f"port {port} at {host} cannot be used: {error.strerror}. "
                f"Choose another: persllm {command} --port {port + 1}."
            ) from error
