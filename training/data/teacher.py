"""The seam to whatever writes items: the built-in rules, or a chat model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from persllm.materials import Material
from persllm.persona import Persona, Stage
from persllm.training.data.items import Pattern
from persllm.training.data.sampling import Division


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One item that is wanted."""

    persona: Persona
    stage: Stage
    pattern: Pattern
    material: Material
    """The paragraph the item starts from."""
    division: Division | None = None
    """Which paragraphs may be used beside it: those of its own split; all where none is said."""
    stance: bool = True
    """Whether an answer to an opinion takes a side."""
    variation: int
    """0, 1, …: another item of the same pattern from the same paragraph."""
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a teacher wrote."""

    question: str
    analysis: str
    response: str
    before: tuple[str, ...] = ()
    """What was said before the question in turns, the visitor first."""
    about: str = ""
    """What an answer to the question must speak of, if the teacher knows."""
    wrong_analysis: str = ""
    wrong_response: str = ""
    """How one who does not notice would answer: falls for a false premise, or denies a true one."""
    false_premise: str | None = None
    said: str = ""
    """Claims: what the user names."""
    known: str = ""
    """Claims: what the materials name there."""
    kind: Literal["knowledge", "attitude", "neither"]
    other_stage: str = ""
    """Id of a stage that answers the same question otherwise; a wrong answer here."""
    other_analysis: str = ""
    other_response: str = ""
    teacher: str = ""
    """Who wrote it, where several teachers share the work."""

    @property
    def heard(self) -> str:
        """The question with the exchange before it, without which it may say nothing ("Why?")."""
        return " ".join((*self.before[-2:], self.question))


class Teacher(Protocol):
    """Writes items."""

    @property
    def name(self) -> str:
        """What items are credited to."""
        ...

    def write(self, assignments: Sequence[Assignment]) -> list[Draft | None]:
        """Return a draft an assignment, in order; None where the paragraph yields none.

        The same assignment always gets the same draft.
        """
        ...
