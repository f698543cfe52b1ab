"""A persona's memory as a LangChain retriever."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import PrivateAttr

from persllm.base_profile import BaseProfile
from persllm.memory.recall import Recall
from persllm.memory.store import EVERYONE


class PersonaRetriever(BaseRetriever):
    """What one stage of a persona recalls, as documents with source and similarity."""

    store: Any
    """A `MemoryStore`."""
    stage: int
    """Place of the stage among the persona's stages, from 0."""
    k: int = 3
    audience: str = EVERYONE

    _recall: Recall = PrivateAttr()

    def model_post_init(self, context: object, /) -> None:
        """Get ready to rank what the store finds."""
        super().model_post_init(context)
        self._recall = Recall(self.store.embeddings, BaseProfile(name="retriever"))

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: int
    ) -> list[Document]:
        count = kwargs.get("k", self.k)
        if count < 1:
            raise ValueError(f"k must be at least 1, got {count}")
        recalled = self._recall.search(
            self.store, query, stage=self.stage, count=count, audience=self.audience
        )
        return [
            Document(
                id=each.memory.id,
                page_content=each.memory.text,
                metadata={
                    "source": each.memory.source,
                    "kind": each.memory.kind,
                    "similarity": each.similarity,
                },
            )
            for each in recalled
        ]
