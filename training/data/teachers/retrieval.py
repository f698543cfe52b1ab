"""What a teacher is given to write from: paragraphs near a question, up to a number of words.

Objective and subjective text have budgets of their own (METHOD 2.4). The item's own paragraph comes
first, then the nearest; none is given twice, none from after the stage, and none of the other
split. The paper counts words by spaces, so that Chinese text is not counted at all; here a Chinese
or Japanese character is a word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed, embeddings_name
from persllm.files import digest
from persllm.materials import Kind, Material
from persllm.training.data.drafting import Library
from persllm.training.data.sampling import Division

KNOWN_WORDS, MANNER_WORDS = 1500, 500
NEAREST = 96
"""Paragraphs of a kind that are looked at for one question."""
CHARACTERS = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Budgets:
    """Words of each kind that an answer is written from."""

    objective: int = KNOWN_WORDS
    subjective: int = MANNER_WORDS


def words_of(text: str) -> int:
    """Return the number of words; a Chinese or Japanese character counts as one."""
    spaced, characters = CHARACTERS.subn(" ", text)
    return characters + len(spaced.split())


@dataclass(frozen=True, slots=True)
class Sought:
    """One question that paragraphs are looked up for."""

    question: str
    reach: frozenset[str]
    """Ids of the stages whose paragraphs may be given."""
    seed: str | None
    """Id of the paragraph that comes first of its kind."""
    division: Division | None = None
    """Train or test, whose paragraphs alone are given; all where none is said."""

    def key(self, shelves: str) -> bytes:
        """Return what the choice is kept under."""
        parts = (shelves, self.question, *sorted(self.reach), self.seed or "", repr(self.division))
        return bytes.fromhex(digest("recalled", *parts))


@dataclass(slots=True)
class Shelves:
    """A persona's paragraphs, looked up by stage, kind and nearness.

    Args:
        materials: All of them. They are embedded when a question is first looked up.
        embeddings: Vectors of paragraphs and questions.
        budgets: How many words are given.
    """

    materials: Sequence[Material]
    embeddings: Embeddings
    budgets: Budgets
    digest: str = field(init=False)
    """What tells this choice of paragraphs from others."""
    _by_id: dict[str, Material] = field(init=False)
    _vectors: Vectors | None = field(init=False, default=None)
    _parts: dict[tuple[frozenset[str], Kind, Division | None], Library] = field(
        init=False, default_factory=dict
    )

    _lengths: dict[frozenset[str], float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id = {material.id: material for material in self.materials}
        self.digest = digest(repr(self.budgets), embeddings_name(self.embeddings), *self._by_id)

    def __contains__(self, material_id: str) -> bool:
        return material_id in self._by_id

    def texts(self, ids: Sequence[str], kind: Kind) -> str:
        """Return the chosen paragraphs of a kind as a prompt shows them."""
        chosen = (self._by_id[each] for each in ids)
        return "\n".join(m.text for m in chosen if m.kind == kind) or "(nothing)"

    def paragraphs(self, ids: Sequence[str]) -> tuple[Material, ...]:
        """Return the paragraphs of these ids, in order."""
        return tuple(self._by_id[each] for each in ids)

    def most_characters(self, reach: frozenset[str]) -> float:
        """Return the length of what is given at most from these stages, both kinds."""
        if reach not in self._lengths:
            total = 0.0
            for kind in ("objective", "subjective"):
                texts = [m.text for m in self.materials if m.kind == kind and m.stage in reach]
                most: int = getattr(self.budgets, kind)
                share = min(1.0, most / max(sum(map(words_of, texts)), 1))
                total += share * sum(map(len, texts))
            self._lengths[reach] = total
        return self._lengths[reach]

    def choose(self, asked: Sequence[Sought]) -> list[list[str]]:
        """Return the ids of the paragraphs for each of several questions.

        Only the embedding is done together. Each question has a product of its own, because that
        of a batch rounds otherwise and would make a choice depend on its company.
        """
        vectors = embed(self.embeddings, [each.question for each in asked])
        return [self._chosen(each, vector) for each, vector in zip(asked, vectors, strict=True)]

    def _chosen(self, sought: Sought, question: Vectors) -> list[str]:
        seed = self._by_id[sought.seed] if sought.seed is not None else None
        ids: list[str] = []
        kinds: tuple[Kind, ...] = ("objective", "subjective")
        for kind in kinds:
            first = [seed] if seed is not None and seed.kind == kind else []
            near = _nearest(self._part(sought, kind), question)
            most: int = getattr(self.budgets, kind)
            ids += [material.id for material in _within(most, [*first, *near])]
        return ids

    def _part(self, sought: Sought, kind: Kind) -> Library:
        reach, division = sought.reach, sought.division
        where = (reach, kind, division)
        if where not in self._parts:
            if self._vectors is None:
                texts = [m.heard for m in self.materials]
                self._vectors = embed(self.embeddings, texts)
            library = Library(tuple(self.materials), self._vectors)
            self._parts[where] = library.where(
                [
                    m.kind == kind and m.stage in reach and (division is None or division.holds(m))
                    for m in self.materials
                ]
            )
        return self._parts[where]


def _nearest(part: Library, question: Vectors) -> list[Material]:
    """Return the nearest paragraphs, in order; of equal ones the earlier is first."""
    if not part.materials:
        return []
    far = -(part.vectors @ question)  # (paragraphs,)
    count = min(NEAREST, len(far))
    reach = np.partition(far, count - 1)[count - 1]
    rows = np.flatnonzero(far <= reach)
    return [part.materials[row] for row in rows[np.argsort(far[rows], kind="stable")][:count]]


def _within(most: int, materials: Sequence[Material]) -> list[Material]:
    """Return the first of them whatever its length, then those that still fit."""
    kept: list[Material] = []
    words = 0
    for material in materials:
        length = words_of(material.text)
        if kept and (words + length > most or any(material.text in m.text for m in kept)):
            continue
        kept.append(material)
        words += length
    return kept
