"""Keeps a memory up to date with the persona's materials."""

from collections.abc import Sequence

from persllm.materials import Material
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.store import memory_from
from persllm.persona import Persona
from persllm.progress import Progress, no_progress

SHOWN = 200
"""Progress is told after so many memories."""
LEAST_LETTERS = 6
"""A paragraph with fewer letters is a scrap, such as "ii. p. 182."."""


def keep_materials(
    store: ChromaMemory,
    persona: Persona,
    materials: Sequence[Material],
    *,
    progress: Progress = no_progress,
) -> int:
    """Bring the store up to date with the materials; return how many were new.

    Unchanged paragraphs are not embedded again; ones that are gone are forgotten. Stopped in the
    middle, the next call goes on where it was.
    """
    order = [stage.id for stage in persona.stages]
    known = store.known()
    telling = [m for m in materials if m.partner or sum(map(str.isalpha, m.text)) >= LEAST_LETTERS]
    new = [memory_from(each, order) for each in telling if each.id not in known]
    for start in range(0, len(new), SHOWN):
        progress("remembering", start, len(new))
        store.add(new[start : start + SHOWN])
    progress("remembering", len(new), len(new))
    store.forget(sorted(known - {material.id for material in telling}))
    return len(new)
