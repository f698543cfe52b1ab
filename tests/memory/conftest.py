"""A real Chroma server for the session."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from persllm.errors import MemoryStoreError
from persllm.memory.chroma_opening import open_client

CHROMA = Path(sys.executable).parent / "chroma"
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a server on a free loopback port; the value is its address."""
    if not CHROMA.exists():
        pytest.skip(f"{CHROMA} is missing: pip install chromadb")
    folder, port = tmp_path_factory.mktemp("chroma"), free_port()
    command = [str(CHROMA), "run", "--host", "127.0.0.1", "--port", str(port), "--path"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([*command, str(folder / "data")], stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 2):
        try:
            open_client(address)
        except MemoryStoreError:
            assert server.poll() is None, f"chroma run ended with {server.returncode}"
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"chroma run did not answer at {address} within {START_SECONDS} s")
