"""From assignments to what a chat model reads, and what is wrong with what it wrote back.

Knows the prompts and the patterns; asks nobody.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from persllm.materials import Material
from persllm.messages import Message
from persllm.persona import Persona, Stage, year_text
from persllm.training.data.items import CLAIMS
from persllm.training.data.teacher import Assignment
from persllm.training.data.teachers import forms
from persllm.training.data.teachers.prompts import DEMONSTRATIONS, Prompts, language_of

STANCES = ("agrees with", "differs in part from", "strongly conflicts with")
ANGLES = (
    "people and ties between them",
    "an opinion or a taste",
    "work and how something is done",
    "a place, a day or an event",
    "something that went wrong or was hard",
    "a piece of advice, or a small task",
)
QUESTIONS: dict[str, forms.Form] = {
    "misleading": forms.Claim,
    "true-premise": forms.TrueClaim,
    "follow-up": forms.FollowUp,
}
REMARKS = "\n\nSomebody who knows you has read earlier answers and asks you to heed this:\n"


Made = TypeVar("Made", forms.Asked, forms.Answered)


@dataclass(frozen=True, slots=True)
class Wanted(Generic[Made]):
    """One call: what is sent, and what must come back."""

    messages: tuple[Message, ...]
    form: forms.Form
    made: Callable[..., Made]
    fault_of: Callable[[Made], str | None]

    def read(self, text: str) -> Made | str:
        """Return what the model wrote, each text on one line, or what is wrong with it."""
        filled = forms.filled(text, self.form)
        if isinstance(filled, str):
            return filled
        made = self.made(**{name: " ".join(each.split()) for name, each in filled})
        return self.fault_of(made) or made


@dataclass(frozen=True, slots=True)
class Wording:
    """How a teacher is spoken to."""

    prompts: Prompts
    plain: bool = False
    """Answers without an analysis."""
    remarks: tuple[str, ...] = ()
    """What the operator said of earlier answers; heeded in every one that follows."""

    def question(self, assignment: Assignment) -> Wanted[forms.Asked]:
        """Return the call that asks for a visitor's words."""
        pattern = assignment.pattern
        place = zlib.crc32(assignment.material.id.encode()) + assignment.variation
        form = QUESTIONS.get(pattern, forms.Question)
        told = self.prompts.fill(
            f"question.{pattern}",
            **_who(assignment.persona, assignment.stage),
            stance=STANCES[place % len(STANCES)],
            angle=ANGLES[place % len(ANGLES)],
            form=forms.example_of(form),
        )
        material = f"{assignment.material.partner}\n{assignment.material.text}".strip()
        user = f"<text>\n{material}\n</text>"
        if assignment.variation:
            user += f"\nThis is visitor {assignment.variation + 1}: take up something else in it."
        messages = (Message("system", told), Message("user", user))
        fault_of = partial(_fault_of_question, assignment)
        return Wanted(messages, form, forms.Asked, fault_of)

    def answer(
        self,
        persona: Persona,
        stage: Stage,
        asked: str,
        *,
        task: str,
        claim: bool = False,
        before: Sequence[str] = (),
        knowledge: str,
        manner: str,
    ) -> Wanted[forms.Answered]:
        """Return the call that asks for the persona's answer at a stage, after what was said."""
        form: forms.Form
        if claim:
            form = forms.PlainOnClaim if self.plain else forms.AnswerOnClaim
        else:
            form = forms.Plain if self.plain else forms.Answer
        told = self.prompts.fill(
            "answer.plain" if self.plain else "answer",
            **_who(persona, stage),
            demonstrations=self.prompts.texts[DEMONSTRATIONS],
            knowledge=knowledge,
            manner=manner,
            task=task,
            remarks=self._remarks(),
            form=forms.example_of(form),
        )
        spoken = [Message("assistant" if n % 2 else "user", text) for n, text in enumerate(before)]
        messages = (Message("system", told), *spoken, Message("user", asked))
        return Wanted(messages, form, forms.Answered, lambda made: None)

    def task(self, pattern: str, persona: Persona, stage: Stage, **fields: str) -> str:
        """Return what the persona is told to do with the visitor's words."""
        return self.prompts.fill(f"task.{pattern}", **_who(persona, stage), **fields)

    def parts(self) -> tuple[str, ...]:
        """Return what tells this wording from others."""
        return (self.prompts.digest(), str(self.plain), *self.remarks)

    def _remarks(self) -> str:
        if not self.remarks:
            return ""
        return REMARKS + "\n".join(f"- {' '.join(remark.split())}" for remark in self.remarks)


def _who(persona: Persona, stage: Stage) -> dict[str, object]:
    return {
        "name": persona.name,
        "summary": " ".join(persona.summary.split()),
        "year": year_text(stage.last),
        "label": stage.label.rstrip("."),
        "language": language_of(persona.language),
    }


def _fault_of_question(assignment: Assignment, made: forms.Asked) -> str | None:
    if assignment.pattern not in CLAIMS:
        return None
    misleading = assignment.pattern == "misleading"
    known = made.known if misleading else made.said
    if made.said.lower() not in made.question.lower():
        return '"said" must be words of your question, letter for letter'
    if known.lower() not in _own_words(assignment.material):
        return "the right detail must be words of the text, letter for letter"
    if misleading and known.lower() in made.question.lower():
        return 'the question must hold the wrong detail, not the right one ("known")'
    return None


def _own_words(material: Material) -> str:
    return f"{material.partner} {material.text}".lower()
