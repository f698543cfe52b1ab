"""A stand-in of the hub's HTTP API on loopback: what an upload asks for, and nothing else.

It takes every file within the commit, as the hub may choose to; the hub's own store for large
files is a service of its own, and huggingface_hub's affair.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hub(ThreadingHTTPServer):
    """Keeps the files that were committed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.repositories: dict[str, bool] = {}
        """Names, and whether they are private."""
        self.files: dict[str, bytes] = {}
        self.refuses = False

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def hub() -> Iterator[Hub]:
    """Run the stand-in inside the block."""
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    server: Hub  # pyright: ignore[reportIncompatibleVariableOverride]  # it is served by one

    def do_POST(self) -> None:
        body = self._body()
        if self.server.refuses:
            self._answer({"error": "Invalid credentials"}, status=401)
        elif self.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'me'}/{asked['name']}"
            self.server.repositories[name] = asked.get("visibility") == "private"
            self._answer({"url": f"{self.server.url}/{name}", "name": name})
        elif self.path == "/api/validate-yaml":
            self._answer({"warnings": [], "errors": []})
        elif "/preupload/" in self.path:
            self._answer({"files": [_mode(file) for file in json.loads(body)["files"]]})
        else:
            self._commit(body)

    def _commit(self, body: bytes) -> None:
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.server.files[value["path"]] = base64.b64decode(value["content"])
        url = f"{self.server.url}/me/persona/commit/{'a' * 40}"
        self._answer({"success": True, "commitOid": "a" * 40, "commitUrl": url})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, value: dict[str, Any], *, status: int = 200) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _mode(file: dict[str, Any]) -> dict[str, Any]:
    return {
        "path": file["path"],
        "uploadMode": "regular",
        "shouldIgnore": False,
        "oid": None,
    }
