"""What a judge does with answers: types the items, marks accuracy, ranks systems, marks rubrics.

Typing and accuracy follow the paper (METHOD 5.1, E2 and E3; the attitude wording is ours, for the
paper prints the one for knowledge only), and so does the ranking (E1), with names hidden behind
letters and the order dealt anew for each repeat. The rubrics are ours, in the manner of PersonaGym.
"""

import random
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from persllm.errors import DataError
from persllm.files import read_jsonl
from persllm.training.evaluation.judging.judge import Call, Judge
from persllm.training.evaluation.judging.prompts import RUBRICS, JudgePrompts

Type = Literal["knowledge", "attitude", "neither"]
HIGHEST = 5
NEEDED = ("system", "item", "stage", "question", "answer", "reference")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one system said to one item's question."""

    system: str
    item: str
    stage: str
    question: str
    answer: str
    reference: str
    """The item's own response."""
    right: bool | None = None
    """By the measure without a judge, where one applied."""


@dataclass(slots=True)
class Judged:
    """One answer and what the judge made of it; a list has one entry a repeat, None for failed."""

    answer: Answer
    type: Type | None = None
    accuracy: list[int | None] = field(default_factory=list)
    """0 to 5."""
    ranks: list[int | None] = field(default_factory=list)
    """From 1 among the systems that answered the item."""
    rubrics: dict[str, list[int | None]] = field(default_factory=dict)
    """1 to 5, by rubric."""


class _Typed(BaseModel):
    reason: str = ""
    type: Type


class _Accuracy(BaseModel):
    reason: str = ""
    score: int = Field(ge=0, le=HIGHEST)


class _Rubric(BaseModel):
    reason: str = ""
    score: int = Field(ge=1, le=HIGHEST)


class _Place(BaseModel):
    answer: str
    reason: str = ""
    rank: int = Field(ge=1)


class _Ranking(BaseModel):
    ranking: list[_Place]


def read_answers(path: Path) -> list[Answer]:
    """Read the answers that an evaluation wrote, one a system and item.

    Raises:
        DataError: The file is missing, empty, or lacks fields; the line is named.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist. Evaluate the persona first: persllm eval.")
    answers: dict[tuple[str, str], Answer] = {}
    for number, row in enumerate(read_jsonl(path), start=1):
        lacking = [name for name in NEEDED if not isinstance(row.get(name), str)]
        if lacking:
            raise DataError(
                f"{path}:{number}: without {', '.join(lacking)}. Evaluate again: persllm eval."
            )
        right = row.get("right")
        texts = {name: row[name] for name in NEEDED}
        answer = Answer(**texts, right=right if isinstance(right, bool) else None)
        answers.setdefault((answer.system, answer.item), answer)
    if not answers:
        raise DataError(f"{path} holds no answers. Evaluate the persona again: persllm eval.")
    return list(answers.values())


def type_items(rows: Sequence[Judged], judge: Judge, prompts: JudgePrompts) -> None:
    """Say of each item whether it asks for knowledge, an attitude or neither."""
    items = {row.answer.item: row.answer for row in rows}
    calls = [
        Call(prompts.fill("typing", question=a.question, reference=a.reference), _Typed)
        for a in items.values()
    ]
    verdicts = dict(zip(items, judge.verdicts(calls, "typing"), strict=True))
    for row in rows:
        typed = verdicts[row.answer.item]
        row.type = typed.type if typed else None


def mark_accuracy(
    rows: Sequence[Judged], judge: Judge, prompts: JudgePrompts, *, repeats: int
) -> None:
    """Mark from 0 to 5 how far answers agree with the reference; items of no type are left out."""
    asked = [row for row in rows if row.type in ("knowledge", "attitude")]
    calls = [
        Call(_filled(prompts, f"accuracy.{row.type}", row.answer), _Accuracy, repeat=repeat)
        for row in asked
        for repeat in range(repeats)
    ]
    verdicts = iter(judge.verdicts(calls, "accuracy"))
    for row in asked:
        row.accuracy = [_score(next(verdicts)) for _ in range(repeats)]


def rank_systems(
    rows: Sequence[Judged], judge: Judge, prompts: JudgePrompts, *, repeats: int, seed: int = 0
) -> None:
    """Rank the systems that answered the same item; ties are allowed."""
    by_item: dict[str, list[Judged]] = {}
    for row in rows:
        by_item.setdefault(row.answer.item, []).append(row)
    dealt = [
        (_dealt(group, f"{seed} {item} {repeat}"), repeat)
        for item, group in by_item.items()
        if 1 < len(group) <= len(string.ascii_uppercase)
        for repeat in range(repeats)
    ]
    calls = [_ranking_call(order, prompts, repeat) for order, repeat in dealt]
    for (order, _), verdict in zip(dealt, judge.verdicts(calls, "ranking"), strict=True):
        places = {place.answer: place.rank for place in verdict.ranking} if verdict else {}
        for letter, row in order.items():
            row.ranks.append(places.get(letter))


def mark_rubrics(
    rows: Sequence[Judged],
    judge: Judge,
    prompts: JudgePrompts,
    *,
    who: Callable[[str], str],
    repeats: int,
) -> None:
    """Mark each answer from 1 to 5 by each rubric.

    Args:
        rows: The answers.
        judge: Who marks.
        prompts: The rubrics' wording.
        who: Tells of a stage who should be speaking.
        repeats: How often each is marked.
    """
    asked = [(row, name) for row in rows for name in RUBRICS]
    calls = [
        Call(_rubric_text(row.answer, name, prompts, who), _Rubric, repeat=repeat)
        for row, name in asked
        for repeat in range(repeats)
    ]
    verdicts = iter(judge.verdicts(calls, "rubrics"))
    for row, name in asked:
        row.rubrics[name] = [_score(next(verdicts)) for _ in range(repeats)]


def _filled(prompts: JudgePrompts, template: str, answer: Answer) -> str:
    return prompts.fill(
        template, question=answer.question, reference=answer.reference, answer=answer.answer
    )


def _rubric_text(
    answer: Answer, name: str, prompts: JudgePrompts, who: Callable[[str], str]
) -> str:
    return prompts.fill(
        "rubric",
        who=who(answer.stage),
        question=answer.question,
        answer=answer.answer,
        rubric=prompts.fill(f"rubric.{name}"),
    )


def _dealt(group: Sequence[Judged], seed: str) -> dict[str, Judged]:
    """Return the answers by letters, in an order that the seed deals."""
    order = list(group)
    random.Random(seed).shuffle(order)
    return dict(zip(string.ascii_uppercase, order, strict=False))


def _ranking_call(
    order: Mapping[str, Judged], prompts: JudgePrompts, repeat: int
) -> Call[_Ranking]:
    answers = "\n".join(
        f'<answer letter="{letter}">\n{row.answer.answer}\n</answer>'
        for letter, row in order.items()
    )
    first = next(iter(order.values())).answer
    text = prompts.fill(
        "ranking",
        question=first.question,
        reference=first.reference,
        answers=answers,
        letters=", ".join(order),
    )
    return Call(text, _Ranking, lambda made: _ranking_fault(made, set(order)), repeat)


def _ranking_fault(made: _Ranking, letters: set[str]) -> str | None:
    named = [place.answer for place in made.ranking]
    if sorted(named) != sorted(letters):
        return f"each of {', '.join(sorted(letters))} must be ranked exactly once, got {named}"
    return None


def _score(made: _Accuracy | _Rubric | None) -> int | None:
    return made.score if made else None
