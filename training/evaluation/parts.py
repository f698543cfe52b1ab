"""A part of the evaluation: what it asks, what it has scored, and what it makes of the outcome."""

from collections.abc import Callable
from dataclasses import dataclass

from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.measures import PartName, find_measure
from persllm.training.evaluation.systems import Outcome, Question, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part, made for one persona; every system gets the same one."""

    name: PartName
    questions: tuple[Question, ...] = ()
    statements: tuple[Statement, ...] = ()
    cases: Callable[[Outcome], list[Case]]
    """Judge an outcome. Where a system gave no scores, statements yield no cases."""

    def judged(self, outcome: Outcome) -> list[Case]:
        """Return the cases of an outcome.

        Raises:
            ValueError: A case is of a measure that the registry gives to another part.
        """
        cases = self.cases(outcome)
        for name in dict.fromkeys(case.measure for case in cases):
            if find_measure(name).part != self.name:
                raise ValueError(
                    f"the part {self.name!r} makes cases of {name!r}, which the registry gives to "
                    f"{find_measure(name).part!r}. Mend persllm/training/evaluation/measures.py."
                )
        return cases
