"""First half of a build: have a teacher write drafts, part by part, each kept on disk.

A part is one stage and pattern. Its file appears when it is whole, so a build that was killed
asks the teacher again for the unfinished part only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from persllm.embeddings import Vectors
from persllm.files import read_jsonl, write_jsonl
from persllm.materials import Material
from persllm.persona import Persona
from persllm.training.data.items import PATTERNS, Pattern
from persllm.training.data.sampling import BuildSettings, part_materials, split_of
from persllm.training.data.teacher import Assignment, Draft, Teacher

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


def write_part(
    path: Path,
    part: tuple[str, Pattern],
    *,
    persona: Persona,
    own: Library,
    opinions: Library,
    teacher: Teacher,
    settings: BuildSettings,
) -> list[PartDraft]:
    """Return the drafts of one part: read where they exist, else written by the teacher."""
    if path.is_file():
        return list(_read_part(path))
    assignments = _assignments(part, persona, own, opinions, settings)
    drafts: list[PartDraft] = []
    for assignment, draft in _written(teacher, assignments, settings.per_part):
        by = draft.teacher or teacher.name
        made = (*part, assignment.material.id, assignment.variation, by, draft)
        drafts.append(PartDraft(*made))
    write_jsonl(path, (asdict(draft) for draft in drafts))
    return drafts


def _written(
    teacher: Teacher, assignments: Sequence[Assignment], most: int
) -> Iterator[tuple[Assignment, Draft]]:
    """Yield the first so many drafts; no more is asked for than is lacking, for some teachers cost.

    What a teacher leaves out is made up for by the assignments that follow.
    """
    start, lacking = 0, most
    while lacking > 0 and start < len(assignments):
        asked = assignments[start : start + lacking]
        start += lacking
        for assignment, draft in zip(asked, teacher.write(asked), strict=True):
            if draft is not None:
                lacking -= 1
                yield assignment, draft


def _assignments(
    part: tuple[str, Pattern],
    persona: Persona,
    own: Library,
    opinions: Library,
    settings: BuildSettings,
) -> list[Assignment]:
    stage_id, pattern = part
    chosen = part_materials(persona, stage_id, pattern, own.materials, settings)
    rows = {material.id: row for row, material in enumerate(own.materials)}
    made: list[Assignment] = []
    for variation in range(settings.variations):
        for material in chosen:
            others = (
                _opinions_on(material, own.vectors[rows[material.id]], opinions, settings)
                if pattern == "thought"
                else []
            )
            made.append(
                Assignment(
                    persona=persona,
                    stage=persona.stage(stage_id),
                    pattern=pattern,
                    material=material,
                    opinion=others[variation] if variation < len(others) else None,
                    variation=variation,
                    seed=settings.seed,
                )
            )
    return made


def _opinions_on(
    material: Material, vector: Vectors, opinions: Library, settings: BuildSettings
) -> list[Material]:
    """Return what others hold on a like topic, of the paragraph's own split."""
    split = split_of(material, settings)
    return [other for other in opinions.nearest(vector) if split_of(other, settings) == split]


def _read_part(path: Path) -> Iterator[PartDraft]:
    for row in read_jsonl(path):
        yield PartDraft(**{**row, "draft": Draft(**row["draft"])})
