"""What a persona remembers: the values, the seam to whatever keeps them, and what comes to mind.

`persllm.memory.chroma_memory` keeps memories in Chroma.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

EVERYONE = ""
OUTGROWN = 0.15
"""Taken off the fitness of what was said or written at an earlier stage: the facts of a life
stay, but a mind changes."""

Progress = Callable[[str, int, int], None]
"""Told (what is being done, steps done, steps in all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One thing remembered."""

    id: str
    text: str
    kind: Literal["objective", "subjective", "episode"]
    stage: int
    """Place of its stage among the persona's stages, from 0; a later stage may recall it."""
    source: str
    """Where it comes from: file and line of a material, or who said it when."""
    cue: str = ""
    """What it answered, where it is part of an exchange; it helps to find it."""
    audience: str = EVERYONE
    """Whose conversation it belongs to; empty: everyone may be answered from it."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory that came to mind, and how near it is to what was asked."""

    memory: Memory
    similarity: float
    """Cosine, from -1 to 1."""
    fitness: float
    """How well it answers (persllm.fitting), less where it is outgrown."""
    told: str
    """Its text from the sentence that answers best; what stood before that comes last."""


class MemoryStore(Protocol):
    """Keeps one persona's memories."""

    def add(self, memories: Sequence[Memory]) -> None:
        """Keep memories; one with a known id is replaced."""
        ...

    def recall(
        self,
        cue: str,
        *,
        stage: int,
        count: int,
        audience: str = EVERYONE,
        without: frozenset[str] = frozenset(),
    ) -> list[Recalled]:
        """Return what comes to mind, what fits best first.

        Args:
            cue: What was said.
            stage: Nothing of a later stage is recalled.
            count: At most so many.
            audience: Who listens: what everyone may know and what this listener said is recalled.
            without: Ids that are left out.
        """
        ...

    def count(self) -> int:
        """Return how many memories there are."""
        ...


def outgrown(memory: Memory, stage: int) -> float:
    """Return what a memory's fitness loses at a stage: what was held once may be held no more."""
    return OUTGROWN if memory.kind == "subjective" and memory.stage < stage else 0.0
