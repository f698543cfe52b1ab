"""Memories in Chroma, on disk, on a server or in the process: one collection a persona.

One collection each, not one filtered by persona: at 100,000 entries a filter costs a hundred
times an unfiltered query (DESIGN, decision 9). Stage is metadata, so that no stage recalls what
lies after it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlparse

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed, embeddings_name
from persllm.errors import MemoryStoreError
from persllm.materials import Material
from persllm.memory.store import EVERYONE, Found, Memory
from persllm.persona import Persona
from persllm.progress import Progress, no_progress

BATCH = 1000
SHOWN = 200
"""Progress is told after so many memories."""
FORMAT = "1"
LEAST_LETTERS = 6
"""A paragraph with fewer letters is a scrap, such as "ii. p. 182."."""


class ChromaMemory:
    """A persona's memories in Chroma, on disk, on a server or in the process.

    Args:
        client: A Chroma client; see `open_client`.
        persona: Whose.
        embeddings: Any LangChain embeddings; a collection made with others is refused.

    Raises:
        MemoryStoreError: The store cannot be opened, or holds vectors of other embeddings.
    """

    def __init__(self, client: Any, persona: Persona, embeddings: Embeddings) -> None:  # noqa: ANN401 (chromadb's union of clients)
        self._embeddings = embeddings
        self._whose = persona.name
        made_with = embeddings_name(embeddings)
        with _explained(f"the memory of {self._whose} cannot be opened"):
            self._collection = client.get_or_create_collection(
                collection_name(persona.id),
                embedding_function=None,
                metadata={"embeddings": made_with, "format": FORMAT, "hnsw:space": "cosine"},
            )
        stored = (self._collection.metadata or {}).get("embeddings")
        if stored != made_with:
            raise MemoryStoreError(
                f"the memory of {persona.name} was made with the embeddings {stored!r}, these are "
                f"{made_with!r}; their vectors cannot be compared. Use those, or another folder."
            )

    @property
    def embeddings(self) -> Embeddings:
        """What its vectors are made with."""
        return self._embeddings

    def add(self, memories: Sequence[Memory]) -> None:
        """Keep memories; one with a known id is replaced."""
        for start in range(0, len(memories), BATCH):
            batch = memories[start : start + BATCH]
            vectors = embed(self._embeddings, [memory.heard for memory in batch])
            with _explained(f"{self._whose}'s memories cannot be kept"):
                self._collection.upsert(
                    ids=[memory.id for memory in batch],
                    documents=[memory.text for memory in batch],
                    embeddings=vectors,
                    metadatas=[_metadata(memory) for memory in batch],
                )

    def find(
        self,
        vector: Vectors,
        *,
        stage: int,
        count: int,
        audience: str = EVERYONE,
        without: frozenset[str] = frozenset(),
    ) -> list[Found]:
        """Return the nearest memories, the nearest first."""
        wanted = min(count + len(without), self.count())
        if wanted == 0 or count == 0:
            return []
        heard = [EVERYONE] if audience == EVERYONE else [EVERYONE, audience]
        with _explained(f"{self._whose}'s memories cannot be read"):
            found = self._collection.query(
                query_embeddings=vector[None],
                n_results=wanted,
                where={"$and": [{"stage": {"$lte": stage}}, {"audience": {"$in": heard}}]},
                include=["documents", "metadatas", "embeddings"],
            )
        rows = zip(
            found["ids"][0],
            found["documents"][0],
            found["metadatas"][0],
            found["embeddings"][0],
            strict=True,
        )
        near = [
            Found(_memory(id_, text, cast("dict[str, Any]", data)), np.asarray(each, np.float32))
            for id_, text, data, each in rows
            if id_ not in without
        ]
        return near[:count]

    def episodes(self, audience: str) -> list[Memory]:
        """Return all that a visitor told, the oldest first, what is superseded too."""
        whose = {"$and": [{"kind": "episode"}, {"audience": audience}]}
        with _explained(f"what a visitor told {self._whose} cannot be read"):
            found = self._collection.get(where=whose, include=["documents", "metadatas"])
        rows = zip(found["ids"], found["documents"], found["metadatas"], strict=True)
        told = [_memory(id_, text, cast("dict[str, Any]", data)) for id_, text, data in rows]
        return sorted(told, key=lambda memory: memory.when)

    def count(self) -> int:
        """Return how many memories there are."""
        with _explained(f"{self._whose}'s memories cannot be counted"):
            return int(self._collection.count())

    def known(self) -> frozenset[str]:
        """Return the ids of all memories that are no episodes."""
        return frozenset(
            self._collection.get(where={"kind": {"$ne": "episode"}}, include=[])["ids"]
        )

    def forget(self, ids: Sequence[str]) -> None:
        """Remove memories."""
        for start in range(0, len(ids), BATCH):
            self._collection.delete(ids=list(ids[start : start + BATCH]))


def open_client(where: str | Path | None) -> Any:  # noqa: ANN401 (chromadb's union of clients)
    """Open Chroma: a folder, a server ("http://host:port"), or None for memory that is not kept.

    Raises:
        MemoryStoreError: The folder cannot be written, or no server answers.
    """
    import chromadb
    from chromadb.config import Settings
    from filelock import FileLock

    quiet = Settings(anonymized_telemetry=False)
    try:
        if where is None:
            return chromadb.EphemeralClient(settings=quiet)
        if str(where).startswith(("http://", "https://")):
            address = urlparse(str(where))
            return chromadb.HttpClient(
                host=address.hostname or "localhost",
                port=address.port or 8000,
                ssl=address.scheme == "https",
                settings=quiet,
            )
        Path(where).mkdir(parents=True, exist_ok=True)
        with FileLock(Path(where) / "opening.lock"):  # two at once would both make its tables
            return chromadb.PersistentClient(str(where), settings=quiet)
    except Exception as error:  # chromadb raises many kinds, also of its Rust core
        raise MemoryStoreError(
            f"the memory at {where} cannot be opened: {error}. Name a folder that can be "
            "written, or start the server: chroma run --path <folder>."
        ) from error


def collection_name(persona_id: str) -> str:
    """Return a name Chroma takes: 3 to 512 characters, the persona's id in front."""
    return f"{persona_id[:80]}-{hashlib.sha256(persona_id.encode()).hexdigest()[:8]}"


def keep_materials(
    store: ChromaMemory,
    persona: Persona,
    materials: Sequence[Material],
    *,
    progress: Progress = no_progress,
) -> int:
    """Bring the store up to date with the materials; return how many were new.

    Unchanged paragraphs are not embedded again; ones that are gone are forgotten. Stopped in the
    middle, the next call goes on where it was.
    """
    order = [stage.id for stage in persona.stages]
    known = store.known()
    telling = [m for m in materials if m.partner or sum(map(str.isalpha, m.text)) >= LEAST_LETTERS]
    new = [
        Memory(
            id=material.id,
            text=material.text,
            kind=material.kind,
            stage=order.index(material.stage),
            source=material.source,
            cue=material.partner,
        )
        for material in telling
        if material.id not in known
    ]
    for start in range(0, len(new), SHOWN):
        progress("remembering", start, len(new))
        store.add(new[start : start + SHOWN])
    progress("remembering", len(new), len(new))
    store.forget(sorted(known - {material.id for material in telling}))
    return len(new)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn whatever Chroma raises (of many kinds, also of its Rust core) into our error."""
    try:
        yield
    except Exception as error:
        raise MemoryStoreError(
            f"{what}: {error}. Check the folder or the server, or name another with --memory."
        ) from error


def _metadata(memory: Memory) -> dict[str, str | int]:
    return {
        "kind": memory.kind,
        "stage": memory.stage,
        "source": memory.source,
        "audience": memory.audience,
        "cue": memory.cue,
        "when": memory.when,
        "conversation": memory.conversation,
        "about": memory.about,
        "superseded_by": memory.superseded_by,
    }


def _memory(id_: str, text: str, data: dict[str, Any]) -> Memory:
    return Memory(
        id=id_,
        text=text,
        kind=data["kind"],
        stage=int(data["stage"]),
        source=str(data["source"]),
        audience=str(data["audience"]),
        cue=str(data["cue"]),
        when=str(data.get("when", "")),
        conversation=str(data.get("conversation", "")),
        about=str(data.get("about", "")),
        superseded_by=str(data.get("superseded_by", "")),
    )
