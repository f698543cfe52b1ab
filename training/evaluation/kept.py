"""Embeddings that embed a text once: references, paragraphs and like answers come up again."""

from langchain_core.embeddings import Embeddings

from persllm.embeddings import embeddings_name


class KeptEmbeddings(Embeddings):
    """Keeps every vector for as long as it lives, which is one evaluation."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._kept: dict[str, list[float]] = {}

    @property
    def model_name(self) -> str:
        """The name of those whose vectors are kept: thresholds belong to it."""
        return embeddings_name(self._embeddings)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector a text, in order."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if fresh:
            vectors = self._embeddings.embed_documents(fresh)
            self._kept.update(zip(fresh, vectors, strict=True))
        return [self._kept[text] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of one text."""
        return self.embed_documents([text])[0]
