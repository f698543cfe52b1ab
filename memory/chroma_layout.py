"""How memories lie in Chroma: names of collections, what is noted of them, rows.

A persona's memories are parted so that finding needs no filter, which costs Chroma 25 to 130 times
an unfiltered query: one collection for each stage of what everyone may hear, and one for each stage
of what each visitor told.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from persllm.memory.store import EVERYONE, Memory

FORMAT = 2
ONE_COLLECTION = 1
"""The format in which all of a persona was one collection."""
DRAFT = ".new"
"""Ends the name of a collection that is going to take another one's place."""
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """Which memories of a persona are in one collection."""

    stage: int
    audience: str

    def name(self, prefix: str) -> str:
        """Return the collection's name; `prefix` is that of all of the persona's."""
        stage = f"{prefix}.{self.stage}"
        return stage if self.audience == EVERYONE else f"{stage}.{_hash(self.audience)[:32]}"

    def metadata(self, embeddings: str) -> dict[str, str | int]:
        """Return what is noted of the collection."""
        return {
            "format": str(FORMAT),
            "embeddings": embeddings,
            "stage": self.stage,
            "audience": self.audience,
        }


def collection_name(persona_id: str) -> str:
    """Return how the names of a persona's collections begin; Chroma takes 3 to 512 characters."""
    return f"{persona_id[:80]}-{_hash(persona_id)[:8]}"


def persona_of(name: str) -> str:
    """Return the persona's id, or its first 80 characters, by a collection's name."""
    return re.sub(r"-[0-9a-f]{8}(?:\.\d+(?:\.[0-9a-f]{32})?(?:\.new)?)?$", "", name)


def prefix_of(name: str) -> str:
    """Return how the names of all of a persona's collections begin, by one of them."""
    return name[: len(persona_of(name)) + 9]


def mark(prefix: str, audience: str) -> str:
    """Return by what writings to what a persona has of an audience are counted."""
    return f"{prefix} {audience}"


def part_of(memory: Memory) -> Part:
    """Return where a memory belongs."""
    return Part(memory.stage, memory.audience)


def format_of(collection: Any) -> int:  # noqa: ANN401 (a chromadb collection)
    """Return the format that a collection was made in."""
    return int((collection.metadata or {}).get("format", ONE_COLLECTION))


def audience_of(collection: Any) -> str:  # noqa: ANN401
    """Return whose words a collection holds."""
    return str((collection.metadata or {}).get("audience", EVERYONE))


def embeddings_of(collection: Any) -> str:  # noqa: ANN401
    """Return the name of the embeddings that a collection was made with."""
    return str((collection.metadata or {}).get("embeddings"))


def write(collection: Any, memories: Sequence[Memory], vectors: Any) -> None:  # noqa: ANN401
    """Put memories into a collection; those with a known id are replaced."""
    collection.upsert(
        ids=[memory.id for memory in memories],
        documents=[memory.text for memory in memories],
        embeddings=vectors,
        metadatas=[_metadata(memory) for memory in memories],
    )


def read(collection: Any, **wanted: Any) -> list[Memory]:  # noqa: ANN401
    """Return the memories that Chroma's `get` gives."""
    got = collection.get(include=["documents", "metadatas"], **wanted)
    rows = zip(got["ids"], got["documents"], got["metadatas"], strict=True)
    return [memory_of(*row) for row in rows]


def pages(collection: Any) -> Iterator[list[Memory]]:  # noqa: ANN401
    """Yield all memories of a collection, many at once."""
    for offset in range(0, collection.count(), PAGE):
        yield read(collection, limit=PAGE, offset=offset)


def memory_of(id_: str, text: str, metadata: Any) -> Memory:  # noqa: ANN401 (chromadb's mapping)
    """Return a memory by its row."""
    data = cast("dict[str, Any]", metadata)
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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
