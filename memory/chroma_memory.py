"""A persona's memories in Chroma, on disk, on a server or in the process.

What lies where is in `persllm.memory.chroma_layout`, what makes a folder safe for several processes
in `persllm.memory.chroma_folder`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed, embeddings_name
from persllm.errors import MemoryStoreError
from persllm.memory.chroma_client import ChromaClient
from persllm.memory.chroma_layout import (
    PAGE,
    Part,
    audience_of,
    collection_name,
    embeddings_of,
    mark,
    memory_of,
    pages,
    part_of,
    prefix_of,
    write,
)
from persllm.memory.chroma_migration import settle
from persllm.memory.store import EVERYONE, Found, Memory
from persllm.persona import Persona
from persllm.progress import Progress, no_progress

Each = TypeVar("Each")


class ChromaMemory:
    """A persona's memories in Chroma, on disk, on a server or in the process.

    Args:
        client: See `persllm.memory.chroma_opening.open_client`.
        persona: Whose.
        embeddings: Any LangChain embeddings; a memory made with others is refused.
        progress: Told while a memory of an earlier persllm is converted.

    Raises:
        MemoryStoreError: The store cannot be opened, holds vectors of other embeddings, or is of a
            later persllm.
    """

    def __init__(
        self,
        client: ChromaClient,
        persona: Persona,
        embeddings: Embeddings,
        *,
        progress: Progress = no_progress,
    ) -> None:
        self._client = client
        self._embeddings = embeddings
        self._made_with = embeddings_name(embeddings)
        self._persona = persona
        self._prefix = collection_name(persona.id)
        self._counted = (-1, 0)
        with self._explained("opened"):
            parts = settle(client, self._prefix, progress=progress)
            self._refuse_others(sorted({embeddings_of(part) for part in parts}))
            if not parts:
                with client.writing():  # so that it is known by which embeddings
                    self._made(Part(0, EVERYONE))

    @property
    def embeddings(self) -> Embeddings:
        """What its vectors are made with."""
        return self._embeddings

    def add(self, memories: Sequence[Memory]) -> None:
        """Keep memories; one with a known id is replaced.

        Raises:
            MemoryStoreError: They cannot be kept.
        """
        for start in range(0, len(memories), PAGE):
            batch = memories[start : start + PAGE]
            vectors = embed(self._embeddings, [memory.heard for memory in batch])
            with self._explained("kept"), self._client.writing():
                for part in dict.fromkeys(map(part_of, batch)):
                    rows = [i for i, memory in enumerate(batch) if part_of(memory) == part]
                    self._put(part, [batch[i] for i in rows], vectors[rows])

    def find(
        self,
        vector: Vectors,
        *,
        stage: int,
        count: int,
        audience: str = EVERYONE,
        without: frozenset[str] = frozenset(),
    ) -> list[Found]:
        """Return the nearest memories, the nearest first.

        Raises:
            MemoryStoreError: They cannot be read.
        """
        if count == 0:
            return []
        near: list[tuple[float, Found]] = []
        with self._explained("read"), self._client.reading():
            for part in _heard(stage, audience):
                near += self._nearest(part, vector, count + len(without))
        ordered = [found for _, found in sorted(near, key=lambda each: each[0])]
        return [each for each in ordered if each.memory.id not in without][:count]

    def episodes(self, audience: str) -> list[Memory]:
        """Return all that a visitor told, the oldest first."""
        with self._explained("read"), self._client.reading():
            told = [
                memory
                for stage in range(len(self._persona.stages))
                for page in self._read(Part(stage, audience), lambda part: list(pages(part)))
                for memory in page
                if memory.kind == "episode"
            ]
        return sorted(told, key=lambda memory: memory.when)

    def version(self, audience: str = EVERYONE) -> int:
        """Return a number that is another one when what this listener may hear has changed."""
        heard = dict.fromkeys((EVERYONE, audience))
        return self._client.version(*(mark(self._prefix, each) for each in heard))

    def count(self) -> int:
        """Return how many memories there are."""
        version = self._client.version(self._prefix)
        if version != self._counted[0]:
            with self._explained("counted"), self._client.reading():
                total = sum(int(part.count()) for part in self._client.all(self._prefix))
            self._counted = (version, total)
        return self._counted[1]

    def known(self) -> frozenset[str]:
        """Return the ids of all memories that are no episodes."""
        facts = {"kind": {"$ne": "episode"}}
        with self._explained("read"), self._client.reading():
            return frozenset(
                id_
                for part in self._client.all(self._prefix)
                if audience_of(part) == EVERYONE
                for id_ in part.get(where=facts, include=[])["ids"]
            )

    def forget(self, ids: Sequence[str]) -> None:
        """Remove memories; of a visitor who told nothing else, nothing stays.

        Raises:
            MemoryStoreError: They cannot be removed.
        """
        if ids:
            with self._explained("removed"), self._client.writing():
                for part in self._client.all(self._prefix):
                    remove(self._client, part, ids)

    def _put(self, part: Part, memories: Sequence[Memory], vectors: Vectors) -> None:
        from chromadb.errors import NotFoundError

        try:
            write(self._made(part), memories, vectors)
        except NotFoundError:  # another process removed it on the server
            self._client.forget_handle(part.name(self._prefix))
            write(self._made(part), memories, vectors)
        self._client.wrote(self._prefix, mark(self._prefix, part.audience))
        for stage in range(len(self._persona.stages)):
            other = self._client.find(Part(stage, part.audience).name(self._prefix))
            if stage != part.stage and other is not None:
                remove(self._client, other, [memory.id for memory in memories])

    def _nearest(self, part: Part, vector: Vectors, count: int) -> list[tuple[float, Found]]:
        """Return distances and memories of one collection, the nearest first."""
        include = ["documents", "metadatas", "embeddings", "distances"]
        columns = ("ids", *include)

        def nearest(collection: Any) -> list[tuple[float, Found]]:  # noqa: ANN401 (chromadb's)
            got = collection.query(query_embeddings=vector[None], n_results=count, include=include)
            return [
                (float(distance), Found(memory_of(*row), np.asarray(each, np.float32)))
                for *row, each, distance in zip(*(got[key][0] for key in columns), strict=True)
            ]

        return self._read(part, nearest)

    def _read(self, part: Part, read: Callable[[Any], list[Each]]) -> list[Each]:
        """Return what is read of one collection, nothing where there is none."""
        from chromadb.errors import NotFoundError

        name = part.name(self._prefix)
        collection = self._client.find(name)
        try:
            return [] if collection is None else read(collection)
        except NotFoundError:  # another process removed it on the server
            self._client.forget_handle(name)
            return []

    def _made(self, part: Part) -> Any:  # noqa: ANN401 (a chromadb collection)
        return self._client.find_or_create(part.name(self._prefix), part.metadata(self._made_with))

    def _refuse_others(self, stored: Sequence[str]) -> None:
        others = [each for each in stored if each != self._made_with]
        if others:
            raise MemoryStoreError(
                f"the memory of {self._persona.name} was made with the embeddings {others[0]!r}, "
                f"these are {self._made_with!r}; their vectors cannot be compared. Use those, "
                "another folder, or make its vectors again: persllm memory reembed."
            )

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Turn whatever Chroma raises (of many kinds, also of its Rust core) into our error."""
        try:
            yield
        except MemoryStoreError:
            raise
        except Exception as error:
            raise MemoryStoreError(
                f"{self._persona.name}'s memories cannot be {what}: {error}. Check that "
                f"{self._client.where} has room and can be written, or that the server runs; a "
                "damaged index is mended by: persllm memory repair."
            ) from error


def remove(client: ChromaClient, part: Any, ids: Sequence[str]) -> int:  # noqa: ANN401
    """Remove memories of one collection, inside `writing`; return how many there were.

    Of a visitor who told nothing else, nothing stays.
    """
    there = [
        id_
        for start in range(0, len(ids), PAGE)
        for id_ in part.get(ids=list(ids[start : start + PAGE]), include=[])["ids"]
    ]
    for start in range(0, len(there), PAGE):
        part.delete(ids=there[start : start + PAGE])
    if there:
        _note(client, part)
        if audience_of(part) != EVERYONE and part.count() == 0:
            client.delete(part.name)
    return len(there)


def remove_all(client: ChromaClient, part: Any) -> int:  # noqa: ANN401
    """Remove a collection, inside `writing`; return how many memories were in it."""
    count = int(part.count())
    client.delete(part.name)
    _note(client, part)
    return count


def _note(client: ChromaClient, part: Any) -> None:  # noqa: ANN401
    prefix = prefix_of(part.name)
    client.wrote(prefix, mark(prefix, audience_of(part)))


def _heard(stage: int, audience: str) -> list[Part]:
    """Return what a listener may hear of at a stage."""
    heard = dict.fromkeys((EVERYONE, audience))
    return [Part(each, whose) for whose in heard for each in range(stage + 1)]
