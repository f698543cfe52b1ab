"""Many clients on `persllm serve` at once, some of them rude; what they saw and what it cost.

    python -m benchmarks.serving --clients 200 --seconds 120

Starts the server on the loopback interface in a process of its own, with the nano base. Prints one
JSON object; the exit status is 1 where an answer was wrong, the server died or its memory grew.
"""

import argparse
import asyncio
import json
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.clients import Clients, Load, Outcome
from persllm.agents.serving.vllm_process import free_port

PERSONAS = ("nikola-tesla", "thomas-edison")
GROWTH = 1.10
"""Memory of the last quarter against the second one; more counts as a leak."""
SAMPLE_SECONDS = 1.0
PAGE = resource.getpagesize()
MIB = 1024 * 1024


def main() -> None:
    options = _options()
    with (
        tempfile.TemporaryDirectory() as runs,
        _server(options.engine, options.runs or Path(runs)) as (url, process),
    ):
        models = [row["id"] for row in httpx.get(f"{url}/v1/models").json()["data"]][1:]
        _warm(url, models)
        memory = _Memory(process.pid, url)
        load = Load(url, models, options.clients, options.seconds)
        outcome = asyncio.run(Clients(load).play())
        samples = memory.stop()
        report = {
            "clients": options.clients,
            "seconds": options.seconds,
            "engine": options.engine,
            **seen(outcome),
            **_after(url),
            **_grown(samples),
        }
        process.send_signal(signal.SIGTERM)
        report["exit_status"] = process.wait(60)
    print(json.dumps(report, indent=1))
    wanted_none = ("faults", "questions_answered_differently", "exit_status", "running_after")
    bad = any(report[name] for name in wanted_none)
    sys.exit(1 if bad or report["memory_ratio"] > GROWTH else 0)


def seen(outcome: Outcome) -> dict[str, object]:
    """Return what the clients saw, as plain values."""
    first = sorted(outcome.first)
    different = sum(len(texts) > 1 for texts in outcome.texts.values())
    return {
        "requests": outcome.counts.total(),
        "by_kind_and_status": dict(sorted(outcome.counts.items())),
        "faults": len(outcome.faults),
        "first_faults": outcome.faults[:5],
        "questions": len(outcome.texts),
        "questions_answered_differently": different,
        "questions_answered_with_nothing": sum("" in texts for texts in outcome.texts.values()),
        "first_text_seconds": {
            "median": _quantile(first, 0.5),
            "p95": _quantile(first, 0.95),
            "most": _quantile(first, 1.0),
        },
    }


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)


def _after(url: str) -> dict[str, object]:
    """Return what the server counts when everybody has gone."""
    until = time.monotonic() + 60
    while (page := _counters(url))["persllm_running"] and time.monotonic() < until:
        time.sleep(0.2)
    return {
        "running_after": page["persllm_running"],
        "waiting_after": page["persllm_waiting"],
        "hung_up": page["persllm_hung_up_total"],
        "reply_tokens": page['persllm_tokens_total{kind="reply"}'],
    }


def _counters(url: str) -> dict[str, float]:
    lines = httpx.get(f"{url}/metrics", timeout=60).text.splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def _grown(samples: Sequence[tuple[int, int]]) -> dict[str, object]:
    """Compare memory of the run's second quarter with that of its last.

    The engine's keys and values are told apart: they are kept on purpose, up to a limit.
    """
    quarter = max(1, len(samples) // 4)
    parts = {
        "second_quarter": samples[quarter : 2 * quarter] or samples,
        "last_quarter": samples[-quarter:],
    }
    rest = {name: statistics.median(all_ - kv for all_, kv in part) for name, part in parts.items()}
    return {
        "memory_mib": {
            name: {
                "resident": statistics.median(size for size, _ in part) // MIB,
                "keys_and_values": statistics.median(kv for _, kv in part) // MIB,
            }
            for name, part in parts.items()
        },
        "memory_ratio": round(rest["last_quarter"] / rest["second_quarter"], 3),
    }


def _warm(url: str, models: Sequence[str]) -> None:
    for model in models:
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        httpx.post(f"{url}/v1/chat/completions", json=body, timeout=120).raise_for_status()


class _Memory:
    """Samples a process's resident memory, and the engine's part of it, until stopped."""

    def __init__(self, pid: int, url: str) -> None:
        self._path = Path(f"/proc/{pid}/statm")
        self._url = url
        self._samples: list[tuple[int, int]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> list[tuple[int, int]]:
        self._done.set()
        self._thread.join()
        return self._samples

    def _sample(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            resident = int(self._path.read_text().split()[1]) * PAGE
            kept = _counters(self._url).get("persllm_engine_kv_bytes", 0.0)
            self._samples.append((resident, int(kept)))


@contextmanager
def _server(engine: str, runs: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    port = free_port()
    command = [sys.executable, "-m", "persllm", "serve", *PERSONAS]
    command += ["--port", str(port), "--runs", str(runs), "--engine", engine]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        while not _is_ready(url):
            if process.poll() is not None:
                sys.exit(f"the server ended with status {process.returncode}")
            time.sleep(0.2)
        yield url, process
    finally:
        process.kill()
        process.wait()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", timeout=5).is_success
    except httpx.HTTPError:
        return False


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--engine", default="local", help="as of persllm serve")
    parser.add_argument("--runs", type=Path, help="where adapters are; none by default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
