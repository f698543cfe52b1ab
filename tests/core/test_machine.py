"""Threads share heaps where the C library can."""

import platform
import subprocess
import sys

import pytest

from persllm.machine import share_heaps


def test_a_setting_of_the_user_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    assert not share_heaps()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, as on most Linux")
def test_glibc_takes_the_setting() -> None:
    code = "from persllm.machine import share_heaps; print(share_heaps())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "True"
