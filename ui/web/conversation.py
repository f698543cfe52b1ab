"""A conversation on the page: what was said, every answer to it, and what those rest on.

Values only: each change returns another conversation. They are kept in the visitor's browser as
plain JSON, which anybody there may change, so reading them back trusts nothing.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

MOST_TURNS = 200
MOST_KEPT = 40
"""Conversations; the oldest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Source:
    """What came to mind for an answer."""

    text: str
    origin: str
    """File and line, or who told it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers to what was said."""

    text: str
    sources: tuple[Source, ...] = ()
    analysis: str = ""
    seconds: float = 0.0
    adapter: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the visitor said, and the answers to it."""

    said: str
    answers: tuple[Answer, ...] = ()
    shown: int = 0
    opinion: str = ""
    """What the visitor thought of it."""

    @property
    def answer(self) -> Answer | None:
        """The answer that is shown."""
        return self.answers[self.shown] if 0 <= self.shown < len(self.answers) else None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One talk with one persona at one stage."""

    id: str
    persona: str
    stage: str
    exchanges: tuple[Exchange, ...] = ()
    branched_from: str = ""
    """Stage and question that it was branched from, as "stage|question"."""
    writing: str | None = None
    """What is written of an answer so far; None where nobody is writing."""

    @property
    def is_answered(self) -> bool:
        """Whether the last thing said has an answer."""
        return bool(self.exchanges) and self.exchanges[-1].answer is not None


_READ = TypeAdapter(Conversation)


def begun(persona: str, stage: str, *, branched_from: str = "") -> Conversation:
    """Return an empty conversation with an id of its own."""
    return Conversation(secrets.token_hex(6), persona, stage, branched_from=branched_from)


def asked(talk: Conversation, said: str) -> Conversation:
    """Return it with something said, and the persona about to answer."""
    kept = talk.exchanges[-MOST_TURNS + 1 :]
    return replace(talk, exchanges=(*kept, Exchange(said.strip())), writing="")


def caught_up(talk: Conversation, rows: object) -> Conversation:
    """Return it as the browser keeps it, where another tab went on with it."""
    for kept in read_rows(rows):
        if kept.id == talk.id and len(kept.exchanges) > len(talk.exchanges):
            return kept
    return talk


def asked_again(talk: Conversation) -> Conversation:
    """Return it with the persona about to answer the last thing said once more."""
    return replace(talk, writing="") if talk.exchanges else talk


def answered(talk: Conversation, answer: Answer) -> Conversation:
    """Return it with a further answer to the last thing said, which is shown."""
    last = talk.exchanges[-1]
    answers = (*last.answers, answer)
    return _with_last(talk, replace(last, answers=answers, shown=len(answers) - 1))


def stopped(talk: Conversation) -> Conversation:
    """Return it with nobody writing; what was written so far stays as an answer."""
    if talk.writing:
        return answered(talk, Answer(talk.writing))
    return replace(talk, writing=None)


def turned(talk: Conversation, by: int) -> Conversation:
    """Return it with another answer to the last thing said shown; there is no going round."""
    if not talk.exchanges or talk.writing is not None:
        return talk
    last = talk.exchanges[-1]
    shown = min(max(last.shown + by, 0), max(len(last.answers) - 1, 0))
    return _with_last(talk, replace(last, shown=shown))


def undone(talk: Conversation) -> tuple[Conversation, str]:
    """Return it without the last exchange, and what was said in it."""
    if not talk.exchanges:
        return talk, ""
    return replace(talk, exchanges=talk.exchanges[:-1], writing=None), talk.exchanges[-1].said


def edited(talk: Conversation, place: int, said: str) -> Conversation:
    """Return a branch that says something else at an exchange; the talk itself stays as it is."""
    branch = begun(talk.persona, talk.stage)
    return asked(replace(branch, exchanges=talk.exchanges[:place]), said)


def at_stage(talk: Conversation, stage: str) -> Conversation:
    """Return an empty talk at another stage that knows from which question it was branched."""
    said = talk.exchanges[-1].said if talk.exchanges else ""
    return begun(talk.persona, stage, branched_from=f"{talk.stage}|{said}" if said else "")


def thought_of(talk: Conversation, place: int, opinion: str) -> Conversation:
    """Return it with what the visitor thinks of an answer."""
    exchanges = list(talk.exchanges)
    exchanges[place] = replace(exchanges[place], opinion=opinion)
    return replace(talk, exchanges=tuple(exchanges))


def as_rows(talks: Sequence[Conversation]) -> list[dict[str, Any]]:
    """Return conversations as JSON values."""
    rows: list[dict[str, Any]] = [_READ.dump_python(talk, mode="json") for talk in talks]
    return rows


def read_rows(rows: object) -> list[Conversation]:
    """Return the conversations of JSON values; what is none is left out."""
    found = []
    for row in rows if isinstance(rows, list) else []:
        try:
            found.append(replace(_READ.validate_python(row), writing=None))
        except ValidationError:
            continue
    return found


def kept_with(rows: object, talk: Conversation) -> list[dict[str, Any]]:
    """Return what a browser keeps with a conversation put first; an empty one is not kept."""
    others = [each for each in read_rows(rows) if each.id != talk.id]
    first = [talk] if talk.exchanges else []
    return as_rows([*first, *others][:MOST_KEPT])


def as_markdown(talk: Conversation, *, heading: str, you: str, name: str, note: str) -> str:
    """Return the conversation as a Markdown document.

    All that was said is indented, so that none of it counts as Markdown of the document.
    """
    parts = [f"# {heading}"]
    for each in talk.exchanges:
        parts.append(_spoken(you, each.said))
        if each.answer:
            parts.append(_spoken(name, each.answer.text))
    return "\n\n".join([*parts, f"*{note}*"]) + "\n"


def _spoken(who: str, said: str) -> str:
    lines = "\n".join(f"    {line}" for line in said.splitlines())
    return f"**{who}**\n\n{lines}"


def _with_last(talk: Conversation, last: Exchange) -> Conversation:
    return replace(talk, exchanges=(*talk.exchanges[:-1], last), writing=None)
