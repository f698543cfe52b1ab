"""What of an item's paragraphs comes to mind, and in which order: as in a persona's memory.

Lives are drawn with paragraphs in any order and some that a memory would leave alone. A persona's
own memory weighs them (persllm.fitting), so that is how the base is asked when it is measured.
"""

from dataclasses import replace

from langchain_core.embeddings import Embeddings
from persllm.fitting import Fitting, Near, by_fitness, comes_to_mind

from persllm.embeddings import embed
from tools.nano.lives.items import LifeItem


class Remembering:
    """Recalls as a memory does.

    Args:
        embeddings: Tell which paragraphs fit a question.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._fitting = Fitting(embeddings)

    def of(self, item: LifeItem) -> LifeItem:
        """Return the item with what comes to mind, what fits best first.

        What answers is always among it: whether it would be is another question than whether it is
        used. A paragraph is told as it stands, since only what answers is a sentence of its own
        in lives; what follows colours it.
        """
        if not item.recalled:
            return item
        vector, *others = embed(self._embeddings, [item.question, *item.recalled])
        near = [
            Near(text=text, likeness=float(other @ vector))
            for text, other in zip(item.recalled, others, strict=True)
        ]
        fits = self._fitting.weigh(item.question, vector, near)
        best = max(fit.fitness for fit in fits)
        recalled = [
            text
            for text, fit in by_fitness(item.recalled, fits)
            if text in item.needed or comes_to_mind(fit.fitness, best)
        ]
        return replace(item, recalled=tuple(recalled))
