"""The memory contract over every kind of Chroma, and what a disk must survive."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings

from persllm.errors import MemoryStoreError
from persllm.memory.chroma_layout import Part, collection_name
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.store import EVERYONE
from persllm.persona import Persona
from tests.contracts.memory_contract import (
    HashedWords,
    MemoryContract,
    find,
    ids,
    memory,
    new_persona,
)

ROOT = Path(__file__).parents[2]
AUDIENCES = [EVERYONE, "Ann", "ann", "Ann ", "\u017di\u017eek/../x"]
OPEN_AT = """
import sys, time
import chromadb
from persllm.memory.chroma_opening import open_client

time.sleep(max(0.0, float(sys.argv[2]) - time.time()))
open_client(sys.argv[1])
"""


class TestInTheProcess(MemoryContract):
    def make(self, persona: Persona, embeddings: Embeddings | None = None) -> ChromaMemory:
        return ChromaMemory(open_client(None), persona, embeddings or HashedWords())


class TestOnDisk(MemoryContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path / "memory"
        yield

    def make(self, persona: Persona, embeddings: Embeddings | None = None) -> ChromaMemory:
        return ChromaMemory(open_client(self.folder), persona, embeddings or HashedWords())


@pytest.mark.slow
class TestOnAServer(MemoryContract):
    @pytest.fixture(autouse=True)
    def _server(self, chroma_server: str) -> Iterator[None]:
        self.address = chroma_server
        yield

    def make(self, persona: Persona, embeddings: Embeddings | None = None) -> ChromaMemory:
        return ChromaMemory(open_client(self.address), persona, embeddings or HashedWords())


@pytest.mark.slow
def test_another_process_finds_what_was_kept_on_disk(tmp_path: Path) -> None:
    persona = new_persona()
    ChromaMemory(open_client(tmp_path), persona, HashedWords()).add([memory("a", "pigeons")])
    program = (
        "import sys, chromadb\n"
        "collection = chromadb.PersistentClient(sys.argv[1]).get_collection(sys.argv[2])\n"
        "print(collection.get(ids=['a'])['documents'])"
    )
    name = Part(0, EVERYONE).name(collection_name(persona.id))
    command = [sys.executable, "-c", program, str(tmp_path), name]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert told.stdout.strip() == "['pigeons']"


def test_a_folder_that_is_a_file_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "memory").write_text("no folder")
    with pytest.raises(MemoryStoreError, match="Name a folder that can be"):
        open_client(tmp_path / "memory")


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(MemoryStoreError, match=r"http://127\.0\.0\.1:9 cannot be opened"):
        open_client("http://127.0.0.1:9")


@pytest.mark.parametrize("persona_id", ["x", "a" * 300, "nikola-tesla"])
def test_every_persona_id_makes_a_name_chroma_takes(persona_id: str) -> None:
    persona = replace(new_persona(), id=persona_id)
    assert ChromaMemory(open_client(None), persona, HashedWords()).count() >= 0


def test_long_ids_that_begin_alike_have_different_names() -> None:
    assert collection_name("a" * 300) != collection_name("a" * 301)


@pytest.mark.slow
def test_several_processes_open_a_new_folder_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_AT, str(tmp_path / "memory"), str(time.time() + 8)]
    opening = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for process in opening:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said


@settings(max_examples=25, deadline=None)
@given(
    kept=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(AUDIENCES)), max_size=12),
    stage=st.integers(0, 2),
    audience=st.sampled_from(AUDIENCES),
)
def test_all_that_may_be_heard_is_found_and_nothing_else(
    kept: list[tuple[int, str]], stage: int, audience: str
) -> None:
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    store.add(
        [memory(str(i), "pigeons", stage=at, audience=whose) for i, (at, whose) in enumerate(kept)]
    )
    heard = {
        str(i)
        for i, (at, whose) in enumerate(kept)
        if at <= stage and whose in (EVERYONE, audience)
    }
    found = find(store, "pigeons", stage=stage, count=50, audience=audience)
    assert sorted(ids(found)) == sorted(heard)
