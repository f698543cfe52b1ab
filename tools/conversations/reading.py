"""Hand-written conversations and items as values: who speaks, what is said, what replies need."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from persllm.materials import Material, read_materials
from persllm.persona import Persona, Stage, load_persona
from persllm.training.data.sampling import BuildSettings, split_of

HERE = Path(__file__).parent
PEOPLE = next(
    p
    for p in (HERE.parent / "nano" / "people", HERE.parents[1] / "training" / "nano" / "people")
    if p.is_dir()
)
MORE_PEOPLE = HERE / "people"
"""Invented people of whom there are conversations but no items."""
CAST = HERE.parents[1] / "personas"
Style = Literal["literary", "plain"]
KEPT_OUT = (
    "tadeusz-wilk thomas-inverarity tobias-quill walter-brisco william-ashgrove yusuf-karim".split()
)
"""Invented people that no training sees."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One turn and its reply."""

    said: str
    reply: str
    pattern: str
    needs: tuple[str, ...]
    """Ids of the materials that the reply rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation with one persona."""

    persona: Persona
    stage: Stage
    materials: tuple[Material, ...]
    """What the stage may recall."""
    turns: tuple[Spoken, ...]
    scene: str = ""
    remembered: tuple[str, ...] = ()
    """What the persona knows of the visitor from before."""
    motion: str = ""
    side: str = ""


def training_people() -> list[Path]:
    """Return the persona folders that training may use."""
    people = [path for path in sorted(PEOPLE.iterdir()) if path.name not in KEPT_OUT]
    cast = sorted(path for path in CAST.iterdir() if (path / "persona.yaml").is_file())
    return [*people, *sorted(MORE_PEOPLE.iterdir()), *cast]


def read_conversations(folder: Path, style: Style) -> Iterator[Conversation]:
    """Yield the conversations written for a persona in one style."""
    persona = load_persona(folder)
    for stage in persona.stages:
        path = HERE / style / folder.name / f"{stage.id}.yaml"
        known = _known(persona, stage)
        for row in yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else ():
            yield Conversation(
                persona=persona,
                stage=stage,
                materials=known,
                turns=tuple(_spoken(turn, known) for turn in row["turns"]),
                scene=row.get("scene", ""),
                remembered=tuple(row.get("remembered") or ()),
                motion=row.get("motion", ""),
                side=row.get("side", ""),
            )


def read_items(folder: Path, *, chance: random.Random, most: int = 3) -> Iterator[Conversation]:
    """Yield a persona's hand-written items, a few together as one conversation.

    Items of paragraphs that are kept for tests are left out.
    """
    persona = load_persona(folder)
    for stage in persona.stages:
        path = folder / "items" / f"{stage.id}.yaml"
        known = _known(persona, stage)
        kept = _kept_for_tests(folder, known)
        rows = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else ()
        turns = [_item(row, known) for row in rows]
        usable = [turn for turn in turns if turn.needs and not kept & set(turn.needs)]
        chance.shuffle(usable)
        while usable:
            some = [usable.pop() for _ in range(min(len(usable), chance.randint(1, most)))]
            yield Conversation(persona=persona, stage=stage, materials=known, turns=tuple(some))


@cache
def _known(persona: Persona, stage: Stage) -> tuple[Material, ...]:
    reach = {each.id for each in persona.reaches(stage)}
    return tuple(each for each in read_materials(persona) if each.stage in reach)


def _kept_for_tests(folder: Path, known: Sequence[Material]) -> set[str]:
    if folder.parent != CAST:
        return set()
    settings = BuildSettings()
    return {each.id for each in known if split_of(each, settings) == "test"}


def _spoken(turn: dict[str, Any], known: Sequence[Material]) -> Spoken:
    pieces = turn.get("sources") or ()
    needs = [_holding(str(piece), known) for piece in pieces]
    found = tuple(dict.fromkeys(each for each in needs if each))
    return Spoken(turn["said"], turn["reply"], turn["pattern"], found)


def _item(row: dict[str, Any], known: Sequence[Material]) -> Spoken:
    source = _holding(row["recall"], known)
    return Spoken(row["question"], row["answer"], row["pattern"], (source,) if source else ())


def _holding(piece: str, known: Sequence[Material]) -> str:
    sought = " ".join(piece.split())
    return next((each.id for each in known if sought in each.heard), "")
