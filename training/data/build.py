"""Build a persona's data: materials to drafts, drafts to items and pairs.

Writes to the output folder `items/<stage>.<pattern>.jsonl`, `pairs.jsonl` and, last of all,
`statistics.json`, which marks the build as whole and names what it was built from. The same
command continues a build that was stopped and leaves a finished one alone.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed, embeddings_name
from persllm.errors import DataError
from persllm.files import digest, write_json
from persllm.materials import Material, read_materials
from persllm.messages import template_hash
from persllm.persona import Persona
from persllm.training.data.assembling import Assembled, assemble
from persllm.training.data.drafting import Library, PartDraft, parts, write_part
from persllm.training.data.golden import read_golden
from persllm.training.data.items import (
    Item,
    Pair,
    Split,
    read_items,
    read_pairs,
    write_items,
    write_pairs,
)
from persllm.training.data.pairs import count_by_reason
from persllm.training.data.rules import RulesTeacher
from persllm.training.data.sampling import BuildSettings, usable
from persllm.training.data.teacher import Teacher

STATISTICS_NAME = "statistics.json"
PAIRS_NAME = "pairs.jsonl"
ITEMS_FOLDER = "items"
PARTS_FOLDER = "parts"
FORMAT = 3

Progress = Callable[[str, int, int], None]
"""Told (what is being done, steps done, steps in all)."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a build starts from."""

    materials: tuple[Material, ...]
    by_hand: tuple[PartDraft, ...]
    elsewhere: tuple[Material, ...]
    """The paragraphs of other personas."""


@dataclass(frozen=True, slots=True)
class PersonaData:
    """A finished build."""

    folder: Path
    items: tuple[Item, ...]
    pairs: tuple[Pair, ...]
    statistics: dict[str, Any]

    def split(self, split: Split) -> tuple[list[Item], list[Pair]]:
        """Return the items and pairs of one split."""
        return (
            [item for item in self.items if item.split == split],
            [pair for pair in self.pairs if pair.split == split],
        )


def build(
    persona: Persona,
    *,
    out: Path,
    others: Sequence[Persona],
    embeddings: Embeddings,
    teacher: Teacher | None = None,
    settings: BuildSettings | None = None,
    progress: Progress = lambda what, done, total: None,
) -> PersonaData:
    """Build, or continue, or return what is already built from the same inputs.

    Args:
        persona: Whose data.
        out: Output folder.
        others: Who says the opposite, and whose answers are the wrong ones.
        embeddings: Vectors of paragraphs and user turns.
        teacher: Who writes; the rules by default.
        settings: How much.
        progress: Told of every step.

    Raises:
        PersonaError: The materials have faults.
        DataError: The materials yield no items, or none in one of the splits.
    """
    settings = settings or BuildSettings()
    read = _read(persona, others)
    teacher = teacher or RulesTeacher(read.materials)
    inputs = _inputs(persona, read, embeddings, teacher, settings)
    if _finished(out, inputs):
        return read_data(out)
    _begin(out, inputs)
    total = len(parts(persona)) + 3
    progress("reading and embedding materials", 0, total)
    needed = {draft.material for draft in read.by_hand}
    own = _library(usable(read.materials, settings, needed=needed), embeddings)
    foreign = _library(usable(read.elsewhere, settings), embeddings)
    written = _written(out / PARTS_FOLDER, persona, own, foreign, teacher, settings, progress)
    drafts = [*read.by_hand, *written]
    progress("cleaning and pairing", total - 1, total)
    made = assemble(
        persona, drafts, own=own, others=foreign, embeddings=embeddings, settings=settings
    )
    origin = {"inputs": inputs, "teacher": teacher.name, "settings": asdict(settings)}
    _write(out, persona, made, origin)
    progress("done", total, total)
    return read_data(out)


def read_data(folder: Path) -> PersonaData:
    """Read a finished build.

    Raises:
        DataError: The folder holds none.
    """
    path = folder / STATISTICS_NAME
    if not path.is_file():
        raise DataError(f"{folder} holds no finished build. Run: persllm build <persona>.")
    items = [
        i for file in sorted((folder / ITEMS_FOLDER).glob("*.jsonl")) for i in read_items(file)
    ]
    pairs = read_pairs(folder / PAIRS_NAME)
    statistics = json.loads(path.read_text(encoding="utf-8"))
    return PersonaData(folder, tuple(items), tuple(pairs), statistics)


def origin_of(folder: Path) -> tuple[BuildSettings, str] | None:
    """Return settings and teacher's name of a finished build, or None where there is none."""
    path = folder / STATISTICS_NAME
    if not path.is_file():
        return None
    stored = json.loads(path.read_text(encoding="utf-8"))
    if "teacher" not in stored:
        return None  # made by an older version
    return BuildSettings(**stored["settings"]), str(stored["teacher"])


def _read(persona: Persona, others: Sequence[Persona]) -> _Read:
    materials = read_materials(persona)
    elsewhere = [m for other in others if other.id != persona.id for m in read_materials(other)]
    return _Read(materials, read_golden(persona, materials), tuple(elsewhere))


def _inputs(
    persona: Persona,
    read: _Read,
    embeddings: Embeddings,
    teacher: Teacher,
    settings: BuildSettings,
) -> str:
    return digest(
        str(FORMAT),
        persona.digest(),
        template_hash(),
        teacher.name,
        embeddings_name(embeddings),
        json.dumps(asdict(settings)),
        *(f"{m.id}{m.partner}{m.kind}" for m in (*read.materials, *read.elsewhere)),
        *map(repr, read.by_hand),
    )


def _finished(out: Path, inputs: str) -> bool:
    path = out / STATISTICS_NAME
    return path.is_file() and json.loads(path.read_text(encoding="utf-8"))["inputs"] == inputs


def _begin(out: Path, inputs: str) -> None:
    """Drop what was begun from other inputs."""
    mark = out / PARTS_FOLDER / "inputs.txt"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != inputs:
        shutil.rmtree(out / PARTS_FOLDER, ignore_errors=True)
        mark.parent.mkdir(parents=True)
        mark.write_text(inputs, encoding="utf-8")
    (out / STATISTICS_NAME).unlink(missing_ok=True)


def _written(
    folder: Path,
    persona: Persona,
    own: Library,
    foreign: Library,
    teacher: Teacher,
    settings: BuildSettings,
    progress: Progress,
) -> Iterator[PartDraft]:
    """Yield the teacher's drafts, part by part; a part that is on disk is read."""
    total = len(parts(persona)) + 3
    for done, (stage_id, pattern) in enumerate(parts(persona), start=1):
        progress(f"{teacher.name} writes {stage_id} {pattern}", done, total)
        yield from write_part(
            folder / f"{stage_id}.{pattern}.jsonl",
            (stage_id, pattern),
            persona=persona,
            own=own,
            opinions=_opinions(own, foreign, stage_id),
            teacher=teacher,
            settings=settings,
        )


def _library(materials: Sequence[Material], embeddings: Embeddings) -> Library:
    texts = [f"{material.partner} {material.text}".strip() for material in materials]
    return Library(tuple(materials), embed(embeddings, texts))


def _opinions(own: Library, foreign: Library, stage_id: str) -> Library:
    """Return what others, and the same person at other stages, have said."""
    mine = own.where([m.kind == "subjective" and m.stage != stage_id for m in own.materials])
    theirs = foreign.where([m.kind == "subjective" for m in foreign.materials])
    if not len(theirs.materials) or not len(mine.materials):
        return theirs if len(theirs.materials) else mine
    return Library(
        (*theirs.materials, *mine.materials), np.concatenate([theirs.vectors, mine.vectors])
    )


def _write(out: Path, persona: Persona, made: Assembled, origin: dict[str, Any]) -> None:
    shutil.rmtree(out / ITEMS_FOLDER, ignore_errors=True)
    for stage_id, pattern in parts(persona):
        part = [i for i in made.items if (i.stage, i.pattern) == (stage_id, pattern)]
        write_items(out / ITEMS_FOLDER / f"{stage_id}.{pattern}.jsonl", part)
    write_pairs(out / PAIRS_NAME, made.pairs)
    write_json(out / STATISTICS_NAME, {**origin, **_statistics(persona, made)})
    shutil.rmtree(out / PARTS_FOLDER)


def _statistics(persona: Persona, made: Assembled) -> dict[str, Any]:
    counted = Counter((item.stage, item.pattern, item.split) for item in made.items)
    splits: tuple[Split, ...] = ("train", "test")
    words = {
        side: sum(len(getattr(pair, side).split()) for pair in made.pairs) / len(made.pairs)
        for side in ("chosen", "rejected")
    }
    replies = (f"{item.id} {item.reply}" for item in made.items)
    rejected = (f"{pair.id} {pair.rejected}" for pair in made.pairs)
    return {
        "data_hash": digest(*replies, *rejected),
        "items": {
            f"{stage_id}.{pattern}": {split: counted[stage_id, pattern, split] for split in splits}
            for stage_id, pattern in parts(persona)
        },
        "pairs": dict(count_by_reason(made.pairs)),
        "mean_pair_words": {side: round(mean, 1) for side, mean in words.items()},
        "dropped": dict(sorted(made.dropped.items())),
    }
