"""Finds user turns that are nearly the same, among any number of them, exactly.

A cosine is the sum of two parts: over the first directions of a rotation, which is computed, and
over the others, which is at most the product of their lengths. Where even that bound stays below
the limit two turns are surely unlike; only the few others are compared in full. With directions
in which turns differ most, a comparison costs a tenth of the whole product. Only these directions
stay in memory; whole vectors lie on disk in half precision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from persllm.embeddings import Vectors

DIRECTIONS = 40
BLOCK = 8192
CLOSE = 2e-3
"""Half precision may be off by so much, so what lies that near the limit counts as alike."""
Mark = TypeVar("Mark")


@dataclass(slots=True)
class _Block:
    """Some kept turns: their first directions and the length of the rest, one row a turn."""

    heads: Vectors
    filled: int = 0


class TurnIndex(Generic[Mark]):
    """Turns that were kept, each with a mark of the caller's.

    Args:
        path: File for the vectors; what is in it is dropped.
        similarity: Cosine from which two turns are alike.
        sample: Vectors like those to come, (turns, dimensions); the directions are theirs.
    """

    def __init__(self, path: Path, *, similarity: float, sample: Vectors) -> None:
        self._limit = similarity - CLOSE
        self._rotation = _rotation(sample)
        self._blocks: list[_Block] = []
        self._marks: list[Mark] = []
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        self._dimensions = sample.shape[1]

    def __len__(self) -> int:
        return len(self._marks)

    def keep_unlike(
        self,
        vectors: Vectors,
        marks: Sequence[Mark],
        clash: Callable[[Mark, Mark], str | None],
    ) -> list[str | None]:
        """Keep the turns that clash with none kept before; return why each other was not.

        Args:
            vectors: (turns, dimensions), unit length; of two that clash the first stays.
            marks: One a turn.
            clash: Given the marks of a kept and of a new turn that are alike: why the new one
                cannot stay beside it, or None.
        """
        vectors = _unit(vectors.astype(np.float16).astype(np.float32))
        heads = _heads(vectors, self._rotation)
        near = self._near(vectors, heads)
        inside = vectors @ vectors.T >= self._limit
        reasons: list[str | None] = []
        fresh: list[int] = []
        for row, mark in enumerate(marks):
            others = [self._marks[kept] for kept in near[row]]
            others += [marks[kept] for kept in fresh if inside[row, kept]]
            reason = next(filter(None, (clash(other, mark) for other in others)), None)
            reasons.append(reason)
            if reason is None:
                fresh.append(row)
        self._add(vectors[fresh], heads[fresh], [marks[row] for row in fresh])
        return reasons

    def _near(self, vectors: Vectors, heads: Vectors) -> list[list[int]]:
        """Return for each turn the kept turns that are alike, oldest first."""
        found: list[list[int]] = [[] for _ in vectors]
        for number, block in enumerate(self._blocks):
            bound = heads @ block.heads[: block.filled].T
            new, old = np.nonzero(bound >= self._limit)
            if not len(new):
                continue
            kept = number * BLOCK + old
            stored = self._stored(np.unique(kept))
            places = np.searchsorted(np.unique(kept), kept)
            exact = np.einsum("ij,ij->i", vectors[new], stored[places])
            for row, place in zip(
                new[exact >= self._limit], kept[exact >= self._limit], strict=True
            ):
                found[row].append(int(place))
        return found

    def _stored(self, places: npt.NDArray[np.int64]) -> Vectors:
        shape = (len(self._marks), self._dimensions)
        kept = np.memmap(self._path, dtype=np.float16, mode="r", shape=shape)
        return _unit(kept[places].astype(np.float32))

    def _add(self, vectors: Vectors, heads: Vectors, marks: list[Mark]) -> None:
        with self._path.open("ab") as stream:
            stream.write(vectors.astype(np.float16).tobytes())
        self._marks += marks
        for head in heads:
            if not self._blocks or self._blocks[-1].filled == BLOCK:
                self._blocks.append(_Block(np.empty((BLOCK, heads.shape[1]), dtype=np.float32)))
            block = self._blocks[-1]
            block.heads[block.filled] = head
            block.filled += 1


def _rotation(sample: Vectors) -> Vectors:
    """Return the directions in which a sample differs most, (dimensions, directions)."""
    spread = sample.astype(np.float64).T @ sample
    _, directions = np.linalg.eigh(spread)  # the widest come last
    kept: Vectors = directions[:, ::-1][:, :DIRECTIONS].astype(np.float32)
    return kept


def _heads(vectors: Vectors, rotation: Vectors) -> Vectors:
    """Return the first directions and the length of the rest: their product bounds the cosine."""
    heads = vectors @ rotation
    rest = np.sqrt(np.maximum(0.0, (vectors**2).sum(1) - (heads**2).sum(1)))
    return np.concatenate([heads, rest[:, None]], axis=1).astype(np.float32)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = vectors / np.maximum(lengths, 1e-12)
    return unit
