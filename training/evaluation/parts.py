"""A part of the evaluation: what it asks, what it has scored, and what it makes of the outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.systems import Outcome, Question, Statement

PartName = Literal[
    "answers", "reference", "likelihood", "stages", "paraphrases", "distinction", "general", "drift"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part, made for one persona; every system gets the same one."""

    name: PartName
    questions: tuple[Question, ...] = ()
    statements: tuple[Statement, ...] = ()
    cases: Callable[[Outcome], list[Case]]
    """Judge an outcome. Where a system gave no scores, statements yield no cases."""
