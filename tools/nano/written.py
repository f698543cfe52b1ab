"""Invented people with lives, questions and answers written by hand, to measure the base with.

Synthetic lives ask and answer in the grammar that training uses; these ask as people do. Their
folders in `people/` are those of any persona (docs/personas.md). No training reads them.
"""

from dataclasses import dataclass
from pathlib import Path

from langchain_core.embeddings import Embeddings

from persllm.base_profile import named_profile
from persllm.embeddings import embed
from persllm.materials import read_materials
from persllm.memory.recall import NEAREST, Recall
from persllm.memory.reranking import Query
from persllm.memory.store import Found, memory_from
from persllm.persona import Persona, load_persona
from persllm.training.data.assembling import item_of
from persllm.training.data.drafting import PartDraft
from persllm.training.data.handwritten import read_handwritten
from persllm.training.data.items import Item

PEOPLE = Path(__file__).parent / "people"
PROFILE = named_profile("nano")


@dataclass(frozen=True, slots=True)
class Written:
    """One person, ready to be asked."""

    persona: Persona
    drafts: tuple[PartDraft, ...]
    held: tuple[Found, ...]
    """All paragraphs of the person."""
    recall: Recall

    def item(self, made: PartDraft) -> Item:
        """Return a question after what comes to mind: not always what is needed."""
        stage = self.persona.stages.index(self.persona.stage(made.stage))
        query = Query(made.draft.question)
        vector = self.recall.vector(query)
        known = [each for each in self.held if each.memory.stage <= stage]
        near = sorted(known, key=lambda each: -float(each.vector @ vector))[:NEAREST]
        chosen = self.recall.choose(query, near, stage=stage)
        recalled = {each.memory.id: each.prompt_text for each in chosen}
        return item_of(self.persona, made, "test", recalled, profile=PROFILE)


def written_people(embeddings: Embeddings, *, most: int | None = None) -> tuple[Written, ...]:
    """Return people written by hand.

    Args:
        embeddings: Tell which paragraphs answer a question.
        most: How many; all by default.

    Raises:
        PersonaError: A folder has faults.
    """
    recall = Recall(embeddings, PROFILE)
    return tuple(_read(path, embeddings, recall) for path in people_folders()[:most])


def people_folders() -> list[Path]:
    """Return the persona folders of all of them, by name."""
    return [path for path in sorted(PEOPLE.iterdir()) if path.is_dir()]


def _read(path: Path, embeddings: Embeddings, recall: Recall) -> Written:
    persona = load_persona(path)
    materials = read_materials(persona)
    vectors = embed(embeddings, [material.heard for material in materials])
    order = [stage.id for stage in persona.stages]
    held = tuple(
        Found(memory_from(each, order), row) for each, row in zip(materials, vectors, strict=True)
    )
    return Written(persona, read_handwritten(persona, materials, stance=False), held, recall)
