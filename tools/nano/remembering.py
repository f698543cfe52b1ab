"""What of an item's paragraphs comes to mind, and in which order: as in a persona's memory.

Lives are drawn with paragraphs in any order and some that a memory would leave alone. A persona's
own memory ranks them (persllm.memory.reranking), so that is how the base is asked when it is
measured.
"""

from dataclasses import replace

from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed, embeddings_name
from persllm.memory.recall import threshold_of
from persllm.memory.reranking import Candidate, Query, Reranker, by_relevance
from tools.nano.lives.items import LifeItem


class Remembering:
    """Recalls as a memory does.

    Args:
        embeddings: Tell which paragraphs answer a question.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._reranker = Reranker(embeddings)
        self._threshold = threshold_of(embeddings_name(embeddings))

    def of(self, item: LifeItem) -> LifeItem:
        """Return the item with what comes to mind, what answers best first.

        What answers is always among it: whether it would be is another question than whether it is
        used. A paragraph is told as it stands, since only what answers is a sentence of its own
        in lives; what follows colours it.
        """
        if not item.recalled:
            return item
        asked, *vectors = embed(self._embeddings, [item.question, *item.recalled])
        candidates = [
            Candidate(text=text, vector=vector)
            for text, vector in zip(item.recalled, vectors, strict=True)
        ]
        ranks = self._reranker.rerank(Query(item.question), [asked], candidates)
        ranked = by_relevance(item.recalled, ranks)
        best = ranked[0][1].relevance
        recalled = [
            text
            for text, rank in ranked
            if text in item.needed or self._threshold.passes(rank.relevance, best)
        ]
        return replace(item, recalled=tuple(recalled))
