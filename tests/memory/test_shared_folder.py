"""A memory folder that several processes use, that a process died over, is full or read-only."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import chromadb  # noqa: F401 (read before the rights to read it are given up)
import pytest

from persllm.errors import MemoryStoreError
from persllm.memory import chroma_opening
from persllm.memory.chroma_folder import FolderClient
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.persona import Persona
from tests.contracts.memory_contract import DrawnVectors, find, ids, memory, new_persona

ROOT = Path(__file__).parents[2]
EACH = 60
NOBODY = 65534
BEGIN = """
import sys
from dataclasses import replace
from persllm.errors import MemoryStoreError
from persllm.persona_catalog import find_persona
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from tests.contracts.memory_contract import DrawnVectors, memory

persona = replace(find_persona("nikola-tesla"), id="shared")
store = ChromaMemory(open_client(sys.argv[1]), persona, DrawnVectors())
"""
WRITE = """
whose, count, size = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
rows = [
    memory(f"{whose}-{i}", f"{whose} {i}", kind="episode", audience="Ann")
    for i in range(count)
]
for start in range(0, count, size):
    store.add(rows[start : start + size])
    print(start, flush=True)
"""
REPLACE = """
store.forget(sorted(store.known()))
store.add([memory("candle", "I sold every candle in the shop.")])
"""
FILL_THE_DISK = """
import resource
from pathlib import Path

biggest = max(each.stat().st_size for each in Path(sys.argv[1]).rglob("*") if each.is_file())
resource.setrlimit(resource.RLIMIT_FSIZE, (biggest + 400_000, biggest + 400_000))
for i in range(10_000):
    try:
        store.add([memory(f"{i}-{j}", f"pigeon{i} {'x' * 500}") for j in range(20)])
    except MemoryStoreError as error:
        print(error)
        break
    print(i, flush=True)
"""


def shared() -> Persona:
    return replace(new_persona(), id="shared")


def opened(folder: Path) -> ChromaMemory:
    return ChromaMemory(open_client(folder), shared(), DrawnVectors())


def program(text: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + text, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def missing(store: ChromaMemory, whose: str, count: int) -> list[int]:
    """Return which of a writer's memories are not the nearest to their own words."""
    return [
        i
        for i in range(count)
        if ids(find(store, f"{whose} {i}", count=1, audience="Ann")) != [f"{whose}-{i}"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 7])
def test_what_two_processes_write_at_once_is_all_found(tmp_path: Path, size: int) -> None:
    first = opened(tmp_path)
    first.add([memory("mine", "mine", kind="episode", audience="Ann")])
    writers = [program(WRITE, tmp_path, whose, EACH, size) for whose in ("cat", "dog")]
    for i in range(EACH):  # a third one writes meanwhile
        first.add([memory(f"owl-{i}", f"owl {i}", kind="episode", audience="Ann")])
    assert [writer.wait(600) for writer in writers] == [0, 0]
    assert [missing(first, whose, EACH) for whose in ("cat", "dog", "owl")] == [[], [], []]
    assert first.count() == 3 * EACH + 1


@pytest.mark.slow
def test_a_process_sees_what_another_kept_after_it_was_opened(tmp_path: Path) -> None:
    store = opened(tmp_path)
    before = store.version("Ann")
    assert find(store, "cat 0", audience="Ann") == []
    assert program(WRITE, tmp_path, "cat", 3, 1).wait(300) == 0
    assert store.version("Ann") != before
    assert missing(store, "cat", 3) == []
    assert store.count() == 3


@pytest.mark.slow
def test_a_process_goes_on_where_another_brought_the_memory_up_to_date(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add([memory(f"lamp-{i}", f"I kept lamp {i} burning.") for i in range(30)])
    assert len(find(store, "lamps and oil", count=3)) == 3
    assert program(REPLACE, tmp_path).wait(300) == 0
    assert ids(find(store, "lamps and oil", count=3)) == ["candle"]


@pytest.mark.slow
def test_a_store_whose_writer_was_killed_holds_all_that_was_acknowledged_once(
    tmp_path: Path,
) -> None:
    writer = program(WRITE, tmp_path, "cat", 100_000, 5)
    assert writer.stdout is not None
    acknowledged: list[int] = []
    for line in writer.stdout:
        acknowledged.append(int(line))
        if len(acknowledged) == 8:
            writer.send_signal(signal.SIGKILL)
    writer.wait(60)
    store = opened(tmp_path)
    kept = [each.id for each in store.episodes("Ann")]
    assert len(kept) == len(set(kept))
    assert {f"cat-{start + i}" for start in acknowledged for i in range(5)} <= set(kept)
    assert missing(store, "cat", 5 * len(acknowledged)) == []
    store.add([memory("later", "still writes", kind="episode", audience="Ann")])
    assert ids(find(store, "still writes", count=1, audience="Ann")) == ["later"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    said, _ = program(FILL_THE_DISK, tmp_path).communicate(timeout=600)
    *acknowledged, error = said.splitlines()
    assert "memories cannot be kept" in error and "has room" in error
    store = opened(tmp_path)
    known = store.known()
    assert {f"{i}-{j}" for i in acknowledged for j in range(20)} <= known
    store.add([memory("later", "the disk has room again")])
    assert ids(find(store, "the disk has room again", count=1)) == ["later"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_a_folder_that_cannot_be_written_is_read_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with tempfile.TemporaryDirectory() as name:  # that of a test is closed to other users
        folder = Path(name) / "memory"
        store = opened(folder)
        store.add([memory("a", "pigeons")])
        with written_by_nobody(Path(name)):
            chroma_opening._opened.cache_clear()  # as in another process
            read = opened(folder)
            assert ids(find(read, "pigeons")) == ["a"]
            read.add([memory("b", "motors", kind="episode", audience="Ann")])
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "cannot be written" in caplog.text
        assert store.episodes("Ann") == []


def test_threads_share_a_folder(tmp_path: Path) -> None:
    store = opened(tmp_path)

    def tell(whose: str) -> list[int]:
        for i in range(6):
            row = memory(f"{whose}-{i}", f"{whose} {i}", kind="episode", audience="Ann")
            store.add([row])
        return missing(store, whose, 6)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tell, ["cat", "dog", "owl", "fox"])) == [[], [], [], []]
    assert store.count() == 24


def test_a_folder_in_use_for_too_long_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persllm.memory.chroma_folder.LONGEST_WAIT", 0.1)
    client = FolderClient(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        with pytest.raises(MemoryStoreError, match="another process"), client.reading():
            pass
    finally:
        holder.kill()
        holder.wait(20)
    with client.reading():
        assert client.all() == []


HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1] + "/in-use.lock"):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def written_by_nobody(folder: Path) -> Iterator[None]:
    """Take the right to write below a folder; of the superuser, who has every right, too."""
    folder.chmod(0o755)
    for each in folder.rglob("*"):
        each.chmod(0o555 if each.is_dir() else 0o444)
    is_superuser = os.geteuid() == 0
    if is_superuser:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_superuser:
            os.seteuid(0)
        for each in folder.rglob("*"):
            each.chmod(0o755 if each.is_dir() else 0o644)
