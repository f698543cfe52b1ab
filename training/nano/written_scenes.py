"""Scenes of people written by hand: questions to one of them over the same paragraphs.

What is recalled stands as it was written, so that what is asked for must be looked for.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from persllm.materials import Material
from persllm.persona import Stage
from persllm.training.data.drafting import PartDraft
from persllm.training.nano.passages import PassageItem, not_known, posed
from persllm.training.nano.renaming import Names, names_of, renamed
from persllm.training.nano.written import Written

RECALLED = (1, 2, 3, 3, 3, 4)
"""How many paragraphs a scene recalls, each as likely."""
BY_FIT_SHARE = 0.6
"""Scenes whose paragraphs stand in the order of their vectors, the nearest first."""
MOST_ASKED = 7
UNKNOWN_SHARE = 0.5
"""Scenes in which something is asked that is not recalled."""
RENAMED_SHARE = 0.8


def written_scenes(
    people: Sequence[Written], *, seed: int, count: int
) -> Iterator[list[PassageItem]]:
    """Yield questions to one person over the same paragraphs; the same seed yields the same."""
    draw = random.Random(f"written {seed}")
    names = {person.persona.id: names_of(m.text for m in person.materials) for person in people}
    for _ in range(count):
        person = draw.choice(people)
        items = _scene(person, draw.choice(person.persona.stages), draw)
        if draw.random() < RENAMED_SHARE:
            items = _renamed(items, names[person.persona.id], draw)
        yield items


def _scene(person: Written, stage: Stage, draw: random.Random) -> list[PassageItem]:
    reach = {each.id for each in person.persona.reaches(stage)}
    known = {material.id for material in person.materials if material.stage in reach}
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
    return [posed(person.persona, stage, texts, draft, draw) for draft in drafts]


def _recalled(
    person: Written, lead: PartDraft, known: set[str], draw: random.Random
) -> list[Material]:
    """Return what comes to mind at a question, with the paragraph that it needs."""
    count = draw.choice(RECALLED)
    found = [m for m in person.near[lead.draft.question] if m.id in known]
    needed = next(m for m in found if m.id == lead.material)
    recalled = found[:count] if needed in found[:count] else [*found[: count - 1], needed]
    if draw.random() >= BY_FIT_SHARE:
        draw.shuffle(recalled)
    return recalled


def _renamed(items: Sequence[PassageItem], names: Names, draw: random.Random) -> list[PassageItem]:
    texts = [message.content for item in items for message in item.messages()]
    turned = iter(renamed(texts, names, draw))
    return [
        replace(
            item,
            prompt=tuple(replace(message, content=next(turned)) for message in item.prompt),
            reply=next(turned),
        )
        for item in items
    ]
