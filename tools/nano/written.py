"""Invented people with lives, questions and answers written by hand, to measure the base with.

Synthetic lives ask and answer in the grammar that training uses; these ask as people do. Their
folders in `people/` are those of any persona (docs/personas.md). No training reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from langchain_core.embeddings import Embeddings
from persllm.fitting import Fit, Fitting, Near, by_fitness, comes_to_mind

from persllm.embeddings import Vectors, embed
from persllm.materials import Material, read_materials
from persllm.persona import Persona, load_persona
from persllm.training.data.assembling import item_of
from persllm.training.data.drafting import PartDraft
from persllm.training.data.handwritten import read_handwritten
from persllm.training.data.items import Item

PEOPLE = Path(__file__).parent / "people"
MOST_RECALLED = 3
"""As many paragraphs come to mind by default."""


@dataclass(frozen=True, slots=True)
class Written:
    """One person, ready to be asked."""

    persona: Persona
    drafts: tuple[PartDraft, ...]
    fit: Mapping[str, tuple[tuple[Material, Fit], ...]]
    """Paragraphs by how well they fit a question, the best first."""

    def item(self, made: PartDraft) -> Item:
        """Return a question after what comes to mind: not always what is needed."""
        reach = {each.id for each in self.persona.reaches(self.persona.stage(made.stage))}
        known = [(m, fit) for m, fit in self.fit[made.draft.question] if m.stage in reach]
        best = known[0][1].fitness
        near = [(m, fit) for m, fit in known[:MOST_RECALLED] if comes_to_mind(fit.fitness, best)]
        recalled = {m.id: fit.told for m, fit in near}
        return item_of(self.persona, made, "test", recalled)


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
    drafts = read_handwritten(persona, materials)
    asked = embed(embeddings, [made.draft.question for made in drafts])
    held = embed(embeddings, [material.heard for material in materials])
    fitting = Fitting(embeddings)
    fit = {
        made.draft.question: _by_fitness(made.draft.question, question, materials, held, fitting)
        for made, question in zip(drafts, asked, strict=True)
    }
    return Written(persona, drafts, fit)


def _by_fitness(
    question: str, vector: Vectors, materials: Sequence[Material], held: Vectors, fitting: Fitting
) -> tuple[tuple[Material, Fit], ...]:
    near = [
        Near(text=m.text, likeness=float(likeness), before=m.partner)
        for m, likeness in zip(materials, held @ vector, strict=True)
    ]
    fits = fitting.weigh(question, vector, near)
    return tuple(by_fitness(materials, fits))
