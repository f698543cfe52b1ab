"""Top-10 for one of fifty personas: ours, one filtered collection, and plain unfiltered Chroma.

    python -m benchmarks.many_memories --memories 100000

Random unit vectors of 384 dimensions, two stages. The three ways are asked in turns, so that noise
hits all alike; recall is against exact search. Prints milliseconds a query (p50, p99), recall@10,
and memories kept a second, beside plain batched Chroma.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors
from persllm.memory.chroma_client import quiet
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.store import Memory
from persllm.persona_catalog import find_persona

PERSONAS, STAGES, DIMENSIONS, TOP, BATCH = 50, 2, 384, 10, 1000
COSINE = {"hnsw:space": "cosine"}


class Drawn(Embeddings):
    """Vectors drawn beforehand; a text is the place of its vector."""

    model_name = "drawn"

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors at these places."""
        return self._vectors[[int(text) for text in texts]]  # type: ignore[return-value]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector at a place."""
        return self.embed_documents([text])[0]


@dataclass
class Tally:
    """How one way did."""

    seconds: list[float] = field(default_factory=list)
    recalled: list[float] = field(default_factory=list)

    def ask(self, way: Callable[[], set[str]], exact: set[str]) -> None:
        """Ask one query, and compare with the exact answer."""
        started = time.perf_counter()
        found = way()
        self.seconds.append(time.perf_counter() - started)
        self.recalled.append(len(found & exact) / len(exact))

    def __str__(self) -> str:
        p50, p99 = (1000 * np.percentile(self.seconds, share) for share in (50, 99))
        return f"p50 {p50:7.1f} ms  p99 {p99:7.1f} ms  recall@{TOP} {np.mean(self.recalled):.3f}"


def main() -> None:
    options = _options()
    rng = np.random.default_rng(7)
    vectors, queries = (_units(rng, n) for n in (options.memories, options.queries))
    personas, stages = (np.arange(options.memories) % n for n in (PERSONAS, PERSONAS * STAGES))
    stages = stages // PERSONAS
    with tempfile.TemporaryDirectory() as folder:
        stores, ours = _timed(lambda: _ours(Path(folder) / "ours", vectors, personas, stages))
        plain, batched = _timed(lambda: _plain(Path(folder) / "plain", vectors, personas, stages))
        rate = options.memories / np.array([ours, batched])
        print(f"kept a second: ours {rate[0]:,.0f}, plain batched Chroma {rate[1]:,.0f}")
        _ask(stores, plain, (vectors, queries), personas, stages)


def _ask(
    stores: Sequence[ChromaMemory],
    plain: Any,  # noqa: ANN401 (a chromadb collection)
    drawn: tuple[Vectors, Vectors],
    personas: Any,  # noqa: ANN401 (numpy)
    stages: Any,  # noqa: ANN401
) -> None:
    vectors, queries = drawn
    ours, filtered, unfiltered = Tally(), Tally(), Tally()
    for i, query in enumerate(queries):
        whose, stage = i % PERSONAS, i % STAGES
        of_them = np.flatnonzero((personas == whose) & (stages <= stage))
        one = {"$and": [{"persona": whose}, {"stage": {"$lte": stage}}]}
        ours.ask(_finding(stores[whose], query, stage), _exact(vectors, query, of_them))
        filtered.ask(_querying(plain, query, one), _exact(vectors, query, of_them))
        everything = np.arange(len(vectors))
        unfiltered.ask(_querying(plain, query, None), _exact(vectors, query, everything))
    for name, tally in (("ours", ours), ("filtered", filtered), ("unfiltered", unfiltered)):
        print(f"{name:11} {tally}")


def _finding(store: ChromaMemory, query: Vectors, stage: int) -> Callable[[], set[str]]:
    return lambda: {each.memory.id for each in store.find(query, stage=stage, count=TOP)}


def _querying(plain: Any, query: Vectors, where: Any) -> Callable[[], set[str]]:  # noqa: ANN401
    include = ["documents", "metadatas", "embeddings", "distances"]  # what ours returns too
    return lambda: set(
        plain.query(query_embeddings=query[None], n_results=TOP, where=where, include=include)[
            "ids"
        ][0]
    )


def _exact(vectors: Vectors, query: Vectors, among: Any) -> set[str]:  # noqa: ANN401 (numpy)
    return {str(i) for i in among[np.argsort(-(vectors[among] @ query))[:TOP]]}


def _ours(folder: Path, vectors: Vectors, personas: Any, stages: Any) -> list[ChromaMemory]:  # noqa: ANN401
    client, known = open_client(folder), find_persona("nikola-tesla")
    stores = [
        ChromaMemory(client, replace(known, id=f"persona-{n}"), Drawn(vectors))
        for n in range(PERSONAS)
    ]
    for whose, store in enumerate(stores):
        rows = np.flatnonzero(personas == whose)
        store.add([_memory(int(i), int(stages[i])) for i in rows])
    return stores


def _memory(place: int, stage: int) -> Memory:
    return Memory(id=str(place), text=str(place), kind="objective", stage=stage, source="drawn")


def _plain(folder: Path, vectors: Vectors, personas: Any, stages: Any) -> Any:  # noqa: ANN401
    client = chromadb.PersistentClient(str(folder), settings=quiet())
    plain = client.create_collection("all", embedding_function=None, metadata=COSINE)
    for rows in _batches(len(vectors)):
        plain.add(
            ids=[str(i) for i in rows],
            documents=[str(i) for i in rows],
            embeddings=vectors[rows.start : rows.stop],
            metadatas=[{"persona": int(personas[i]), "stage": int(stages[i])} for i in rows],
        )
    return plain


def _batches(count: int) -> Iterator[range]:
    return (range(start, min(count, start + BATCH)) for start in range(0, count, BATCH))


def _units(rng: np.random.Generator, count: int) -> Vectors:
    drawn = rng.standard_normal((count, DIMENSIONS), dtype=np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def _timed(make: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    return make(), time.perf_counter() - started


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Finding one persona's memories among many.")
    parser.add_argument("--memories", type=int, default=5000)
    parser.add_argument("--queries", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
