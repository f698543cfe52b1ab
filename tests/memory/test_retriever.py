"""The LangChain face of a persona's memory."""

from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.retriever import PersonaRetriever
from tests.contracts.memory_contract import HashedWords, memory, new_persona


def _store() -> ChromaMemory:
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    store.add([memory(str(i), f"pigeon number {i}") for i in range(5)])
    store.add([memory("late", "pigeon of my old age", stage=1)])
    return store


class TestPersonaRetriever(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return PersonaRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"store": _store(), "stage": 0}

    @property
    def retriever_query_example(self) -> str:
        return "Which pigeon?"


def test_documents_say_where_they_come_from_and_how_near_they_are() -> None:
    (document,) = PersonaRetriever(store=_store(), stage=0, k=1).invoke("pigeon number 3")
    assert document.id == "3"
    assert document.metadata == {
        "source": "test:1",
        "kind": "objective",
        "similarity": pytest.approx(1.0, abs=1e-4),
    }


def test_the_retriever_keeps_to_its_stage() -> None:
    store = _store()
    early = PersonaRetriever(store=store, stage=0, k=9).invoke("pigeon of my old age")
    late = PersonaRetriever(store=store, stage=1, k=9).invoke("pigeon of my old age")
    assert "late" not in [document.id for document in early]
    assert late[0].id == "late"


@pytest.mark.parametrize("k", [0, -1])
def test_less_than_one_document_is_no_wish(k: int) -> None:
    with pytest.raises(ValueError, match="k must be at least 1"):
        PersonaRetriever(store=_store(), stage=0).invoke("Which pigeon?", k=k)
