"""First half of a build: have a teacher write drafts, batch by batch, each kept on disk.

A part is one stage and pattern; it is written in batches. A batch's file appears when it is whole,
so a build that was killed asks the teacher again for one unfinished batch at most, and memory
holds one batch whatever the number of drafts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.files import read_jsonl, write_jsonl
from persllm.materials import Material
from persllm.persona import Persona
from persllm.training.data.items import PATTERNS, Pattern
from persllm.training.data.sampling import BuildSettings, division_of, part_materials
from persllm.training.data.teacher import Assignment, Draft, Teacher
from persllm.training.data.vectors import write_array

MOST_AT_ONCE = 512
"""Most drafts in one batch."""
HAND_FIRST = "0-hand"
BY_HAND = "hand"
"""The teacher that hand-written items are credited to."""


@dataclass(frozen=True, slots=True)
class Library:
    """Paragraphs with their vectors, row by row."""

    materials: tuple[Material, ...]
    vectors: Vectors
    """(paragraphs, dimensions), of unit length."""

    def nearest(self, vector: Vectors) -> list[Material]:
        """Return all paragraphs, the most similar first."""
        order = np.argsort(-(self.vectors @ vector), kind="stable")
        return [self.materials[i] for i in order]

    def top(self, vector: Vectors, most: int) -> list[Material]:
        """Return so many of the most similar paragraphs, the most similar first."""
        return [self.materials[row] for row in self.top_rows(vector, most)]

    def top_rows(self, vector: Vectors, most: int) -> list[int]:
        """Return the rows of so many of the most similar paragraphs, the most similar first."""
        alike = self.vectors @ vector
        few = len(alike) <= most
        some = np.arange(len(alike)) if few else np.sort(np.argpartition(-alike, most)[:most])
        return [int(row) for row in some[np.argsort(-alike[some], kind="stable")]]

    def where(self, keep: Sequence[bool]) -> "Library":
        """Return the rows marked True."""
        rows = [i for i, kept in enumerate(keep) if kept]
        return Library(tuple(self.materials[i] for i in rows), self.vectors[rows])


@dataclass(frozen=True, slots=True)
class PartDraft:
    """A draft and what it was made from."""

    stage: str
    pattern: Pattern
    material: str
    variation: int
    teacher: str
    """Who wrote it."""
    draft: Draft

    @property
    def id(self) -> str:
        """Unique within a persona."""
        number = f"{'hand' if self.teacher == BY_HAND else ''}{self.variation}"
        return f"{self.stage}-{self.pattern}-{self.material.split('-', 1)[1]}-{number}"


def parts(persona: Persona) -> list[tuple[str, Pattern]]:
    """Return all (stage, pattern), in order."""
    return [(stage.id, pattern) for stage in persona.stages for pattern in PATTERNS]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some drafts of one part, with the vectors of their user turns, row by row."""

    drafts: tuple[PartDraft, ...]
    questions: Vectors


@dataclass(frozen=True, slots=True)
class Workshop:
    """What drafts are made with."""

    folder: Path
    """Where they are kept."""
    persona: Persona
    own: Library
    foreign: Library
    """Paragraphs of other personas."""
    teacher: Teacher
    embeddings: Embeddings
    settings: BuildSettings
    stance: bool = True
    """Whether answers to opinions take a side; no thought in a fixed form does."""


def write_part(shop: Workshop, part: tuple[str, Pattern]) -> None:
    """Have the teacher write one part, batch by batch; what is on disk is not asked for again.

    No more is asked for than is lacking, because some teachers cost; what a teacher leaves out is
    made up for by the paragraphs that follow.
    """
    lacking = shop.settings.most(part[1])
    assignments = _assignments(shop, part)
    for number in count():
        asked = list(islice(assignments, max(0, min(MOST_AT_ONCE, lacking))))
        if lacking <= 0 or not asked:
            return
        path = shop.folder / f"{part[0]}.{part[1]}.{number:06d}.jsonl"
        if not path.is_file():
            write_jsonl(path, map(asdict, _written(shop.teacher, part, asked, lacking)))
        drafts = list(_read_drafts(path))
        lacking -= len(drafts)
        _ensure_vectors(path, drafts, shop.embeddings)


def write_by_hand(shop: Workshop, drafts: Sequence[PartDraft]) -> None:
    """Lay hand-written drafts beside the others, as the first batches."""
    for number, start in enumerate(range(0, len(drafts), MOST_AT_ONCE)):
        path = shop.folder / f"{HAND_FIRST}.{number:06d}.jsonl"
        some = drafts[start : start + MOST_AT_ONCE]
        if not path.is_file():
            write_jsonl(path, map(asdict, some))
        _ensure_vectors(path, some, shop.embeddings)


def read_batches(shop: Workshop) -> Iterator[Batch]:
    """Yield all batches: the hand-written ones, then part by part, always in the same order."""
    names = [HAND_FIRST, *(f"{stage_id}.{pattern}" for stage_id, pattern in parts(shop.persona))]
    for name in names:
        for path in sorted(shop.folder.glob(f"{name}.??????.jsonl")):
            drafts = tuple(_read_drafts(path))
            if drafts:
                yield Batch(drafts, np.load(_vectors_path(path)).astype(np.float32))


def _written(
    teacher: Teacher, part: tuple[str, Pattern], asked: Sequence[Assignment], most: int
) -> list[PartDraft]:
    made = [
        PartDraft(
            *part,
            assignment.material.id,
            assignment.variation,
            draft.teacher or teacher.name,
            draft,
        )
        for assignment, draft in zip(asked, teacher.write(asked), strict=True)
        if draft is not None
    ]
    return made[:most]


def _ensure_vectors(path: Path, drafts: Sequence[PartDraft], embeddings: Embeddings) -> None:
    kept = _vectors_path(path)
    if drafts and not kept.is_file():
        questions = embed(embeddings, [made.draft.heard for made in drafts])
        write_array(kept, questions.astype(np.float16))


def _vectors_path(path: Path) -> Path:
    return path.with_suffix(".npy")


def _assignments(shop: Workshop, part: tuple[str, Pattern]) -> Iterator[Assignment]:
    stage_id, pattern = part
    chosen = part_materials(shop.persona, stage_id, pattern, shop.own.materials, shop.settings)
    for variation in range(shop.settings.variations):
        for material in chosen:
            yield Assignment(
                persona=shop.persona,
                stage=shop.persona.stage(stage_id),
                pattern=pattern,
                material=material,
                division=division_of(material, shop.settings),
                stance=shop.stance,
                variation=variation,
                seed=shop.settings.seed,
            )


def _read_drafts(path: Path) -> Iterator[PartDraft]:
    for row in read_jsonl(path):
        written = {**row["draft"], "before": tuple(row["draft"]["before"])}
        yield PartDraft(**{**row, "draft": Draft(**written)})
