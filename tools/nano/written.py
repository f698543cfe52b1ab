"""Invented people with lives, questions and answers written by hand, to measure the base with.

Synthetic lives ask and answer in the grammar that training uses; these ask as people do. Their
folders in `people/` are those of any persona (docs/personas.md). No training reads them.
"""

from dataclasses import dataclass
from pathlib import Path

from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed
from persllm.materials import Material, read_materials
from persllm.memory.recall import NEAREST, Recall, Recalled
from persllm.memory.reranking import Query
from persllm.memory.store import Found, Memory
from persllm.persona import Persona, load_persona
from persllm.training.data.assembling import item_of
from persllm.training.data.drafting import PartDraft
from persllm.training.data.golden import read_golden
from persllm.training.data.items import Item
from tools.nano.profile import PROFILE

PEOPLE = Path(__file__).parent / "people"


@dataclass(frozen=True, slots=True)
class Written:
    """One person, ready to be asked."""

    persona: Persona
    drafts: tuple[PartDraft, ...]
    memories: tuple[Found, ...]
    recall: Recall

    def item(self, made: PartDraft) -> Item:
        """Return a question after what comes up for it: not always what is needed."""
        recalled = {each.memory.id: each.prompt_text for each in self.recalled(made)}
        return item_of(self.persona, made, "test", recalled, profile=PROFILE)

    def recalled(self, made: PartDraft) -> list[Recalled]:
        """Return what comes up for a question at its stage."""
        query, stage = Query(made.draft.question), _place(self.persona, made.stage)
        vector = self.recall.vector(query)
        known = [each for each in self.memories if each.memory.stage <= stage]
        near = sorted(known, key=lambda each: -float(each.vector @ vector))[:NEAREST]
        return self.recall.choose(query, near, stage=stage)


def written_people(embeddings: Embeddings, *, most: int | None = None) -> tuple[Written, ...]:
    """Return people written by hand.

    Args:
        embeddings: Tell which paragraphs fit a question.
        most: How many; all by default.

    Raises:
        PersonaError: A folder has faults.
    """
    return tuple(_read(path, embeddings) for path in people_folders()[:most])


def people_folders() -> list[Path]:
    """Return the persona folders of all of them, by name."""
    return [path for path in sorted(PEOPLE.iterdir()) if path.is_dir()]


def _read(path: Path, embeddings: Embeddings) -> Written:
    persona = load_persona(path)
    materials = read_materials(persona)
    vectors = embed(embeddings, [material.heard for material in materials])
    memories = tuple(
        Found(_memory(persona, material), vector)
        for material, vector in zip(materials, vectors, strict=True)
    )
    recall = Recall(embeddings, PROFILE)
    return Written(persona, tuple(read_golden(persona, materials)), memories, recall)


def _memory(persona: Persona, material: Material) -> Memory:
    return Memory(
        id=material.id,
        text=material.text,
        kind=material.kind,
        stage=_place(persona, material.stage),
        source=material.source,
        cue=material.partner,
    )


def _place(persona: Persona, stage: str) -> int:
    return [each.id for each in persona.stages].index(stage)
