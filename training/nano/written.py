"""Invented people with lives, questions and answers written by hand.

Synthetic lives ask and answer in a grammar of ours; these ask as people do. Their folders in
`people/` are those of any persona (docs/personas.md). Some are kept apart, to measure with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.fitting import MARGIN, Fit, Fitting, Near
from persllm.materials import Material, read_materials
from persllm.persona import Persona, load_persona
from persllm.training.data.assembling import item_of
from persllm.training.data.drafting import PartDraft
from persllm.training.data.golden import read_golden
from persllm.training.data.items import Item
from persllm.training.nano.lives.names import ONE_IN

PEOPLE = Path(__file__).parent / "people"
MOST_RECALLED = 3
"""As many paragraphs come to mind by default."""


@dataclass(frozen=True, slots=True)
class Written:
    """One person, ready to be asked."""

    persona: Persona
    materials: tuple[Material, ...]
    drafts: tuple[PartDraft, ...]
    fit: Mapping[str, tuple[tuple[Material, Fit], ...]]
    """Paragraphs by how well they fit a question, the best first."""
    near: Mapping[str, tuple[Material, ...]]
    """Paragraphs by their vectors alone, the nearest to a question first."""

    def item(self, made: PartDraft) -> Item:
        """Return a question after what comes to mind: not always what is needed."""
        reach = {each.id for each in self.persona.reaches(self.persona.stage(made.stage))}
        known = [(m, fit) for m, fit in self.fit[made.draft.question] if m.stage in reach]
        least = known[0][1].fitness - MARGIN
        recalled = {m.id: fit.told for m, fit in known[:MOST_RECALLED] if fit.fitness >= least}
        return item_of(self.persona, made, "test", recalled)


def written_people(
    embeddings: Embeddings, *, held_out: bool = False, most: int | None = None
) -> tuple[Written, ...]:
    """Return people written by hand.

    Args:
        embeddings: Tell which paragraphs fit a question.
        held_out: Those kept for measuring, or the others.
        most: How many; all by default.

    Raises:
        PersonaError: A folder has faults.
    """
    folders = [path for path in sorted(PEOPLE.iterdir()) if is_held_out(path.name) == held_out]
    return tuple(_read(path, embeddings) for path in folders[:most])


def is_held_out(name: str) -> bool:
    """Say whether a person, by the name of the folder, is kept for measuring."""
    return crc32(name.encode()) % ONE_IN == 0


def _read(path: Path, embeddings: Embeddings) -> Written:
    persona = load_persona(path)
    materials = read_materials(persona)
    drafts = read_golden(persona, materials)
    asked = embed(embeddings, [made.draft.question for made in drafts])
    held = embed(embeddings, [f"{m.partner} {m.text}".strip() for m in materials])
    fitting = Fitting(embeddings)
    fit = {
        made.draft.question: _by_fitness(made.draft.question, question, materials, held, fitting)
        for made, question in zip(drafts, asked, strict=True)
    }
    alone = embed(embeddings, [material.text for material in materials])
    near = {
        made.draft.question: tuple(materials[row] for row in (-(alone @ question)).argsort())
        for made, question in zip(drafts, asked, strict=True)
    }
    return Written(persona, materials, drafts, fit, near)


def _by_fitness(
    question: str, vector: Vectors, materials: Sequence[Material], held: Vectors, fitting: Fitting
) -> tuple[tuple[Material, Fit], ...]:
    near = [
        Near(text=m.text, likeness=float(likeness), before=m.partner)
        for m, likeness in zip(materials, held @ vector, strict=True)
    ]
    fits = fitting.weigh(question, vector, near)
    order = sorted(range(len(fits)), key=lambda row: -fits[row].fitness)
    return tuple((materials[row], fits[row]) for row in order)
