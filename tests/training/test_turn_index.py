"""The index of user turns agrees with comparing all with all."""

from pathlib import Path

import numpy as np
import pytest

from persllm.embeddings import Vectors
from persllm.training.data.turn_index import BLOCK, CLOSE, TurnIndex

LIMIT = 0.95


def _turns(count: int, *, dimensions: int, seed: int) -> Vectors:
    """Return unit vectors of which every third is near an earlier one, at many distances."""
    draw = np.random.default_rng(seed)
    turns = draw.normal(size=(count, dimensions)) * np.linspace(2, 0.2, dimensions)
    for row in range(3, count, 3):
        turns[row] = turns[draw.integers(row)] + turns[row] * draw.uniform(0.05, 0.6)
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    return turns.astype(np.float32)


def _kept(index: TurnIndex[int], turns: Vectors, batch: int) -> list[int]:
    kept = []
    for start in range(0, len(turns), batch):
        rows = range(start, min(start + batch, len(turns)))
        reasons = index.keep_unlike(turns[rows.start : rows.stop], list(rows), lambda a, b: "twin")
        kept += [row for row, reason in zip(rows, reasons, strict=True) if reason is None]
    return kept


def _by_force(turns: Vectors, limit: float) -> list[int]:
    kept: list[int] = []
    for row in range(len(turns)):
        if not kept or (turns[kept] @ turns[row]).max() < limit:
            kept.append(row)
    return kept


@pytest.mark.parametrize("dimensions", [8, 64, 384])
def test_what_is_kept_holds_no_two_alike(tmp_path: Path, dimensions: int) -> None:
    turns = _turns(3000, dimensions=dimensions, seed=dimensions)
    index: TurnIndex[int] = TurnIndex(tmp_path / "t", similarity=LIMIT, sample=turns[:256])
    kept = _kept(index, turns, 256)
    alike = turns[kept] @ turns[kept].T
    assert np.triu(alike, k=1).max() < LIMIT
    assert len(index) == len(kept) < len(turns)


def test_no_more_is_dropped_than_all_with_all_would_drop(tmp_path: Path) -> None:
    turns = _turns(2000, dimensions=64, seed=1)
    index: TurnIndex[int] = TurnIndex(tmp_path / "t", similarity=LIMIT, sample=turns[:256])
    strict, loose = _by_force(turns, LIMIT - 2 * CLOSE), _by_force(turns, LIMIT)
    assert len(strict) <= len(_kept(index, turns, 100)) <= len(loose)


def test_a_twin_is_found_past_the_first_block(tmp_path: Path) -> None:
    turns = np.random.default_rng(2).normal(size=(BLOCK + 500, 24)).astype(np.float32)
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    index: TurnIndex[int] = TurnIndex(tmp_path / "t", similarity=0.999, sample=turns[:256])
    assert len(_kept(index, turns, 2048)) > BLOCK
    again = index.keep_unlike(turns[[3, BLOCK + 400]], [-1, -2], lambda kept, new: str(kept))
    assert again == ["3", str(BLOCK + 400)]


def test_marks_decide_whether_alike_turns_clash(tmp_path: Path) -> None:
    turns = np.eye(4, dtype=np.float32)[[0, 0, 0]]
    index: TurnIndex[str] = TurnIndex(tmp_path / "t", similarity=LIMIT, sample=turns)
    clash = {("a", "a"): "same"}
    reasons = index.keep_unlike(turns, ["a", "b", "a"], lambda kept, new: clash.get((kept, new)))
    assert reasons == [None, None, "same"]
