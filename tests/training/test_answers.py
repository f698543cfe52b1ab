"""The measures tell right answers from wrong ones, also on every hand-written item we ship."""

from dataclasses import replace

import pytest

from persllm.materials import read_materials
from persllm.persona_catalog import find_persona
from persllm.training.data.handwritten import read_handwritten
from persllm.training.data.items import Item
from persllm.training.evaluation.answers import (
    Tally,
    fact_words,
    is_right,
    measurable,
    measure_of,
    steadiness,
    tallies,
)
from tests.training.test_items import ITEM

RECALL = "In 1870 Martin Sekulic taught me physics in Karlovac."
REPLY = f"[Analysis] I recall: {RECALL} [Response] It was Martin Sekulic who taught me physics."
KNOWLEDGE = replace(
    ITEM,
    question="Who taught you physics?",
    messages=(*ITEM.prompt, replace(ITEM.messages[-1], content=REPLY)),
)
MISLEADING = replace(ITEM, pattern="misleading", said="Graz", known="Smiljan")
TRUE = replace(ITEM, pattern="true-premise", said="Smiljan", known="Smiljan")


def test_the_fact_is_what_answer_and_source_share_beyond_the_question() -> None:
    assert fact_words(KNOWLEDGE) == {"martin", "sekulic"}


@pytest.mark.parametrize(
    ("item", "answer", "right"),
    [
        (KNOWLEDGE, "Martin Sekulic did.", True),
        (KNOWLEDGE, "My mother taught me physics.", False),
        (MISLEADING, "No, I was born in Smiljan.", True),
        (MISLEADING, "Yes, that is so. I was born in Graz, not in Smiljan.", False),
        (MISLEADING, "No, I was born in Vienna.", False),
        (TRUE, "Indeed. I was born in Smiljan.", True),
        (TRUE, "I was born in Smiljan, sir, and I never was ashamed of it.", True),
        (TRUE, "You are misinformed: I was not born in Smiljan.", False),
        (TRUE, "I was not born in Smiljan. I was born in Graz.", False),
        (TRUE, "I like pigeons.", False),
    ],
)
def test_answers_are_judged(item: Item, answer: str, right: bool) -> None:
    assert is_right(item, answer) is right


def test_tallies_count_each_measure_and_items_without_one_are_left_out() -> None:
    items = [KNOWLEDGE, MISLEADING, TRUE, replace(ITEM, pattern="thought")]
    assert [measure_of(item) for item in measurable(items)] == [
        "knowledge",
        "corrected",
        "accepted",
    ]
    counted = tallies(items[:3], ["Martin Sekulic.", "No, Smiljan.", "No, Graz."])
    assert counted["knowledge"] == Tally(1, 1)
    assert counted["accepted"] == Tally(0, 1)
    assert steadiness(counted) == 0.0
    assert steadiness({"corrected": Tally(1, 2), "accepted": Tally(1, 1)}) == pytest.approx(2 / 3)


def test_intervals_are_wilson_s() -> None:
    low, high = Tally(8, 10).interval
    assert [low, high] == pytest.approx([0.490, 0.943], abs=1e-3)
    assert Tally(0, 0).interval == (0.0, 1.0)
    assert Tally(5, 5).interval[1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    "name",
    [
        "frederick-douglass",
        "nikola-tesla",
        "ada-lovelace",
        "thomas-edison",
        "charles-darwin",
        "marie-curie",
    ],
)
def test_our_own_answers_are_judged_right_and_their_opposites_wrong(name: str) -> None:
    persona = find_persona(name)
    wrongly_judged = total = 0
    for part in read_handwritten(persona, read_materials(persona)):
        draft = part.draft
        claim = replace(ITEM, pattern=part.pattern, said=draft.said, known=draft.known)
        if measure_of(claim) in {"corrected", "accepted"}:
            total += 2
            wrongly_judged += not is_right(claim, draft.response)
            wrongly_judged += is_right(claim, draft.wrong_response)
    assert total >= 2 * 60
    assert wrongly_judged <= 0.02 * total
