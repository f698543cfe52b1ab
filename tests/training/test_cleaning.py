"""What is dropped from a build, and that it is counted."""

from collections import Counter

import pytest

from persllm.embeddings import embed
from persllm.training.data.cleaning import MOST_REPLY_WORDS, fault_of, keep_unlike
from persllm.training.data.drafting import PartDraft
from persllm.training.data.items import Pattern, Split
from persllm.training.data.teacher import Draft
from tests.doubles import LetterEmbeddings, MakePersona

QUESTION = "What do you remember of the long winter at Gull Point?"
ALIKE = "What do you remember of the long winter at Gull Point now?"
OTHER = "Tell me about Clara Wenn."


def _draft(
    question: str = QUESTION,
    *,
    response: str = "I wept.",
    stage: str = "early",
    pattern: Pattern = "ordinary",
    false_premise: str | None = None,
) -> PartDraft:
    draft = Draft(
        question=question,
        analysis="",
        response=response,
        false_premise=false_premise,
        kind="knowledge",
    )
    return PartDraft(stage, pattern, "early-a-1", 0, "rules", draft)


def _kept(drafts: list[PartDraft], splits: list[Split]) -> tuple[list[int], Counter[str]]:
    questions = embed(LetterEmbeddings(), [made.draft.question for made in drafts])
    return keep_unlike(drafts, questions, splits, similarity=0.9)


def test_a_near_duplicate_within_a_stage_is_dropped_and_counted() -> None:
    kept, dropped = _kept([_draft(), _draft(OTHER), _draft(ALIKE)], ["train"] * 3)
    assert kept == [0, 1]
    assert dropped == {"near-duplicate": 1}


def test_two_stages_may_be_asked_the_same() -> None:
    assert _kept([_draft(), _draft(stage="late")], ["train"] * 2) == ([0, 1], Counter())


def test_two_patterns_may_be_asked_alike_but_not_the_same() -> None:
    alike = [_draft(), _draft(ALIKE, pattern="misleading"), _draft(pattern="true-premise")]
    kept, dropped = _kept(alike, ["train"] * 3)
    assert kept == [0, 1]
    assert dropped == {"near-duplicate": 1}


@pytest.mark.parametrize("stage", ["early", "late"])
def test_a_test_question_like_a_training_question_is_dropped(stage: str) -> None:
    kept, dropped = _kept([_draft(ALIKE, stage=stage), _draft()], ["test", "train"])
    assert kept == [1]
    assert dropped == {"test question like a training question": 1}


def test_no_drafts_are_no_rows() -> None:
    assert _kept([], []) == ([], Counter())


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (_draft(), None),
        (_draft(response=" "), "empty"),
        (_draft(" "), "empty"),
        (_draft(response="word " * (MOST_REPLY_WORDS + 1)), "too long"),
        (_draft(response="As an AI I wept."), "assistant phrase"),
        (_draft(response="I'm sorry, but no."), "assistant phrase"),
        (_draft(response="It was in 1880."), "later than its stage"),
        (_draft(response="It was in 1880.", stage="late"), None),
        (_draft(response="It was in 1879."), None),
        (_draft(response="So I wept.", false_premise="I wept."), "repeats the false premise"),
    ],
)
def test_an_unfit_draft_is_dropped_with_its_reason(
    made: PartDraft, reason: str | None, tiny_persona: MakePersona
) -> None:
    assert fault_of(made, tiny_persona()) == reason
