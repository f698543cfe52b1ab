"""What a persona remembers: the values, and the seam to whatever keeps them.

A store keeps, finds, forgets and counts. What comes up for a turn is decided in
`persllm.memory.recall`. `persllm.memory.chroma_memory` keeps memories in Chroma.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors
from persllm.materials import Material

EVERYONE = ""

Kind = Literal["objective", "subjective", "episode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One thing remembered."""

    id: str
    text: str
    kind: Kind
    stage: int
    """Place of its stage among the persona's stages, from 0; a later stage may recall it."""
    source: str
    """Where it comes from: file and line of a material, or who said it when."""
    cue: str = ""
    """What it answered, where it is part of an exchange; it helps to find it."""
    audience: str = EVERYONE
    """Whose conversation it belongs to; empty: everyone may be answered from it."""
    when: str = ""
    """When it was heard, ISO 8601 in UTC; empty for what comes from materials."""
    conversation: str = ""
    """Id of the conversation it was heard in, where there is one."""
    about: str = ""
    """What a visitor told of: what he tells of the same later supersedes it."""
    superseded_by: str = ""
    """Id of the memory that took its place; it is history then, and does not come up."""

    @property
    def heard(self) -> str:
        """The text after what it answered: what its vector is made of."""
        return f"{self.cue} {self.text}".strip()


def memory_from(material: Material, order: Sequence[str]) -> Memory:
    """Return a material as a memory; `order` holds the ids of the persona's stages."""
    return Memory(
        id=material.id,
        text=material.text,
        kind=material.kind,
        stage=order.index(material.stage),
        source=material.source,
        cue=material.partner,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A memory near a query."""

    memory: Memory
    vector: Vectors
    """Of the memory, (dimensions,), of unit length."""


class MemoryStore(Protocol):
    """Keeps one persona's memories."""

    @property
    def embeddings(self) -> Embeddings:
        """What its vectors are made with."""
        ...

    def add(self, memories: Sequence[Memory]) -> None:
        """Keep memories; one with a known id is replaced."""
        ...

    def find(
        self,
        vector: Vectors,
        *,
        stage: int,
        count: int,
        audience: str = EVERYONE,
        without: frozenset[str] = frozenset(),
    ) -> list[Found]:
        """Return the nearest memories, the nearest first.

        Args:
            vector: Of what is sought, (dimensions,).
            stage: Nothing of a later stage is found.
            count: At most so many.
            audience: Who listens: what everyone may know and what this listener said is found.
            without: Ids that are left out.
        """
        ...

    def episodes(self, audience: str) -> list[Memory]:
        """Return all that a visitor told, the oldest first, what is superseded too."""
        ...

    def count(self) -> int:
        """Return how many memories there are."""
        ...

    def version(self, audience: str = EVERYONE) -> int:
        """Return a number that is another one when what this listener may hear has changed.

        It costs next to nothing, so that it may be asked for every turn.
        """
        ...
