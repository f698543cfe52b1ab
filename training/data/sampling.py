"""What is built from what: which paragraphs serve, in which split, at which stages.

A paragraph's split is decided by its own hash, before any item exists, so that train and test
never share a source (DESIGN, decision 7), also when paragraphs are added later.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, get_args

from persllm.files import digest
from persllm.materials import Material
from persllm.persona import Persona
from persllm.training.data.items import PATTERNS, Pattern, Split
from persllm.training.data.prose import is_prose, own_sentences
from persllm.training.data.statements import tells_something

SHARES: dict[Pattern, float] = {
    "unknown": 0.25,
    "small-talk": 0.25,
    "request": 0.25,
    "provocation": 0.15,
    "follow-up": 0.5,
}
"""Most items of a pattern, as a share of `per_part`; all of it where none is named."""
Mining = Literal["same-question", "nearest"]
MININGS: tuple[Mining, ...] = get_args(Mining)
SPARE = 2
"""Paragraphs an item: not every paragraph yields one of every pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How much is built, and how it is divided."""

    per_part: int = 160
    """Most items of one stage and pattern; talk around the paragraphs gets a share of it."""
    variations: int = 1
    """Most items of one pattern from one paragraph."""
    test_share: float = 0.2
    recalled_share: float = 0.65
    """Share of items with the source among recalled paragraphs; the others are closed-book."""
    recalled_words: int = 80
    carried_share: float = 0.3
    """Share of objective paragraphs that later stages are asked about too: a life is remembered."""
    similarity: float = 0.95
    """Cosine from which two user turns of a stage count as one (METHOD 2.11)."""
    mine: Mining = "same-question"
    """Where wrong answers come from: another answer to the same question, or, as the paper does,
    the stored answer to a near one (METHOD 2.12)."""
    skip: int = 5
    """Mining: so many of the nearest stored questions are passed over."""
    general: str = ""
    """File of general conversations that are mixed in; none by default."""
    general_share: float = 0.2
    """Share of all items that general ones are, where a file is named."""
    seed: int = 1

    def __post_init__(self) -> None:
        shares = ("test_share", "recalled_share", "carried_share", "similarity", "general_share")
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if self.mine not in MININGS or self.skip < 0:
            raise ValueError(f"mine must be one of {MININGS}, and skip at least 0")
        if self.general_share == 1:
            raise ValueError("general_share must be less than 1: something must be the persona's")
        if self.per_part < 1 or self.variations < 1:
            raise ValueError("per_part and variations must be at least 1")

    def most(self, pattern: Pattern) -> int:
        """Return the most items of one stage that a pattern gets."""
        return max(1, round(self.per_part * SHARES.get(pattern, 1.0)))


@dataclass(frozen=True, slots=True)
class Division:
    """One side of the division into train and test."""

    split: Split
    seed: int
    test_share: float

    def holds(self, material: Material) -> bool:
        """Tell whether a paragraph is on this side."""
        return _split(material, self.seed, self.test_share) == self.split


def split_of(material: Material, settings: BuildSettings) -> Split:
    """Return the split that a paragraph's items belong to."""
    return _split(material, settings.seed, settings.test_share)


def division_of(material: Material, settings: BuildSettings) -> Division:
    """Return the side of the division that a paragraph is on."""
    return Division(split_of(material, settings), settings.seed, settings.test_share)


def usable(
    materials: Sequence[Material], settings: BuildSettings, *, needed: Collection[str] = ()
) -> list[Material]:
    """Return the paragraphs that items are made of, seeded, in the materials' order.

    Large corpora are sampled: for each stage and kind paragraphs enough for its parts, first those
    with a statement in them that could be got wrong.
    Paragraphs whose ids are `needed` are always among them.
    """
    kept = set(needed)
    groups: dict[tuple[str, str], list[Material]] = {}
    for material in materials:
        groups.setdefault((material.stage, material.kind), []).append(material)
    for (stage, kind), group in sorted(groups.items()):
        random.Random(f"{settings.seed}/{stage}/{kind}").shuffle(group)
        fit = [material for material in group if _reads_well(material)]
        telling = (m for m in fit if m.partner or tells_something(m.text))
        best = list(islice(telling, SPARE * settings.per_part))
        kept |= {material.id for material in best}
        kept |= {m.id for m in islice(fit, max(0, SPARE * settings.per_part - len(best)))}
    return [material for material in materials if material.id in kept]


def part_materials(
    persona: Persona,
    stage_id: str,
    pattern: Pattern,
    materials: Sequence[Material],
    settings: BuildSettings,
) -> list[Material]:
    """Return the paragraphs that one stage is asked about in one pattern, in seeded order."""
    stage = persona.stage(stage_id)
    earlier = {s.id for s in persona.reaches(stage)} - {stage.id}
    chosen = [
        m
        for m in materials
        if m.stage == stage.id
        or (
            m.stage in earlier
            and m.kind == "objective"
            and _chance(m, "carried", settings.seed) < settings.carried_share
        )
    ]
    if pattern == "opinion":
        chosen = [m for m in chosen if m.kind == "subjective" or not m.partner]
    elif pattern in ("misleading", "true-premise"):
        chosen = [m for m in chosen if m.kind == "objective" or not m.partner]
    assert pattern in PATTERNS
    random.Random(f"{settings.seed}/{stage_id}/{pattern}").shuffle(chosen)
    return chosen


def _reads_well(material: Material) -> bool:
    """Keep prose that holds a sentence of its own; drop headings, indexes and fragments."""
    if material.partner:
        return len(material.text.split()) >= 3
    return is_prose(material.text) and bool(own_sentences(material.text))


def _split(material: Material, seed: int, test_share: float) -> Split:
    return "test" if _chance(material, "split", seed) < test_share else "train"


def _chance(material: Material, purpose: str, seed: int) -> float:
    return int(digest(material.id, purpose, str(seed))[:8], 16) / 0xFFFFFFFF
