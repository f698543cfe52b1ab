"""What a reviewer decided about drafts: kept in the persona folder, apart from generated data.

One JSON line a decision in `review.jsonl`, appended as it is made; the last one about a draft
counts. A draft is known by a hash of its words, so a decision holds for whatever build writes the
same draft again, and falls silent where the draft changes.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from persllm.errors import DataError
from persllm.files import digest, read_jsonl
from persllm.persona import Persona
from persllm.training.data.teacher import Draft

REVIEW_NAME = "review.jsonl"
KEY_LENGTH = 16
Verdict = Literal["accept", "edit", "reject", "undo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision about one draft."""

    key: str
    verdict: Verdict
    item: str = ""
    """Id that the item had when it was seen; for readers only."""
    why: str = ""
    question: str = ""
    """Edited: the new words; empty where they stay."""
    analysis: str = ""
    response: str = ""


def draft_key(stage: str, pattern: str, draft: Draft) -> str:
    """Return what a draft is known by."""
    return digest(stage, pattern, draft.question, draft.analysis, draft.response)[:KEY_LENGTH]


def review_path(persona: Persona) -> Path:
    """Return the file of a persona's decisions."""
    return persona.folder / REVIEW_NAME


def read_decisions(persona: Persona) -> dict[str, Decision]:
    """Return the decision that counts for each draft; none where nothing was reviewed.

    Raises:
        DataError: A line is no decision; file and line are named.
    """
    path = review_path(persona)
    found: dict[str, Decision] = {}
    if not path.is_file():
        return found
    for number, row in enumerate(read_jsonl(path), start=1):
        decision = _decision(row, f"{path}:{number}")
        found.pop(decision.key, None)
        if decision.verdict != "undo":
            found[decision.key] = decision
    return found


def write_decision(persona: Persona, decision: Decision) -> None:
    """Append a decision; it is on disk when this returns."""
    row = {name: value for name, value in asdict(decision).items() if value}
    with review_path(persona).open("a", encoding="utf-8", newline="\n") as stream:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def decisions_digest(decisions: Mapping[str, Decision]) -> str:
    """Return a hash of what decisions change in a build."""
    return digest(*(repr(decisions[key]) for key in sorted(decisions)))


def _decision(row: dict[str, Any], where: str) -> Decision:
    try:
        decision = Decision(**row)
    except TypeError as error:
        raise DataError(f"{where}: no decision ({error}). Mend or remove the line.") from error
    wrong = [name for name, value in row.items() if not isinstance(value, str)]
    if wrong or decision.verdict not in get_args(Verdict):
        raise DataError(
            f"{where}: no decision: {', '.join(wrong) or 'verdict'} has a wrong value. "
            f"A verdict is one of {', '.join(get_args(Verdict))}. Mend or remove the line."
        )
    return decision
