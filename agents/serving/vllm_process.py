"""vLLM's own OpenAI server as a child process, with every persona as a LoRA module."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from persllm.agents.engines.lora_limits import room_for
from persllm.agents.engines.vllm_environment import vllm_environment
from persllm.bases import Base
from persllm.errors import EngineError
from persllm.loading import device

PYTHON = "PERSLLM_VLLM_PYTHON"
"""Environment variable: the Python that has vLLM, where it is another than ours."""
MODULE = "vllm.entrypoints.openai.api_server"
"""The server as a module: the `vllm` command fails where the distribution has another name."""
START_SECONDS = 1800.0
STOP_SECONDS = 20.0
RANK_FLAG = "--max-lora-rank"
MOST_IN_BATCH = 8
"""Adapters in one batch on a GPU; more take turns."""


def vllm_command(
    base: Base, adapters: Mapping[str, Path], *, port: int, flags: Sequence[str] = ()
) -> list[str]:
    """Return the command that starts vLLM with all adapters; the user's flags come last and win.

    Raises:
        AdapterError: vLLM cannot serve some adapters.
        EngineError: No Python with vLLM is known.
    """
    rank = room_for(adapters, most=_asked_rank(flags))
    command = [
        *(_python(), "-m", MODULE, "--model", base.location, "--served-model-name", base.name),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    if adapters:
        command += ["--enable-lora", RANK_FLAG, str(rank)]
        slots = _slots(len(adapters))
        kept = max(slots, len(adapters))  # vLLM refuses to keep fewer than it has slots for
        command += ["--max-loras", str(slots), "--max-cpu-loras", str(kept), "--lora-modules"]
        command += [
            json.dumps({"name": name, "path": str(path), "base_model_name": base.name})
            for name, path in adapters.items()
        ]
    return [*command, *flags]


@contextmanager
def running(command: Sequence[str], *, port: int) -> Iterator[str]:
    """Start the server, yield its address when it answers, end it afterwards.

    Raises:
        EngineError: It ended, or did not answer in time.
    """
    process = subprocess.Popen(
        command,
        env=vllm_environment(),
        stdin=subprocess.DEVNULL,
        process_group=0,  # Ctrl-C reaches us first, so that replies under way can end
    )
    try:
        _wait_until_ready(process, port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise EngineError(
                f"vLLM ended with status {process.returncode} before it served; its own messages "
                "stand above."
            )
        with suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success:
                return
        time.sleep(0.5)
    raise EngineError(f"vLLM does not answer after {START_SECONDS:g} s. Its messages stand above.")


def _slots(adapters: int) -> int:
    """Return how many adapters vLLM holds ready in a batch.

    One is left free on a CPU: vLLM 0.32 takes a row without adapter for slot -1 there, the last
    one, and adds what it holds (`bgmv_expand` in its torch_ops/lora_ops.py).
    """
    if device().type == "cuda":
        return min(adapters, MOST_IN_BATCH)
    return adapters + 1


def _asked_rank(flags: Sequence[str]) -> int | None:
    for place, flag in enumerate(flags):
        name, equals, value = flag.partition("=")
        if name == RANK_FLAG:
            given = value if equals else "".join(flags[place + 1 : place + 2])
            if not given.isdecimal():
                raise EngineError(f"{RANK_FLAG} needs a number, got {given!r}")
            return int(given)
    return None


def _python() -> str:
    other = os.environ.get(PYTHON)
    if other:
        return other
    if importlib.util.find_spec("vllm") is None:
        raise EngineError(
            "serving with vLLM needs it: pip install 'persllm[vllm]' (NVIDIA; docs/serving.md "
            f"tells about CPUs), or name a Python that has it in {PYTHON}. Without it, use "
            "--engine local."
        )
    return sys.executable
