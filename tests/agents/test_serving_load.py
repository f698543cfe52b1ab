"""The load of `benchmarks/serving.py`, small: nobody gets a wrong answer, everything is freed."""

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

from benchmarks.clients import SHARES, Clients, Load
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.serving.limits import Limits
from tests.agents.served import company_of, eventually, served

ROOT = Path(__file__).parents[2]
TESLA = ["nikola-tesla@early", "nikola-tesla@late"]


def _echo() -> ScriptedEngine:
    return ScriptedEngine(
        lambda request: f"[Analysis] So. [Response] You ask: {request.messages[-1].content}"
    )


def test_twenty_clients_some_rude_get_right_answers_or_clear_refusals() -> None:
    limits = Limits(at_once=4, waiting=8)
    with served(company_of(_echo()), limits=limits) as running:
        load = Load(running.url, TESLA, clients=20, seconds=4)
        outcome = asyncio.run(Clients(load).play())
        eventually(lambda: "persllm_running 0.0" in httpx.get(f"{running.url}/metrics").text)
        assert "persllm_waiting 0.0" in httpx.get(f"{running.url}/metrics").text
    assert outcome.faults == []
    kinds = Counter(name.rsplit(" ", 1)[0] for name in outcome.counts.elements())
    assert set(kinds) == set(SHARES)
    for (_, question), texts in outcome.texts.items():
        assert list(texts) == [f"You ask: {question}"]


@pytest.mark.slow
def test_the_benchmark_runs_on_the_nano_base() -> None:
    command = [sys.executable, "-m", "benchmarks.serving", "--clients", "6", "--seconds", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert '"faults": 0' in done.stdout, done.stdout + done.stderr
    assert '"running_after": 0.0' in done.stdout
    assert '"exit_status": 0' in done.stdout
