"""The memory that is told before a run is the memory that it takes."""

import re
import sys
from pathlib import Path

import pytest

from persllm.training.tuning.memory import peak_bytes, start_peak
from tests.doubles import write_tiny_persona
from tests.training.apart import run_apart

TAKEN = re.compile(r"peak memory ([\d,]+) MiB, expected ([\d,]+) MiB")
WITHIN = 0.10


def test_a_peak_is_of_what_came_after_its_start() -> None:
    block = b"x" * (256 << 20)
    del block
    start_peak()
    before = peak_bytes()
    block = b"x" * (64 << 20)
    assert (60 << 20) < peak_bytes() - before < (80 << 20)
    del block


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peaks can be forgotten on Linux only")
@pytest.mark.parametrize("way", ["--packed", "--padded"])
def test_training_takes_the_memory_that_was_told_within_a_tenth(tmp_path: Path, way: str) -> None:
    marta = write_tiny_persona(tmp_path)
    command = ["-m", "persllm", "train", str(marta.folder), way]
    little = ["--repeats", "0.4", "--dpo-passes", "0.2", "--batch", "16"]
    told_at_end = run_apart(*command, *little, "--runs", str(tmp_path / "runs"), COLUMNS="200")
    found = TAKEN.search(told_at_end)
    assert found, told_at_end[-3000:]
    taken, told = (int(figure.replace(",", "")) for figure in found.groups())
    assert taken > 800  # a base alone takes 500: the batches are most of it
    assert abs(told - taken) < WITHIN * taken
