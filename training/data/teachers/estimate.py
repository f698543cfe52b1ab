"""What a build with a chat model will take, said before anything is asked."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from langchain_core.embeddings import Embeddings

from persllm.base_profile import BaseProfile
from persllm.errors import DataError
from persllm.persona import Persona
from persllm.training.data.build import build
from persllm.training.data.items import CLAIMS
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teacher import Assignment, Draft
from persllm.training.data.teachers.chat_teacher import ChatTeacher
from persllm.training.data.teachers.money import CHARACTERS_A_TOKEN

LOOKED_AT = 40
"""Assignments that prompts are put together for, to measure them."""
QUESTION_TOKENS, ANSWER_TOKENS, PLAIN_TOKENS = 50, 190, 110
ENOUGH = 20
"""Stored answers from which their own mean length is used."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What asking for the items of a build comes to; what is stored already is not in it."""

    teacher: str
    items: int
    calls: int
    stored: int
    """Items whose question was asked before."""
    tokens_in: int
    tokens_out: int
    dollars: float | None

    def line(self) -> str:
        """Return the estimate, for people."""
        cost = "price unknown (--price in,out)" if self.dollars is None else "no cost"
        if self.dollars:
            cost = f"about {self.dollars:.2f} dollars"
        stored = f", {self.stored:,} items asked for before" if self.stored else ""
        return (
            f"{self.teacher}: {self.items:,} items, about {self.calls:,} calls, {self.tokens_in:,} "
            f"tokens in and {self.tokens_out:,} out, {cost}{stored}"
        )


class Survey:
    """A teacher that writes nothing and notes what a build would ask for first.

    Args:
        settings: So many of a stage and pattern; the rest would only make up for what is left out.
    """

    name = "survey"

    def __init__(self, settings: BuildSettings) -> None:
        self.assignments: list[Assignment] = []
        self._settings = settings
        self._noted: Counter[tuple[str, str]] = Counter()

    def write(self, assignments: Sequence[Assignment]) -> list[Draft | None]:
        """Note the assignments and write nothing."""
        for each in assignments:
            part = (each.stage.id, each.pattern)
            if self._noted[part] < self._settings.most(each.pattern):
                self._noted[part] += 1
                self.assignments.append(each)
        return [None] * len(assignments)


class Blank(Embeddings):
    """Vectors that say nothing: which paragraphs are asked about does not depend on them."""

    model_name = "blank"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a zero a text."""
        return [[0.0]] * len(texts)

    def embed_query(self, text: str) -> list[float]:
        """Return a zero."""
        return [0.0]


def surveyed(persona: Persona, settings: BuildSettings, profile: BaseProfile) -> list[Assignment]:
    """Return what a build of these settings for such a base asks a teacher for, in order.

    Raises:
        PersonaError: The materials have faults.
    """
    survey = Survey(settings)
    with TemporaryDirectory() as folder, suppress(DataError):  # nothing is written, of course
        build(
            persona,
            out=Path(folder),
            others=(),
            embeddings=Blank(),
            profile=profile,
            teacher=survey,
            settings=settings,
        )
    return survey.assignments


def estimate(teacher: ChatTeacher, assignments: Sequence[Assignment]) -> Estimate:
    """Return what a teacher will be asked for these items, from a sample of its own prompts."""
    new = [each for each in assignments if not teacher.was_asked(each)]
    asked = new[:: max(1, len(new) // LOOKED_AT)]
    calls = [2 + (teacher.other_stage(each) is not None) for each in asked]
    sent = [_characters(teacher, each) for each in asked]
    mean = fmean(sent) if sent else 0.0
    measured = teacher.store.mean_tokens(least=ENOUGH)
    whole = PLAIN_TOKENS if teacher.wording.plain else ANSWER_TOKENS
    mean_calls = fmean(calls) if calls else 0.0
    written = measured or (QUESTION_TOKENS + whole * (mean_calls - 1)) / max(mean_calls, 1)
    tokens_in = round(mean * len(new) / CHARACTERS_A_TOKEN)
    tokens_out = round(written * mean_calls * len(new))
    price = teacher.meter.price
    return Estimate(
        teacher=teacher.model.name,
        items=len(assignments),
        calls=round(mean_calls * len(new)),
        stored=len(assignments) - len(new),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        dollars=price.of(tokens_in, tokens_out) if price else None,
    )


def _characters(teacher: ChatTeacher, assignment: Assignment) -> int:
    """Return the length of all that is sent for one item."""
    question = teacher.wording.question(assignment)
    material = assignment.material
    asked = 0.0
    stages = [assignment.stage, teacher.other_stage(assignment)]
    for stage in stages:
        if stage is None:
            continue
        reach = frozenset(each.id for each in assignment.persona.reaches(stage))
        wanted = teacher.wording.answer(
            assignment.persona,
            stage,
            material.text[:100],
            task=teacher.wording.task(
                assignment.pattern, assignment.persona, stage, said="", known=""
            ),
            claim=assignment.pattern in CLAIMS,
            knowledge="",
            manner="",
        )
        asked += sum(len(message.content) for message in wanted.messages)
        asked += teacher.shelves.most_characters(reach)
    return round(asked) + sum(len(message.content) for message in question.messages)
