"""What is dropped from a build, and which user turns may stand beside each other."""

import pytest

from persllm.training.data.cleaning import MOST_REPLY_WORDS, Asked, asked_of, clash, fault_of
from persllm.training.data.drafting import BY_HAND, PartDraft
from persllm.training.data.items import Pattern, Split
from persllm.training.data.teacher import Draft
from tests.doubles import MakePersona

QUESTION = "What do you remember of the long winter at Gull Point?"


def _draft(
    question: str = QUESTION,
    *,
    response: str = "I wept.",
    stage: str = "early",
    pattern: Pattern = "ordinary",
    false_premise: str | None = None,
    known: str = "",
    teacher: str = "rules",
) -> PartDraft:
    draft = Draft(
        question=question,
        analysis="",
        response=response,
        false_premise=false_premise,
        known=known,
        kind="knowledge",
    )
    return PartDraft(stage, pattern, "early-a-1", 0, teacher, draft)


def _asked(split: Split = "train", **changes: str) -> Asked:
    return asked_of(_draft(**changes), split)  # type: ignore[arg-type]  # texts only


@pytest.mark.parametrize("stage", ["early", "late"])
def test_a_near_duplicate_is_dropped_at_whatever_stage(stage: str) -> None:
    assert clash(_asked(), _asked(stage=stage)) == "near-duplicate"


def test_two_patterns_may_be_asked_alike_but_not_the_same() -> None:
    twin = _asked(question="alike", pattern="misleading")
    assert clash(_asked(), twin) is None
    assert clash(_asked(), _asked(pattern="misleading")) == "near-duplicate"


def test_two_stages_may_be_asked_the_same_by_hand() -> None:
    first, second = _asked(teacher=BY_HAND), _asked(teacher=BY_HAND, stage="late")
    assert clash(first, second) is None
    assert clash(first, _asked(stage="late")) == "near-duplicate"


@pytest.mark.parametrize("stage", ["early", "late"])
def test_a_test_question_like_a_training_question_is_dropped(stage: str) -> None:
    reason = clash(_asked(), _asked(split="test", stage=stage, pattern="misleading"))
    assert reason == "test question like a training question"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (_draft(), None),
        (_draft(response=" "), "empty"),
        (_draft(" "), "empty"),
        (_draft(response="word " * (MOST_REPLY_WORDS + 1)), "too long"),
        (_draft(response="As an AI I wept."), "assistant phrase"),
        (_draft(response="I'm sorry, but no."), "assistant phrase"),
        (_draft(response="I wept. I hope this helps!"), "assistant phrase"),
        (_draft(response="I wept. [Response] I wept."), "marks of a form or a file"),
        (_draft(response="See https://example.org."), "marks of a form or a file"),
        (_draft("{question}"), "marks of a form or a file"),
        (_draft("I wept."), "echoes the question"),
        (_draft(response="It was in 1880."), "later than its stage"),
        (_draft(response="It was in 1880.", stage="late"), None),
        (_draft(response="It was in 1879."), None),
        (_draft(response="So I wept.", false_premise="I wept."), "repeats the false premise"),
        (_draft(pattern="misleading", known="1871"), "does not name what is true"),
        (_draft(pattern="misleading", known="1871", response="In 1871."), None),
        (_draft(pattern="misleading", known="1871", teacher=BY_HAND), None),
    ],
)
def test_an_unfit_draft_is_dropped_with_its_reason(
    made: PartDraft, reason: str | None, tiny_persona: MakePersona
) -> None:
    assert fault_of(made, tiny_persona()) == reason
