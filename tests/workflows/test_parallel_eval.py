"""Processes that evaluate side by side: how many there are, and that none outlives the command."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.workflows import parallel_eval
from persllm.workflows.parallel_eval import jobs_for

SCRIPT = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from persllm.workflows.parallel_eval import begin

if __name__ == "__main__":
    spawn = get_context("spawn")
    pool = ProcessPoolExecutor(1, spawn, partial(begin, spawn.Queue()))
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 600).result()
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_a_killed_command_leaves_no_process_behind(tmp_path: Path) -> None:
    script = tmp_path / "beside.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        child = int(command.stdout.readline())
        command.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not alive(child):
            return
        time.sleep(0.1)
    pytest.fail(f"process {child} still runs ten seconds after its parent was killed")


def test_a_machine_is_not_asked_for_more_than_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Runtime(RuntimeOptions(base="nano", runs=tmp_path))
    monkeypatch.setattr(parallel_eval, "cores", lambda: 8)
    monkeypatch.setattr(parallel_eval, "free_memory", lambda: 10 << 30)
    assert jobs_for(place) == 3
    monkeypatch.setattr(parallel_eval, "free_memory", lambda: 1 << 30)
    assert jobs_for(place) == 1
    monkeypatch.setattr(parallel_eval, "free_memory", lambda: 1 << 40)
    assert jobs_for(place) == 8


def test_an_engine_that_runs_here_or_elsewhere_takes_one_process(tmp_path: Path) -> None:
    here = RuntimeOptions(base="nano", runs=tmp_path)
    elsewhere = RuntimeOptions(base="nano", runs=tmp_path, engine="http://127.0.0.1:1/v1#nano")
    assert jobs_for(Runtime(here, engine=ScriptedEngine("x"))) == 1
    assert jobs_for(Runtime(elsewhere)) == 1


def alive(process: int) -> bool:
    """Tell whether a process runs; one that has ended but is not yet collected does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/status")
    return not status.is_file() or "State:\tZ" not in status.read_text(encoding="utf-8")
