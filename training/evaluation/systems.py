"""What is evaluated: anything that answers questions, and may tell how likely a reply is.

A system is handed in by whoever has engines and chat models; nothing here imports one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from persllm.engine import Score
from persllm.messages import Message
from persllm.training.evaluation.measures import PART_NAMES, PartName


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, of whom and when; equal questions are asked once."""

    stage: str
    text: str
    before: tuple[Message, ...] = ()
    """Earlier turns of the conversation, oldest first."""
    bare: bool = False
    """Asked of the model as it is, without persona, stage and memory."""
    sample: int | None = None
    """None is as the persona chats; numbers are independent samples, each with its own seed."""


Statement = tuple[Question, str]
"""A question and a reply to it that is given, not asked for."""


@dataclass(frozen=True, slots=True)
class System:
    """A name and the ways it can be asked.

    Raises:
        ValueError: It is said to go without a part that there is not.
    """

    name: str
    answer: Callable[[Sequence[Question]], list[str]]
    """Return what is said to each question, in order, without the analysis."""
    score: Callable[[Sequence[Statement]], Sequence[Score | None]] | None = None
    """Return how likely each reply is, None for what chat answers without the model; no function
    where the model does not tell."""
    without: frozenset[PartName] = frozenset()
    """Parts of the evaluation that it does not take; a new part is taken by all."""

    def __post_init__(self) -> None:
        strange = sorted(self.without - {*PART_NAMES})
        if strange:
            raise ValueError(f"there is no part {strange[0]!r}; known: {', '.join(PART_NAMES)}")

    def takes(self, part: PartName) -> bool:
        """Tell whether it takes a part."""
        return part not in self.without


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one system said, by question, and how likely it finds replies, by statement."""

    answers: dict[Question, str]
    scores: dict[Statement, Score]


def ask(system: System, questions: Iterable[Question], statements: Iterable[Statement]) -> Outcome:
    """Ask everything at once, so that the engine can batch; what recurs is asked once."""
    asked = list(dict.fromkeys(questions))
    given = list(dict.fromkeys(statements)) if system.score else []
    answers = dict(zip(asked, system.answer(asked), strict=True)) if asked else {}
    scores = system.score(given) if system.score and given else []
    known = {each: score for each, score in zip(given, scores, strict=True) if score is not None}
    return Outcome(answers, known)
