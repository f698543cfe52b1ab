"""The paper's way to wrong answers: the stored answer to a near question (METHOD 2.12).

Questions are ranked by similarity, the nearest few are passed over, and the next answer that is
another one is the wrong one. Unlike the released code it never takes an answer that the same
persona might rightly give: one of its own counts only where the stage makes it wrong.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.persona import Persona
from persllm.training.data.items import Item, Pair, Why, each_item
from persllm.training.data.pairs import pair_of
from persllm.training.data.sampling import BuildSettings

AT_ONCE = 256
WINDOW = 64
"""So many stored questions are looked at after those that are passed over."""


class StoredAnswers:
    """Items of all personas with the vectors of their questions.

    Args:
        items: All that may serve as wrong answers.
        embeddings: Vectors of their questions.
    """

    def __init__(self, items: Iterable[Item], embeddings: Embeddings) -> None:
        self._items: list[Item] = []
        vectors: list[Vectors] = []
        for some in batched(items):
            self._items += some
            asked = embed(embeddings, [item.question for item in some])
            vectors.append(asked.astype(np.float16).astype(np.float32))
        self._vectors = np.concatenate(vectors) if vectors else np.zeros((0, 1), dtype=np.float32)

    def pairs(
        self, persona: Persona, items: Iterable[Item], embeddings: Embeddings, *, skip: int
    ) -> Iterator[Pair]:
        """Yield at most one pair an item: its reply, and a stored answer to a near question."""
        for some in batched(items):
            asked = embed(embeddings, [item.question for item in some])
            for item, alike in zip(some, asked @ self._vectors.T, strict=True):
                order = np.argsort(-alike, kind="stable")[skip : skip + WINDOW]
                found = self._first_wrong(persona, item, order.tolist())
                if found is not None:
                    other, why = found
                    yield pair_of(item, other.reply, why, other.id)

    def _first_wrong(
        self, persona: Persona, item: Item, order: Sequence[int]
    ) -> tuple[Item, Why] | None:
        for row in order:
            other = self._items[row]
            why = _why_wrong(persona, item, other)
            if why and other.split == item.split and other.reply != item.reply:
                return other, why
        return None


def stored_items(folders: Sequence[Path]) -> Iterator[Item]:
    """Yield the items of finished builds."""
    for folder in folders:
        for path in sorted(folder.glob("items/*.jsonl")):
            yield from (item for item in each_item(path) if item.persona)


def takes_stored(item: Item, settings: BuildSettings) -> bool:
    """Tell whether an item's wrong answer is mined rather than its own misled one."""
    return settings.mine == "nearest" and item.pattern in ("ordinary", "opinion")


def batched(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items in lists of a few hundred."""
    some: list[Item] = []
    for item in items:
        some.append(item)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _why_wrong(persona: Persona, item: Item, other: Item) -> Why | None:
    if other.persona != item.persona:
        return "other-persona"
    attitude = item.kind == "attitude" and other.kind == "attitude"
    wrong = persona.contradicting(persona.stage(item.stage), attitude=attitude)
    return "other-stage" if other.stage in {stage.id for stage in wrong} else None
