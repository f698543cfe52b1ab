"""What must come back from a chat model: forms, asked for as JSON schemas, checked by pydantic."""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints, ValidationError

from persllm.messages import Message

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Question(BaseModel):
    """What a visitor says."""

    question: Text


class FollowUp(BaseModel):
    """A conversation whose last turn needs the ones before."""

    first: Text
    reply: Text
    question: Text


class Claim(Question):
    """What a visitor says who takes one detail for granted."""

    said: Text
    known: Text


class TrueClaim(Question):
    """The same, where the detail is right."""

    said: Text


class Plain(BaseModel):
    """An answer alone."""

    response: Text


class Answer(BaseModel):
    """An answer with the thoughts before it."""

    analysis: Text
    response: Text


class PlainOnClaim(Plain):
    """And how one would answer who judges the claim wrongly."""

    wrong_response: Text


class AnswerOnClaim(Answer):
    """And how one would answer who judges the claim wrongly."""

    wrong_response: Text


Form = type[BaseModel]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor says, whatever form it was written in."""

    question: str
    said: str = ""
    """Claims: the detail that is taken for granted."""
    known: str = ""
    """Claims: the right detail."""
    first: str = ""
    """Follow-ups: what the visitor said before."""
    reply: str = ""
    """Follow-ups: what the persona answered to that."""

    @property
    def before(self) -> tuple[str, ...]:
        """What was said before the question, in turns."""
        return (self.first, self.reply) if self.first else ()


@dataclass(frozen=True, slots=True)
class Answered:
    """What the persona says, whatever form it was written in."""

    response: str
    analysis: str = ""
    wrong_response: str = ""


def schema_of(form: Form) -> dict[str, Any]:
    """Return the form as strict JSON schema: its fields, all wanted, no others."""
    names = list(form.model_fields)
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": names,
        "additionalProperties": False,
    }


def example_of(form: Form) -> str:
    """Return the form as a prompt shows it."""
    return json.dumps(dict.fromkeys(form.model_fields, "..."))


def filled(text: str, form: Form) -> BaseModel | str:
    """Return the form filled in, or what is wrong with the text.

    The last JSON object counts: models that think aloud before it are understood.
    """
    found = _last_object(text)
    if found is None:
        return "there is no whole JSON object in it"
    try:
        return form.model_validate(found)
    except ValidationError as error:
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())


def mending(messages: tuple[Message, ...], text: str, fault: str) -> tuple[Message, ...]:
    """Return the messages that ask for a better answer."""
    told = f"That cannot be used: {fault}. Write it again, as one JSON object and nothing else."
    return (*messages, Message("assistant", text or "..."), Message("user", told))


def _last_object(text: str) -> dict[str, Any] | None:
    try:
        whole = json.loads(text)
    except ValueError:
        pass
    else:
        return whole if isinstance(whole, dict) else None
    decoder, found, end = json.JSONDecoder(), None, 0
    for start in re.finditer(r"\{", text):
        if start.start() < end:
            continue  # inside an object that was read
        try:
            read, end = decoder.raw_decode(text, start.start())
        except ValueError:
            continue
        found = read if isinstance(read, dict) else found
    return found
