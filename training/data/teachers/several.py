"""Several teachers that share the work: each assignment has one of them, by its own hash.

Who writes what does not depend on order or company, so a build that goes on, or one in shards, asks
the same teacher again. Each draft is credited to who wrote it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import accumulate

from persllm.files import digest
from persllm.training.data.teacher import Assignment, Draft, Teacher
from persllm.training.data.teachers.chat_teacher import ChatTeacher


def draw_of(assignment: Assignment, purpose: str) -> float:
    """Return a number of [0, 1) that is the assignment's own, the same on every machine."""
    where = (assignment.persona.id, assignment.stage.id, assignment.pattern, assignment.material.id)
    drawn = digest(purpose, *where, str(assignment.variation), str(assignment.seed))
    return int(drawn[:12], 16) / 16**12


@dataclass(frozen=True, slots=True)
class SharedTeacher:
    """Teachers that share the work by weight."""

    teachers: tuple[Teacher, ...]
    weights: tuple[float, ...]

    @property
    def name(self) -> str:
        """All names and weights."""
        named = zip(self.teachers, self.weights, strict=True)
        return " + ".join(f"{weight:g} {teacher.name}" for teacher, weight in named)

    def write(self, assignments: Sequence[Assignment]) -> list[Draft | None]:
        """Return a draft an assignment, in order; the teachers work at the same time.

        Raises:
            EngineError: One of them cannot be reached; the others have finished their share.
        """
        shares = self.shares(assignments)
        drafts: list[Draft | None] = [None] * len(assignments)
        with ThreadPoolExecutor(len(self.teachers)) as threads:
            work = [
                threads.submit(teacher.write, [assignments[row] for row in share])
                for teacher, share in zip(self.teachers, shares, strict=True)
            ]
        for teacher, share, written in zip(self.teachers, shares, work, strict=True):
            for row, draft in zip(share, written.result(), strict=True):
                drafts[row] = draft and replace(draft, teacher=teacher.name)
        return drafts

    def shares(self, assignments: Sequence[Assignment]) -> list[list[int]]:
        """Return the rows that each teacher writes."""
        shares: list[list[int]] = [[] for _ in self.teachers]
        for row, assignment in enumerate(assignments):
            shares[self._whose(assignment)].append(row)
        return shares

    def _whose(self, assignment: Assignment) -> int:
        place = draw_of(assignment, "teacher") * sum(self.weights)
        bounds = list(accumulate(self.weights))
        return next((row for row, bound in enumerate(bounds) if place < bound), len(bounds) - 1)


def chat_shares(
    teacher: Teacher, assignments: Sequence[Assignment] = ()
) -> list[tuple[ChatTeacher, list[Assignment]]]:
    """Return the chat models among those who write, each with what it is asked for."""
    if isinstance(teacher, ChatTeacher):
        return [(teacher, list(assignments))]
    if not isinstance(teacher, SharedTeacher):
        return []
    shares = zip(teacher.teachers, teacher.shares(assignments), strict=True)
    return [
        (each, [assignments[row] for row in rows])
        for each, rows in shares
        if isinstance(each, ChatTeacher)
    ]
