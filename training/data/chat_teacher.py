"""A chat model as teacher: the paper's two steps, a question and then its answer (METHOD 2.5-2.8).

The model reads one paragraph and writes what a visitor says. What the persona knows of it is
looked up by that question, objective and subjective text with budgets of their own; the model
answers from it as the persona, thinking first. Each answer must be JSON of the wanted form: it is
checked, mended by the model once, or left out and counted. Differs from the paper: a claim names
its detail, and how one would answer who falls for it is written in the same call.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from pydantic import BaseModel, StringConstraints, ValidationError

from persllm.embeddings import Vectors, embed
from persllm.errors import EngineError
from persllm.materials import Material
from persllm.messages import Message
from persllm.training import analysis
from persllm.training.data.calls import CallStore, key_of
from persllm.training.data.drafting import Library
from persllm.training.data.prompts import Prompts
from persllm.training.data.teacher import Assignment, Draft

KNOWN_WORDS, MANNER_WORDS = 1500, 500
"""Words of objective and of subjective text an answer is written from (METHOD 2.4)."""
STANCES = ("agrees with", "differs in part from", "strongly conflicts with")
AT_ONCE = 8
CLAIMS = ("misleading", "true-premise")
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Told = Callable[[str, int, int], None]


class _Question(BaseModel):
    question: Text
    said: str = ""
    known: str = ""


class _Answer(BaseModel):
    analysis: Text
    response: Text
    wrong_response: str = ""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One call: what is sent, and what must come back."""

    messages: tuple[Message, ...]
    form: type[BaseModel]
    fault_of: Callable[[Any], str | None]


@dataclass(slots=True)
class ChatTeacher:
    """Any LangChain chat model, made to write items."""

    model: BaseChatModel
    model_name: str
    """As the user named it: "openai:gpt-4o-mini"."""
    library: Library
    """All of the persona's paragraphs, with their vectors."""
    embeddings: Embeddings
    prompts: Prompts
    calls: CallStore
    at_once: int = AT_ONCE
    told: Told = lambda what, done, total: None
    asked: int = 0
    """Calls made; answers that were stored are not among them."""
    tokens: int = 0
    """Tokens in and out, where the model tells."""
    left_out: list[str] = field(default_factory=list)
    """Why items came to nothing."""

    @property
    def name(self) -> str:
        """What items are credited to; other prompts are another teacher."""
        return f"{self.model_name} ({self.prompts.digest()[:8]})"

    def write(self, assignments: Sequence[Assignment]) -> list[Draft | None]:
        """Return a draft an assignment, in order; None where the model wrote nothing usable.

        Raises:
            EngineError: The model cannot be reached. What it wrote so far is kept.
        """
        questions = self._replies([self._question(each) for each in assignments], "questions")
        both = [(a, q) for a, q in zip(assignments, questions, strict=True) if q is not None]
        vectors = embed(self.embeddings, [q.question for _, q in both])
        wanted = [self._answer(a, q, v) for (a, q), v in zip(both, vectors, strict=True)]
        answers = iter(self._replies(wanted, "answers"))
        return [
            None if question is None else _draft(assignment, question, next(answers))
            for assignment, question in zip(assignments, questions, strict=True)
        ]

    def summary(self) -> str:
        """Return what asking took, for people."""
        left = f", {len(self.left_out)} items left out" if self.left_out else ""
        why = f" ({self.left_out[0]})" if self.left_out else ""
        return f"{self.model_name}: {self.asked} calls, {self.tokens:,} tokens{left}{why}"

    def _question(self, assignment: Assignment) -> _Wanted:
        told = self.prompts.fill(
            f"question.{assignment.pattern}",
            **_who(assignment),
            stance=STANCES[(_place(assignment) + assignment.variation) % len(STANCES)],
        )
        material = f"{assignment.material.partner}\n{assignment.material.text}".strip()
        user = f"<text>\n{material}\n</text>"
        if assignment.variation:
            user += f"\nThis is visitor {assignment.variation + 1}: take up something else in it."
        messages = (Message("system", told), Message("user", user))
        return _Wanted(messages, _Question, lambda made: _fault_of_question(made, assignment))

    def _answer(self, assignment: Assignment, question: _Question, vector: Vectors) -> _Wanted:
        pattern = assignment.pattern
        task = self.prompts.fill(f"task.{pattern}", said=question.said, known=question.known)
        claim = pattern in CLAIMS
        told = self.prompts.fill(
            "answer",
            **_who(assignment),
            knowledge=self._block(assignment, vector, "objective", KNOWN_WORDS),
            manner=self._block(assignment, vector, "subjective", MANNER_WORDS),
            task=task,
            more=', "wrong_response": "..."' if claim else "",
        )
        messages = (Message("system", told), Message("user", question.question))
        return _Wanted(messages, _Answer, lambda made: _fault_of_answer(made, claim=claim))

    def _block(self, assignment: Assignment, vector: Vectors, kind: str, most: int) -> str:
        """Return paragraphs of a kind up to so many words: the item's own, then the nearest."""
        reach = {stage.id for stage in assignment.persona.reaches(assignment.stage)}
        near = (m for m in self.library.nearest(vector) if m.stage in reach)
        found: dict[str, str] = {}
        for material in (assignment.material, *near):
            if material.kind == kind and sum(map(_words, found.values())) < most:
                found.setdefault(material.id, material.text)
        return "\n".join(found.values()) or "(nothing is known)"

    def _replies(self, wanted: Sequence[_Wanted], what: str) -> list[Any]:
        """Return what the model wrote, checked; None where it failed twice."""
        texts = self._texts([each.messages for each in wanted], what)
        made = [_checked(text, each) for text, each in zip(texts, wanted, strict=True)]
        broken = [i for i, each in enumerate(made) if isinstance(each, str)]
        again = [_mending(wanted[i].messages, texts[i], str(made[i])) for i in broken]
        for i, text in zip(broken, self._texts(again, f"{what} mended"), strict=True):
            made[i] = _checked(text, wanted[i])
        self.left_out += [each for each in made if isinstance(each, str)]
        return [None if isinstance(each, str) else each for each in made]

    def _texts(self, asked: Sequence[tuple[Message, ...]], what: str) -> list[str]:
        keys = [key_of(self.model_name, messages) for messages in asked]
        missing = {k: m for k, m in zip(keys, asked, strict=True) if self.calls.get(k) is None}
        for done, (key, text) in enumerate(self._called(missing), start=1):
            self.calls.put(key, text)
            self.told(what, done, len(missing))
        return [self.calls.get(key) or "" for key in keys]

    def _called(self, missing: dict[str, tuple[Message, ...]]) -> Iterator[tuple[str, str]]:
        """Yield key and text of each call as it ends; all are made before a failure is told."""
        failure: BaseException | None = None
        keys = list(missing)
        for number, reply in self._outcomes(missing.values()):
            self.asked += 1
            if isinstance(reply, AIMessage):
                self.tokens += (reply.usage_metadata or {"total_tokens": 0})["total_tokens"]
                yield keys[number], reply.text
            else:
                failure = reply
        if failure is not None:
            raise EngineError(
                f"the teacher {self.model_name} failed: {failure}. "
                f"{len(self.calls)} answers are kept; the same command goes on from there."
            ) from failure

    def _outcomes(
        self, asked: Iterable[tuple[Message, ...]]
    ) -> Iterator[tuple[int, AIMessage | BaseException]]:
        rows: list[Any] = [[message.as_dict() for message in messages] for messages in asked]
        if rows:
            config: Any = {"max_concurrency": self.at_once}
            yield from self.model.batch_as_completed(rows, config, return_exceptions=True)


def _who(assignment: Assignment) -> dict[str, object]:
    persona, stage = assignment.persona, assignment.stage
    summary = " ".join(persona.summary.split())
    return {
        "name": persona.name,
        "summary": summary,
        "year": stage.last,
        "label": stage.label.rstrip("."),
    }


def _place(assignment: Assignment) -> int:
    return zlib.crc32(assignment.material.id.encode())


def _words(text: str) -> int:
    return len(text.split())


def _checked(text: str, wanted: _Wanted) -> BaseModel | str:
    """Return the form filled in, or what is wrong with it."""
    found = re.search(r"\{.*\}", text, re.DOTALL)
    if not found:
        return "there is no JSON object in it"
    try:
        made = wanted.form.model_validate(json.loads(found[0]))
    except ValidationError as error:
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    except ValueError as error:
        return f"it is not JSON: {error}"
    return wanted.fault_of(made) or made


def _mending(messages: tuple[Message, ...], text: str, fault: str) -> tuple[Message, ...]:
    told = f"That cannot be used: {fault}. Write it again, as one JSON object and nothing else."
    return (*messages, Message("assistant", text or "..."), Message("user", told))


def _fault_of_question(made: _Question, assignment: Assignment) -> str | None:
    if assignment.pattern not in CLAIMS:
        return None
    material = f"{assignment.material.partner} {assignment.material.text}".lower()
    known = made.known if assignment.pattern == "misleading" else made.said
    if not made.said or made.said.lower() not in made.question.lower():
        return '"said" must be words of your question, letter for letter'
    if not known or known.lower() not in material:
        return "the right detail must be words of the text, letter for letter"
    if assignment.pattern == "misleading" and known.lower() in made.question.lower():
        return 'the question must hold the wrong detail, not the right one ("known")'
    return None


def _fault_of_answer(made: _Answer, *, claim: bool) -> str | None:
    if claim and not made.wrong_response.strip():
        return '"wrong_response" is missing'
    return None


def _draft(assignment: Assignment, question: _Question, answer: _Answer | None) -> Draft | None:
    if answer is None:
        return None
    misleading, claim = assignment.pattern == "misleading", assignment.pattern in CLAIMS
    known = question.known if misleading else question.said
    material = assignment.material
    return Draft(
        question=" ".join(question.question.split()),
        analysis=" ".join(answer.analysis.split()),
        response=" ".join(answer.response.split()),
        wrong_analysis=_fallen(question, material, known, misleading) if claim else "",
        wrong_response=" ".join(answer.wrong_response.split()) if claim else "",
        false_premise=question.question if misleading else None,
        said=question.said if claim else "",
        known=known if claim else "",
        kind="attitude" if material.kind == "subjective" else "knowledge",
    )


def _fallen(question: _Question, material: Material, known: str, misleading: bool) -> str:
    """Return how one thinks who does not look: the verdict turned round."""
    form, seen = (analysis.right, question.said) if misleading else (analysis.wrong, known)
    return form(question.question, material.text, said=question.said, known=seen)
