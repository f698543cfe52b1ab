"""What of an item's paragraphs comes up, and in which order: as in a persona's memory.

Lives are drawn with paragraphs in any order and some that a memory would leave alone. A persona's
own memory ranks them (persllm.memory.recall), so that is how the base is asked when it is measured.
"""

from collections.abc import Sequence
from dataclasses import replace

from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed
from persllm.memory.recall import Recall
from persllm.memory.reranking import Query
from persllm.memory.store import Found, Memory
from tools.nano.lives.items import LifeItem
from tools.nano.profile import PROFILE


class Remembering:
    """Recalls as a memory does.

    Args:
        embeddings: Tell which paragraphs answer a question.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._recall = Recall(embeddings, PROFILE)

    def of(self, item: LifeItem) -> LifeItem:
        """Return the item with what comes up, the most relevant first.

        What answers is always among it: whether it would be is another question than whether it is
        used. A paragraph is told as it stands, since only what answers is a sentence of its own
        in lives; what follows colours it.
        """
        if not item.recalled:
            return item
        query, found = Query(item.question), self._found(item.recalled)
        kept = {each.memory.text for each in self._recall.choose(query, found, stage=0)}
        ranked = (each.memory.text for each in self._recall.rank(query, found, stage=0))
        recalled = tuple(text for text in ranked if text in kept or text in item.needed)
        return replace(item, recalled=recalled)

    def _found(self, texts: Sequence[str]) -> list[Found]:
        return [
            Found(Memory(id=text, text=text, kind="objective", stage=0, source="drawn"), vector)
            for text, vector in zip(texts, embed(self._embeddings, [*texts]), strict=True)
        ]
