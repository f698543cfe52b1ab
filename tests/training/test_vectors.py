"""Vectors on disk: none is computed twice, and a torn write leaves nothing behind."""

from pathlib import Path

import numpy as np

from persllm.embeddings import embed, embeddings_name
from persllm.training.data.vectors import KeptVectors
from tests.doubles import LetterEmbeddings

TEXTS = ["the lamp", "the bell", "a storm", "the lamp"]


class _Counting(LetterEmbeddings):
    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked += texts
        return super().embed_documents(texts)


def test_a_text_is_embedded_once_in_all_runs(tmp_path: Path) -> None:
    counting = _Counting()
    first = embed(KeptVectors(counting, tmp_path), TEXTS)
    second = embed(KeptVectors(counting, tmp_path), [*TEXTS, "new"])
    assert counting.asked == [*TEXTS[:3], "new"]
    np.testing.assert_array_equal(first, second[:4])


def test_kept_vectors_are_those_of_the_model(tmp_path: Path) -> None:
    kept = embed(KeptVectors(LetterEmbeddings(), tmp_path), TEXTS)
    np.testing.assert_allclose(kept, embed(LetterEmbeddings(), TEXTS), atol=2e-3)


def test_another_model_has_its_own_vectors(tmp_path: Path) -> None:
    one, other = _Counting(), _Counting()
    other.model_name = "other"
    KeptVectors(one, tmp_path).embed_documents(TEXTS)
    KeptVectors(other, tmp_path).embed_documents(TEXTS)
    assert len(other.asked) == 3


def test_vectors_go_by_the_name_of_their_model(tmp_path: Path) -> None:
    assert embeddings_name(KeptVectors(LetterEmbeddings(), tmp_path)) == "letters-64"


def test_a_half_written_file_is_not_read(tmp_path: Path) -> None:
    KeptVectors(LetterEmbeddings(), tmp_path).embed_documents(TEXTS)
    (whole,) = tmp_path.rglob("*.npy")
    whole.with_name(f".{whole.name}.1.part").write_bytes(whole.read_bytes()[:90])
    counting = _Counting()
    KeptVectors(counting, tmp_path).embed_documents(TEXTS)
    assert counting.asked == []
