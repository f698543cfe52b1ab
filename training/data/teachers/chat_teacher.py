"""A chat model as teacher: the paper's steps, a question and then its answers (METHOD 2.5 to 2.10).

The model reads one paragraph and writes what a visitor says. What the persona knows of it is looked
up by that question; the model answers from it as the persona. Where the persona has another stage
that may see it otherwise, the same question is also answered there, from that stage's own
paragraphs (mode 4). Each answer must be JSON of the wanted form: it is checked, mended by the model
once, or left out and counted. Differs from the paper: a claim names its detail, and how one would
answer who falls for it is written in the same call.
"""

import asyncio
import weakref
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import Any, Literal, TypeVar

from persllm.errors import BudgetError, EngineError
from persllm.files import digest
from persllm.materials import Material
from persllm.persona import Persona, Stage
from persllm.progress import Progress, no_progress
from persllm.training.data.items import CLAIMS, TOLD, Pattern
from persllm.training.data.teacher import Assignment, Draft
from persllm.training.data.teachers import forms
from persllm.training.data.teachers.asking import Asker
from persllm.training.data.teachers.background import Background
from persllm.training.data.teachers.errors import Unusable
from persllm.training.data.teachers.forms import Answered, Asked
from persllm.training.data.teachers.model import ChatModel
from persllm.training.data.teachers.money import Meter
from persllm.training.data.teachers.recalling import Recalling
from persllm.training.data.teachers.retrieval import Shelves, Sought
from persllm.training.data.teachers.store import AnswerStore
from persllm.training.data.teachers.wording import Made, Wanted, Wording

AT_ONCE = 64
DRAIN_SECONDS = 60.0
"""So long the calls under way are waited for when a build stops."""
TOO_LIKE = 0.7
"""Share of words in common from which another stage's answer is no other answer."""
ANSWERED_ELSEWHERE: tuple[Pattern, ...] = ("ordinary", "opinion", "small-talk")
"""Patterns whose question another stage is asked too."""
Thing = TypeVar("Thing")
Result = TypeVar("Result")


class ChatTeacher:
    """Any chat model, made to write items.

    Args:
        model: Who writes.
        wording: How it is spoken to.
        shelves: The persona's paragraphs.
        store: Where its answers are kept.
        at_once: Most calls under way at once.
        other_stages: Also answer at another stage, for pairs.
        meter: Counts calls and holds the budget.
        told: Told of every draft.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        wording: Wording,
        shelves: Shelves,
        store: AnswerStore,
        at_once: int = AT_ONCE,
        other_stages: bool = True,
        meter: Meter | None = None,
        told: Progress = no_progress,
    ) -> None:
        self.model = model
        self.wording = wording
        self.shelves = shelves
        self.store = store
        self.meter = meter or Meter()
        self.left_out: Counter[str] = Counter()
        """Why drafts came to nothing."""
        self.other_stages = other_stages
        self.told = told
        self.expected = 0
        """How many drafts will be asked for in all, for those who are told."""
        self._written = 0
        self._at_once = at_once
        self._asker = Asker(model, store, most=at_once, meter=self.meter)
        self._recalling = Recalling(shelves, store)
        self._background = Background()
        self.close = weakref.finalize(self, self._background.close, model.close)
        """Closes the connections; also at exit."""

    @property
    def name(self) -> str:
        """What items are credited to; other prompts or settings are another teacher."""
        budgets = repr(self.shelves.budgets)
        parts = (*self.wording.parts(), self.model.settings, budgets, str(self.other_stages))
        return f"{self.model.name} ({digest(*parts)[:8]})"

    def write(self, assignments: Sequence[Assignment]) -> list[Draft | None]:
        """Return a draft an assignment, in order; None where the model wrote nothing usable.

        Raises:
            EngineError: The model cannot be reached, or the budget is spent. What it wrote so far
                is kept.
        """
        drafts: list[Draft | None] = []
        for draft in self.stream(assignments):
            drafts.append(draft)
            self._written += 1
            self.told(self.meter.short(), self._written, max(self.expected, self._written))
        return drafts

    def stream(self, assignments: Iterable[Assignment]) -> Iterator[Draft | None]:
        """Yield the drafts in order as they are ready; of millions only a few are held at once."""
        yield from self.worked(self.draft, assignments)

    def worked(
        self, work: Callable[[Thing], Coroutine[Any, Any, Result]], things: Iterable[Thing]
    ) -> Iterator[Result]:
        """Yield what `work` makes of each thing, in order, many at once."""
        window: deque[Future[Result]] = deque()
        self._asker.go_on()
        try:
            for thing in things:
                window.append(self._background.submit(work(thing)))
                if len(window) > 4 * self._at_once:
                    yield window.popleft().result()
            while window:
                yield window.popleft().result()
        except BudgetError:
            raise
        except EngineError as error:
            raise EngineError(
                f"{error}. {len(self.store)} answers are kept; the same command goes on from there."
            ) from error
        finally:
            self._asker.stop(EngineError("stopped"))
            wait(window, timeout=DRAIN_SECONDS)  # what is paid for is kept

    async def draft(self, assignment: Assignment) -> Draft | None:
        """Return the draft of one assignment."""
        asked = await self.filled(self.wording.question(assignment), "question")
        if asked is None:
            return None
        stage, other = assignment.stage, self.other_stage(assignment)
        sought = self._sought(assignment, " ".join((*asked.before, asked.question)))
        if other is None:
            answer, elsewhere = await self._answer(assignment, stage, sought, asked), None
        else:
            there = Sought(asked.question, frozenset({other.id}), None, assignment.division)
            answer, elsewhere = await asyncio.gather(
                self._answer(assignment, stage, sought, asked),
                self._answer(assignment, other, there, asked),
            )
        if answer is None:
            return None
        draft = _draft(assignment, asked, answer)
        return self._with_other(draft, other, elsewhere) if other and elsewhere else draft

    async def draft_and_sources(
        self, assignment: Assignment
    ) -> tuple[Draft | None, tuple[Material, ...]]:
        """Return the draft and the paragraphs that its answer was written from."""
        draft = await self.draft(assignment)
        if draft is None:
            return None, ()
        ids = await self._recalling.ids(self._sought(assignment, draft.heard))
        return draft, self.shelves.paragraphs(ids)

    def was_asked(self, assignment: Assignment) -> bool:
        """Tell whether an assignment's question is stored."""
        key = self._asker.key(self.wording.question(assignment).messages)
        return self.store.get(key) is not None

    async def answer(
        self,
        persona: Persona,
        stage: Stage,
        sought: Sought,
        *,
        task: str,
        claim: bool = False,
        asked: Asked | None = None,
    ) -> Answered | None:
        """Return the answer of a stage, from the paragraphs that are looked up for it.

        Args:
            persona: Who answers.
            stage: When.
            sought: What is looked up, and what is asked unless `asked` says otherwise.
            task: What the persona is told to do.
            claim: Whether a claim is answered.
            asked: The visitor's words, with what was said before them.
        """
        ids = await self._recalling.ids(sought)
        wanted = self.wording.answer(
            persona,
            stage,
            asked.question if asked else sought.question,
            task=task,
            claim=claim,
            before=asked.before if asked else (),
            knowledge=self.shelves.texts(ids, "objective"),
            manner=self.shelves.texts(ids, "subjective"),
        )
        return await self.filled(wanted, "answer")

    async def filled(self, wanted: Wanted[Made], what: str) -> Made | None:
        """Return what the model wrote, checked; None where it failed twice."""
        try:
            text = await self._asker.ask(wanted.messages, wanted.form)
            made = wanted.read(text)
            if isinstance(made, str):
                again = forms.mending(wanted.messages, text, made)
                made = wanted.read(await self._asker.ask(again, wanted.form))
        except Unusable as error:
            made = str(error)
        if isinstance(made, str):
            self.left_out[f"{what}: {made}"[:200]] += 1
            return None
        return made

    def summary(self) -> str:
        """Return what asking took, for people."""
        left = sum(self.left_out.values())
        why = "; ".join(f"{count} {reason}" for reason, count in self.left_out.most_common(3))
        return f"{self.model.name}: {self.meter.line()}" + (
            f", {left:,} left out ({why})" if left else ""
        )

    def other_stage(self, assignment: Assignment) -> Stage | None:
        """Return the stage whose answer to the same question is a wrong one here, if any."""
        if not self.other_stages or assignment.pattern not in ANSWERED_ELSEWHERE:
            return None
        attitude = assignment.material.kind == "subjective" or assignment.pattern == "small-talk"
        others = assignment.persona.contradicting(assignment.stage, attitude=attitude)
        return others[0] if others else None

    def _sought(self, assignment: Assignment, question: str) -> Sought:
        reach = frozenset(each.id for each in assignment.persona.reaches(assignment.stage))
        seed = assignment.material.id
        known = seed if seed in self.shelves else None
        return Sought(question, reach, known, assignment.division)

    async def _answer(
        self, assignment: Assignment, stage: Stage, sought: Sought, asked: Asked
    ) -> Answered | None:
        persona, pattern = assignment.persona, assignment.pattern
        task = self.wording.task(pattern, persona, stage, said=asked.said, known=asked.known)
        claim = pattern in CLAIMS
        return await self.answer(persona, stage, sought, task=task, claim=claim, asked=asked)

    def _with_other(self, draft: Draft, stage: Stage, answer: Answered) -> Draft:
        if _alike(answer.response, draft.response):
            self.left_out["other stage: its answer is the same"] += 1
            return draft
        return replace(
            draft,
            other_stage=stage.id,
            other_analysis=answer.analysis,
            other_response=answer.response,
        )


def _draft(assignment: Assignment, asked: Asked, answer: Answered) -> Draft:
    misleading = assignment.pattern == "misleading"
    known: Literal["attitude", "knowledge"] = (
        "attitude" if assignment.material.kind == "subjective" else "knowledge"
    )
    return Draft(
        question=asked.question,
        analysis=answer.analysis,
        response=answer.response,
        before=asked.before,
        wrong_response=answer.wrong_response,  # it thinks as the right one does
        false_premise=asked.question if misleading else None,
        said=asked.said,
        known=asked.known if misleading else asked.said,
        kind=known if assignment.pattern in TOLD else "neither",
    )


def _alike(one: str, other: str) -> bool:
    first, second = set(one.lower().split()), set(other.lower().split())
    return len(first & second) >= TOO_LIKE * len(first | second)
