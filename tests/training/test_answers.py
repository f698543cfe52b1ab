"""The measures tell right answers from wrong ones, also on every hand-written item we ship."""

from dataclasses import replace

import pytest

from persllm.materials import Material, read_materials
from persllm.messages import Message
from persllm.persona_catalog import find_persona
from persllm.training.data.handwritten import read_handwritten
from persllm.training.data.items import Item
from persllm.training.evaluation.answers import AnswerReader
from persllm.training.evaluation.figures import Tally
from tests.training.test_items import ITEM

SOURCE = Material(
    id="m-1",
    stage="early",
    kind="objective",
    text="In 1870 Martin Sekulic taught me physics in Karlovac. My mother never learned to read.",
    source="experiences.md",
)
READER = AnswerReader([SOURCE])
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
    assert READER.fact_words(KNOWLEDGE) == {"martin", "sekulic"}


def test_the_fact_needs_no_analysis() -> None:
    plain = replace(
        KNOWLEDGE,
        id="plain",
        messages=(*ITEM.prompt, Message("assistant", "It was Martin Sekulic, dear friend.")),
    )
    assert READER.fact_words(plain) == {"martin", "sekulic"}
    assert READER.measure_of(plain) == "knowledge"


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
        (MISLEADING, "Graz? I was born in Smiljan, far from it.", True),
        (MISLEADING, "I was born in Smiljan, where my father was a priest.", False),
        (MISLEADING, "It wasn't Graz that bore me. It was Smiljan.", True),
        (TRUE, "Certainly not. I was born in Graz.", False),
        (TRUE, "You remember rightly.", True),
        (KNOWLEDGE, "That I do not know.", False),
    ],
)
def test_answers_are_judged(item: Item, answer: str, right: bool) -> None:
    assert READER.is_right(item, answer) is right


def test_a_sentence_copied_from_the_sources_is_no_verdict() -> None:
    claim = replace(
        MISLEADING, question="Your mother read novels.", said="novels", known="never learned"
    )
    assert not READER.is_right(claim, "My mother never learned to read.")
    assert READER.is_right(claim, "No, sir. My mother never learned to read.")
    true = replace(
        TRUE,
        question="Your mother never learned to read.",
        known="never learned",
        said="never learned",
    )
    assert not READER.is_right(true, "My mother never learned to read.")
    assert READER.is_right(true, "She never learned, poor soul.")


def test_items_without_a_measure_are_left_out() -> None:
    items = [KNOWLEDGE, MISLEADING, TRUE, replace(ITEM, pattern="opinion")]
    assert [READER.measure_of(item) for item in READER.measurable(items)] == [
        "knowledge",
        "corrected",
        "accepted",
    ]


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
    materials = read_materials(persona)
    reader = AnswerReader(materials)
    wrongly_judged = total = 0
    for part in read_handwritten(persona, materials):
        draft = part.draft
        claim = replace(
            ITEM,
            pattern=part.pattern,
            question=draft.question,
            said=draft.said,
            known=draft.known,
        )
        if reader.measure_of(claim) in {"corrected", "accepted"}:
            total += 2
            wrongly_judged += not reader.is_right(claim, draft.response)
            wrongly_judged += reader.is_right(claim, draft.wrong_response)
    assert total >= 2 * 60
    assert wrongly_judged <= 0.01 * total
