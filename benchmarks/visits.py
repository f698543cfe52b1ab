"""Invented visitors who talk with the bundled cast over a year, and what they ask afterwards.

One file a visitor in `benchmarks/visitors/`, our own writing; its README tells the form.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

VISITORS = Path(__file__).parent / "visitors"
Kind = Literal["single", "several", "time", "superseded", "never"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of a visitor and what the persona replied."""

    said: str
    reply: str


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation."""

    when: datetime
    turns: tuple[Exchange, ...]

    def said_at(self, place: int) -> datetime:
        """Return when a turn was said, by its place from 0: one a minute."""
        return self.when + timedelta(minutes=place)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a visitor told what a question asks for."""

    session: int
    turn: int
    """Both counted from 1."""
    answer: tuple[str, ...]
    """A line that holds one of these tells it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a visitor asks in a new conversation after all sessions."""

    id: str
    kind: Kind
    asked: str
    evidence: tuple[Evidence, ...]
    """Empty where nothing was told of it."""
    wrong: tuple[str, ...]
    """Words of what was told before it was told otherwise."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One visitor: the sessions in order, and the questions."""

    id: str
    name: str
    persona: str
    stage: str
    sessions: tuple[Session, ...]
    questions: tuple[Question, ...]

    def told(self, evidence: Evidence) -> str:
        """Return the turn that a piece of evidence names."""
        return self.sessions[evidence.session - 1].turns[evidence.turn - 1].said

    def heard_at(self, evidence: Evidence) -> datetime:
        """Return when it was told."""
        return self.sessions[evidence.session - 1].when


def read_visitors(folder: Path = VISITORS) -> list[Visitor]:
    """Return all visitors of a folder, by their files' names."""
    return [_visitor(path) for path in sorted(folder.glob("*.yaml"))]


def holds(line: str, phrases: Sequence[str]) -> bool:
    """Tell whether one of the phrases stands in a line, as whole words, in any case."""
    return any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", line, re.I) for each in phrases)


def _visitor(path: Path) -> Visitor:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Visitor(
        id=data["id"],
        name=data["name"],
        persona=data["persona"],
        stage=data["stage"],
        sessions=tuple(_session(row) for row in data["sessions"]),
        questions=tuple(_question(row) for row in data["questions"]),
    )


def _session(row: dict[str, Any]) -> Session:
    turns = tuple(Exchange(turn["said"], turn["reply"]) for turn in row["turns"])
    return Session(datetime.fromisoformat(row["when"]).replace(tzinfo=UTC), turns)


def _question(row: dict[str, Any]) -> Question:
    evidence = tuple(
        Evidence(each["session"], each["turn"], tuple(each["answer"]))
        for each in row.get("evidence", ())
    )
    return Question(row["id"], row["kind"], row["asked"], evidence, tuple(row.get("wrong", ())))
