"""The operator's hand: a first answer is shown, remarks are taken and heeded ever after.

METHOD 2.10, mode 2. Remarks are kept in a file of the run, which may be edited; they are part of
every answer's prompt from then on. The answer that is accepted is the build's own first one: it is
stored like all others and not asked for again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from persllm.errors import DataError
from persllm.files import write_text
from persllm.materials import Material
from persllm.training.data.teacher import Assignment, Draft
from persllm.training.data.teachers.chat_teacher import ChatTeacher

REMARKS_NAME = "calibration.yaml"


@dataclass(frozen=True, slots=True)
class Shown:
    """A first answer, and what it was written from."""

    assignment: Assignment
    draft: Draft
    sources: tuple[Material, ...]


def first_answer(teacher: ChatTeacher, assignments: Iterable[Assignment]) -> Shown:
    """Return the first answer of a build; asked again with other remarks, it is written anew.

    Raises:
        DataError: Nothing usable is written for any of the assignments.
        EngineError: The teacher cannot be reached.
    """
    for assignment in assignments:
        for draft, sources in teacher.worked(teacher.draft_and_sources, [assignment]):
            if draft is not None:
                return Shown(assignment, draft, sources)
    left = "; ".join(teacher.left_out) or "there is nothing to ask about"
    raise DataError(f"{teacher.model.name} wrote no usable answer to show: {left}.")


def read_remarks(path: Path) -> tuple[str, ...]:
    """Return the remarks that are kept; none where there is no file.

    Raises:
        DataError: The file is none of remarks.
    """
    if not path.is_file():
        return ()
    try:
        remarks = (yaml.safe_load(path.read_text(encoding="utf-8")) or {})["remarks"]
        if not isinstance(remarks, list) or not all(isinstance(each, str) for each in remarks):
            raise TypeError(f"'remarks' must be a list of texts, got {remarks!r:.60}")
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} cannot be read: {error}. Write 'remarks:' and under it a list, or delete it."
        ) from error
    return tuple(remarks)


def keep_remarks(path: Path, remarks: Iterable[str]) -> None:
    """Keep remarks for every later answer."""
    text = yaml.safe_dump({"remarks": list(remarks)}, allow_unicode=True, width=100)
    write_text(
        path, "# Heeded in every answer of a chat model; edit or delete as you like.\n" + text
    )
