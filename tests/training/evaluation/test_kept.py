"""Vectors that are kept are those of the embeddings that made them."""

from persllm.embeddings import embeddings_name
from persllm.training.evaluation.kept import KeptEmbeddings
from tests.contracts.memory_contract import HashedWords


def test_a_text_is_embedded_once() -> None:
    made_by = HashedWords()
    kept = KeptEmbeddings(made_by)
    assert kept.embed_documents(["pigeons", "motors"]) == kept.embed_documents(
        ["pigeons", "motors"]
    )
    kept.embed_query("pigeons")
    assert made_by.embedded == ["pigeons", "motors"]


def test_they_go_by_the_name_of_those_that_made_them() -> None:
    assert embeddings_name(KeptEmbeddings(HashedWords("some-name"))) == "some-name"
