"""Second half of a build: drafts become items and pairs.

Drafts are filtered, made unlike each other, given what is recalled beside them, and rendered. The
texts recalled beside a question, and the wrong answers to it, come from its own split.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.errors import DataError
from persllm.materials import Material
from persllm.messages import Message, render, write_reply
from persllm.persona import Persona
from persllm.training.data.cleaning import fault_of, keep_unlike
from persllm.training.data.drafting import Library, PartDraft
from persllm.training.data.items import Item, Pair, Split
from persllm.training.data.pairs import Rejections
from persllm.training.data.sampling import BuildSettings, split_of

NEIGHBOURS = 12
"""So many of the nearest paragraphs are tried as company for the source."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the drafts came to."""

    items: tuple[Item, ...]
    pairs: tuple[Pair, ...]
    dropped: Counter[str]
    """How many drafts fell out, by reason."""


def assemble(
    persona: Persona,
    drafts: Sequence[PartDraft],
    *,
    own: Library,
    others: Library,
    embeddings: Embeddings,
    settings: BuildSettings,
) -> Assembled:
    """Return items and pairs.

    Args:
        persona: Whose.
        drafts: What was written; of two that are alike the first is kept.
        own: The persona's usable paragraphs.
        others: Those of other personas.
        embeddings: Vectors of user turns.
        settings: Of the build.

    Raises:
        DataError: Nothing is left for one of the splits.
    """
    faults = [fault_of(made, persona) for made in drafts]
    dropped = Counter(fault for fault in faults if fault)
    sound = [made for made, fault in zip(drafts, faults, strict=True) if not fault]
    questions = embed(embeddings, [made.draft.question for made in sound])
    sources = {material.id: material for material in own.materials}
    splits: list[Split] = [split_of(sources[made.material], settings) for made in sound]
    kept, alike = keep_unlike(sound, questions, splits, similarity=settings.similarity)
    rejections = Rejections(persona, own, others, settings)
    items: list[Item] = []
    pairs: list[Pair] = []
    for row in kept:
        recalled = _recalled(persona, sound[row], splits[row], own, questions[row], settings)
        items.append(_item(persona, sound[row], splits[row], recalled))
        pairs += rejections.pairs(items[-1], sound[row], questions[row])
    _check(persona, items, pairs)
    return Assembled(tuple(items), tuple(pairs), dropped + alike)


def _item(
    persona: Persona,
    made: PartDraft,
    split: Split,
    recalled: Sequence[Material],
) -> Item:
    draft = made.draft
    prompt = render(
        persona,
        persona.stage(made.stage),
        (Message("user", draft.question),),
        recalled=[material.text for material in recalled],
    )
    return Item(
        id=f"{persona.id}-{made.id}",
        persona=persona.id,
        stage=made.stage,
        pattern=made.pattern,
        messages=(*prompt, Message("assistant", write_reply(draft.analysis, draft.response))),
        question=draft.question,
        recalled=tuple(material.id for material in recalled),
        false_premise=draft.false_premise,
        sources=(made.material,),
        teacher=made.teacher,
        kind=draft.kind,
        split=split,
        said=draft.said,
        known=draft.known,
    )


def _recalled(
    persona: Persona,
    made: PartDraft,
    split: Split,
    own: Library,
    question: Vectors,
    settings: BuildSettings,
) -> list[Material]:
    """Return the source and paragraphs of its split, the nearest first, as memory gives them."""
    if random.Random(f"{settings.seed}/{made.id}").random() >= settings.recalled_share:
        return []
    reach = {stage.id for stage in persona.reaches(persona.stage(made.stage))}
    near = [m for m in own.nearest(question) if m.stage in reach and split_of(m, settings) == split]
    chosen = [material for material in near if material.id == made.material]
    words = len(chosen[0].text.split())
    for material in near[:NEIGHBOURS]:
        length = len(material.text.split())
        if material.id != made.material and words + length <= settings.recalled_words:
            chosen.append(material)
            words += length
    return sorted(chosen, key=near.index)


def _check(persona: Persona, items: Sequence[Item], pairs: Sequence[Pair]) -> None:
    for split in ("train", "test"):
        counts = [sum(x.split == split for x in group) for group in (items, pairs)]
        if not all(counts):
            raise DataError(
                f"{persona.name}'s materials yield {counts[0]} items and {counts[1]} pairs to "
                f"{split} on; at least one of each is needed. Add paragraphs to "
                f"{persona.materials_folder} (about 40 a stage is a good start)."
            )
