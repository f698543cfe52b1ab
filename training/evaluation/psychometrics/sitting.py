"""Somebody fills the inventory in: by likelihood, or by choosing.

A sitting has an order of statements and an order of choices, both from its seed, and a few of the
last statements with their answers stay in view, as on a form; so the orders can matter, and
several sittings show how much they do. All sittings go on together, so that each step is one batch.
"""

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from persllm.engine import Engine, Request, Scorer
from persllm.messages import Message
from persllm.progress import StepProgress
from persllm.replies import parse_reply, write_reply
from persllm.training.evaluation.psychometrics.inventory import CHOICES, Statement, inventory

QUESTION = "How well does this describe you: “{sentence}” Choose one: {choices}."
CHOICE = "({letter}) {text}"
LETTERS = "abcde"
CONTENT_FREE = ("N/A", "…", "I am asked.")
"""Statements that say nothing: how likely each choice is after them is its head start
(Zhao et al. 2021, arXiv:2102.09690)."""
IN_VIEW = 1

Puts = Callable[[tuple[Message, ...]], Request]
"""Makes a request to the persona of what was said; the last message is the question."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The orders of one sitting."""

    seed: int
    statements: tuple[Statement, ...]
    choices: tuple[int, ...]
    """The answers, 1 to 5, as they are offered."""

    def question(self, sentence: str) -> str:
        """Return what is asked for one statement."""
        offered = [
            CHOICE.format(letter=letter, text=CHOICES[answer - 1])
            for letter, answer in zip(LETTERS, self.choices, strict=True)
        ]
        return QUESTION.format(sentence=sentence, choices=", ".join(offered))


@dataclass(frozen=True, slots=True)
class Sitting:
    """What one sitting came to."""

    seed: int
    answers: Mapping[int, float]
    """From 1 to 5 by statement number, before keys; a fraction where it is an expectation."""
    unread: int = 0
    """Answers that named no choice, or two."""


@dataclass(slots=True)
class _Seat:
    plan: Plan
    put: Puts
    in_view: int
    said: list[Message] = field(default_factory=list)
    answers: dict[int, float] = field(default_factory=dict)
    unread: int = 0

    def ask(self, statement: Statement) -> Request:
        asked = Message("user", self.plan.question(statement.sentence))
        kept = self.said[-2 * self.in_view :] if self.in_view else []
        return self.put((*kept, asked))

    def answered(self, statement: Statement, reply: str, answer: float | None) -> None:
        self.said += [
            Message("user", self.plan.question(statement.sentence)),
            Message("assistant", reply),
        ]
        if answer is None:
            self.unread += 1
        else:
            self.answers[statement.number] = answer

    def done(self) -> Sitting:
        return Sitting(self.plan.seed, self.answers, self.unread)


def plan(seed: int) -> Plan:
    """Return the orders that belong to a seed; seed 0 has the printed ones."""
    statements, choices = list(inventory().statements), list(range(1, len(CHOICES) + 1))
    if seed:
        rng = random.Random(seed)
        rng.shuffle(statements)
        rng.shuffle(choices)
    return Plan(seed, tuple(statements), tuple(choices))


def by_likelihood(
    scorer: Scorer,
    put: Puts,
    plans: Sequence[Plan],
    *,
    thinks: bool,
    in_view: int = IN_VIEW,
    progress: StepProgress = lambda done, total: None,
) -> list[Sitting]:
    """Score the five choices after each statement; the answer is their expectation.

    Args:
        scorer: Runs the persona.
        put: Makes requests to it.
        plans: The sittings.
        thinks: Whether the choice stands behind a short analysis, as trained replies do.
        in_view: How many answered statements stay in view.
        progress: Told of every step.

    Raises:
        EngineError: A question does not fit the context.
    """
    seats = [_Seat(each, put, in_view) for each in plans]
    starts = [_head_start(scorer, seat, thinks) for seat in seats]
    total = len(inventory().statements)
    for step in range(total):
        asked = [seat.plan.statements[step] for seat in seats]
        requests = [seat.ask(each) for seat, each in zip(seats, asked, strict=True)]
        rows = _choice_scores(scorer, requests, thinks)
        for seat, statement, row, start in zip(seats, asked, rows, starts, strict=True):
            shares = _shares([score - free for score, free in zip(row, start, strict=True)])
            likeliest = shares.index(max(shares))
            expected = sum(share * (i + 1) for i, share in enumerate(shares))
            seat.answered(statement, _spoken(likeliest), expected)
        progress(step + 1, total)
    return [seat.done() for seat in seats]


def by_choosing(
    engine: Engine,
    put: Puts,
    plans: Sequence[Plan],
    *,
    in_view: int = IN_VIEW,
    progress: StepProgress = lambda done, total: None,
) -> list[Sitting]:
    """Let the persona choose in its own words; what names no choice is counted as unread.

    Raises:
        EngineError: A question does not fit the context.
    """
    seats = [_Seat(each, put, in_view) for each in plans]
    total = len(inventory().statements)
    for step in range(total):
        asked = [seat.plan.statements[step] for seat in seats]
        requests = [seat.ask(each) for seat, each in zip(seats, asked, strict=True)]
        for seat, statement, reply in zip(seats, asked, engine.generate(requests), strict=True):
            said = parse_reply(reply.text).response
            seat.answered(statement, said, chosen(said, seat.plan.choices))
        progress(step + 1, total)
    return [seat.done() for seat in seats]


def chosen(said: str, choices: Sequence[int]) -> int | None:
    """Return the answer that a reply names by its words or its letter, or None.

    A choice's words count before letters; two different ones count as none.
    """
    lower = " ".join(said.lower().split())
    found = set()
    for answer in sorted(choices, key=lambda each: -len(CHOICES[each - 1])):
        words = CHOICES[answer - 1]
        if re.search(rf"\b{words}\b", lower):
            found.add(answer)
            lower = re.sub(rf"\b{words}\b", " ", lower)
    if not found:
        letters = re.findall(r"\(([a-e])\)|^\W*([a-e])\b(?!\s+\w)|\b([a-e])\)", lower)
        found = {choices[LETTERS.index("".join(each))] for each in letters}
    return found.pop() if len(found) == 1 else None


def _head_start(scorer: Scorer, seat: _Seat, thinks: bool) -> list[float]:
    """Return the score of each choice after statements that say nothing, on average."""
    questions = [Message("user", seat.plan.question(each)) for each in CONTENT_FREE]
    rows = _choice_scores(scorer, [seat.put((each,)) for each in questions], thinks)
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def _choice_scores(scorer: Scorer, requests: Sequence[Request], thinks: bool) -> list[list[float]]:
    """Return the log-probability of each choice, 1 to 5, after each request."""
    replies = [
        write_reply(ANALYSIS if thinks else "", _spoken(choice)) for choice in range(len(CHOICES))
    ]
    each = [request for request in requests for _ in replies]
    scores = [score.log_probability for score in scorer.score(each, replies * len(requests))]
    return [scores[i : i + len(replies)] for i in range(0, len(scores), len(replies))]


ANALYSIS = "The visitor asks how well this describes me, and I know myself."


def _spoken(choice: int) -> str:
    return f"{CHOICES[choice].capitalize()}."


def _shares(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    each = [math.exp(score - top) for score in scores]
    return [value / sum(each) for value in each]
