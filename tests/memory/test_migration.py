"""Memories of an earlier persllm, or of a later one; and an index that is damaged."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import chromadb
import pytest
from chromadb.config import Settings
from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed
from persllm.errors import MemoryStoreError
from persllm.memory.chroma_client import ChromaClient
from persllm.memory.chroma_folder import DATABASE
from persllm.memory.chroma_layout import collection_name, write
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.chroma_repair import rebuild
from persllm.memory.store import Memory
from persllm.persona import Persona
from tests.contracts.memory_contract import (
    DrawnVectors,
    HashedWords,
    find,
    ids,
    memory,
    new_persona,
)

OLD = [
    memory("early", "pigeons in the park"),
    memory("late", "pigeons in the tower", stage=1),
    memory("ann", "Ann told me: I keep pigeons", kind="episode", audience="Ann"),
]
ENOUGH = 1100
"""Chroma writes its index to files after a thousand."""


def make_first_format(
    folder: Path, persona: Persona, memories: Sequence[Memory], embeddings: Embeddings | None = None
) -> None:
    """Write what persllm wrote when all of a persona was one collection."""
    quiet = Settings(anonymized_telemetry=False)
    chroma: Any = chromadb.PersistentClient(str(folder), settings=quiet)
    metadata = {"embeddings": "hashed-words", "format": "1", "hnsw:space": "cosine"}
    whole = chroma.create_collection(
        collection_name(persona.id), embedding_function=None, metadata=metadata
    )
    write(whole, memories, embed(embeddings or HashedWords(), [each.heard for each in memories]))
    chroma.close()


def test_a_memory_of_the_first_format_is_converted_with_its_vectors(tmp_path: Path) -> None:
    persona, embeddings, told = new_persona(), HashedWords(), []
    make_first_format(tmp_path, persona, OLD)
    store = ChromaMemory(
        open_client(tmp_path), persona, embeddings, progress=lambda *step: told.append(step)
    )
    assert embeddings.embedded == []
    assert told[-1][1:] == (3, 3)
    assert ids(find(store, "pigeons in the park", stage=0)) == ["early"]
    assert ids(find(store, "pigeons in the tower", stage=1)) == ["late", "early"]
    assert ids(find(store, "Ann told me: I keep pigeons", count=1, audience="Ann")) == ["ann"]
    assert store.count() == 3
    again = ChromaMemory(
        open_client(tmp_path), persona, embeddings, progress=lambda *step: told.append(step)
    )
    assert again.count() == 3 and told[-1][1:] == (3, 3) and len(told) == 2


def test_a_conversion_that_was_stopped_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    persona = new_persona()
    make_first_format(tmp_path, persona, OLD)

    def die(self: ChromaClient, name: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(ChromaClient, "delete", die)
        ChromaMemory(open_client(tmp_path), persona, HashedWords())
    store = ChromaMemory(open_client(tmp_path), persona, HashedWords())
    assert store.count() == 3
    assert ids(find(store, "pigeons in the tower", stage=1)) == ["late", "early"]


def test_a_memory_of_a_later_persllm_is_refused() -> None:
    client, persona = open_client(None), new_persona()
    with client.writing():
        name = f"{collection_name(persona.id)}.0"
        client.find_or_create(name, {"format": "3", "embeddings": "hashed-words"})
    with pytest.raises(MemoryStoreError, match=r"has format 3, .* reads up to 2\. Update persllm"):
        ChromaMemory(client, persona, HashedWords())


@pytest.mark.slow
@pytest.mark.parametrize("first_format", [False, True])
@pytest.mark.parametrize("damage", ["garbage", "removed"])
def test_a_damaged_index_is_mended_from_the_texts(
    tmp_path: Path, damage: str, first_format: bool
) -> None:
    persona = new_persona()
    rows = [memory(str(i), f"pigeon {i}") for i in range(ENOUGH)]
    if first_format:
        make_first_format(tmp_path, persona, rows, DrawnVectors())
    else:
        ChromaMemory(open_client(tmp_path), persona, DrawnVectors()).add(rows)
    _close(tmp_path)
    _damage(tmp_path, damage)
    client = open_client(tmp_path)
    assert rebuild(client, collection_name(persona.id), DrawnVectors()) == ENOUGH
    store = ChromaMemory(client, persona, DrawnVectors())
    assert store.known() == {each.id for each in rows}
    for i in range(0, ENOUGH, 50):
        assert ids(find(store, f"pigeon {i}", count=1)) == [str(i)]


@pytest.mark.slow
def test_a_damaged_index_is_told_with_the_way_to_mend_it(tmp_path: Path) -> None:
    persona = new_persona()
    store = ChromaMemory(open_client(tmp_path), persona, HashedWords())
    store.add([memory(str(i), f"pigeon{i}") for i in range(ENOUGH)])
    _close(tmp_path)
    _damage(tmp_path, "garbage")
    with pytest.raises(MemoryStoreError, match="persllm memory repair"):
        find(store, "pigeon3")


def test_vectors_are_made_again_with_other_embeddings(tmp_path: Path) -> None:
    persona, client = new_persona(), open_client(tmp_path)
    ChromaMemory(client, persona, HashedWords()).add(OLD)
    prefix, other = collection_name(persona.id), HashedWords("other")
    assert rebuild(client, prefix, other, only_others=True) == 3
    assert rebuild(client, prefix, other, only_others=True) == 0
    store = ChromaMemory(client, persona, other)
    assert ids(find(store, "pigeons in the park", stage=0)) == ["early"]
    assert [each.id for each in store.episodes("Ann")] == ["ann"]


@pytest.mark.parametrize("stopped_at", ["delete", "rename"])
def test_making_vectors_anew_may_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_at: str
) -> None:
    persona, client = new_persona(), open_client(tmp_path)
    ChromaMemory(client, persona, HashedWords()).add([replace(OLD[0], id="only")])

    def die(self: ChromaClient, *_: Any) -> None:  # noqa: ANN401
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(ChromaClient, stopped_at, die)
        rebuild(client, collection_name(persona.id), HashedWords())
    store = ChromaMemory(client, persona, HashedWords())
    assert ids(find(store, "pigeons in the park")) == ["only"]
    assert store.count() == 1


def _close(folder: Path) -> None:
    """Let go of the database, as when the process ends."""
    client: Any = open_client(folder)
    with client.writing():
        client.close()


def _damage(folder: Path, how: str) -> None:
    files = [each for each in folder.glob("*/*") if each.is_file()]
    assert files and (folder / DATABASE).is_file()
    for each in files:
        if how == "removed":
            each.unlink()
        else:
            each.write_bytes(os.urandom(each.stat().st_size))
