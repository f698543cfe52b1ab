"""Scenes of invented people whose lives, questions and answers were written by hand.

Synthetic lives ask and answer in a grammar of ours; these ask and answer as people do. Their
folders in `people/` are those of any persona (docs/personas.md).
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed
from persllm.materials import Material, read_materials
from persllm.persona import Persona, Stage, load_persona
from persllm.training.data.drafting import PartDraft
from persllm.training.data.golden import read_golden
from persllm.training.nano.lives.names import ONE_IN
from persllm.training.nano.passages import PassageItem, not_known, posed
from persllm.training.nano.renaming import Names, names_of, renamed

PEOPLE = Path(__file__).parent / "people"
RECALLED = (1, 2, 3, 3, 3, 4)
"""How many paragraphs a scene recalls, each as likely."""
BY_FIT_SHARE = 0.6
"""Scenes whose paragraphs stand as they would come to mind, the most fitting first."""
MOST_ASKED = 7
UNKNOWN_SHARE = 0.5
"""Scenes in which something is asked that is not recalled."""
RENAMED_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Written:
    """One person, ready to be asked."""

    persona: Persona
    materials: tuple[Material, ...]
    drafts: tuple[PartDraft, ...]
    fit: Mapping[str, tuple[Material, ...]]
    """Paragraphs by how well they fit a question, the best first."""
    names: Names

    def known(self, stage: Stage) -> list[Material]:
        """Return what can be recalled at a stage."""
        reach = {each.id for each in self.persona.reaches(stage)}
        return [material for material in self.materials if material.stage in reach]


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


def written_scenes(
    people: Sequence[Written], *, seed: int, count: int
) -> Iterator[list[PassageItem]]:
    """Yield questions to one person over the same paragraphs; the same seed yields the same."""
    draw = random.Random(f"written {seed}")
    for _ in range(count):
        person = draw.choice(people)
        yield _scene(person, draw.choice(person.persona.stages), draw)


def _read(path: Path, embeddings: Embeddings) -> Written:
    persona = load_persona(path)
    materials = read_materials(persona)
    drafts = read_golden(persona, materials)
    asked = embed(embeddings, [made.draft.question for made in drafts])
    held = embed(embeddings, [material.text for material in materials])
    order = (-(asked @ held.T)).argsort(axis=1)
    fit = {
        made.draft.question: tuple(materials[place] for place in row)
        for made, row in zip(drafts, order, strict=True)
    }
    return Written(persona, materials, drafts, fit, names_of(m.text for m in materials))


def _scene(person: Written, stage: Stage, draw: random.Random) -> list[PassageItem]:
    known = {material.id for material in person.known(stage)}
    mine = [made for made in person.drafts if made.stage == stage.id]
    lead = draw.choice(mine)
    recalled = _recalled(person, lead, known, draw)
    here = {material.id for material in recalled}
    others = [made for made in mine if made.material in here and made is not lead]
    asked = [lead, *draw.sample(others, min(len(others), MOST_ASKED - 1))]
    drafts = [made.draft for made in asked]
    absent = [
        made for made in person.drafts if made.material not in here and made.pattern == "ordinary"
    ]
    if absent and draw.random() < UNKNOWN_SHARE:
        drafts.append(not_known(draw.choice(absent).draft.question, draw))
    texts = [material.text for material in recalled]
    items = [posed(person.persona, stage, texts, draft, draw) for draft in drafts]
    return _renamed(items, person, draw) if draw.random() < RENAMED_SHARE else items


def _recalled(
    person: Written, lead: PartDraft, known: set[str], draw: random.Random
) -> list[Material]:
    """Return what comes to mind at a question, with the paragraph that it needs."""
    count = draw.choice(RECALLED)
    found = [m for m in person.fit[lead.draft.question] if m.id in known]
    needed = next(m for m in found if m.id == lead.material)
    recalled = found[:count] if needed in found[:count] else [*found[: count - 1], needed]
    if draw.random() >= BY_FIT_SHARE:
        draw.shuffle(recalled)
    return recalled


def _renamed(
    items: Sequence[PassageItem], person: Written, draw: random.Random
) -> list[PassageItem]:
    texts = [message.content for item in items for message in item.messages()]
    turned = iter(renamed(texts, person.names, draw))
    return [
        replace(
            item,
            prompt=tuple(replace(message, content=next(turned)) for message in item.prompt),
            reply=next(turned),
        )
        for item in items
    ]
