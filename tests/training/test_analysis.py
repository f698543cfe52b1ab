"""The fixed forms of thought: how what is said is shortened to fit them."""

import pytest

from persllm.training import analysis


def test_long_claims_are_shortened_to_a_sentence() -> None:
    assert analysis.shortened("One two. Three four.") == "One two."
    assert analysis.shortened("word " * 30).endswith(" ...")
    assert analysis.first_sentence("I met Mr. Hill there. He wept.") == "I met Mr. Hill there."


@pytest.mark.parametrize(
    ("turn", "asks"),
    [
        ("Why did you leave Graz?", True),
        ("In what year did Mr. Hill die?", True),
        ("Did you leave Graz in 1861?", False),
        ("How interesting that you left Graz. Tell me more.", False),
        ("You left Graz, did you not?", False),
    ],
)
def test_a_claim_in_a_question_is_thought_of_as_a_question(turn: str, asks: bool) -> None:
    assert analysis.is_question(turn) is asks
    wrong = analysis.wrong(turn, "I left Prague.", said="Graz")
    assert wrong.startswith("They ask: " if asks else "They say: ")
    assert wrong.endswith("Not there: Graz. That is not so.")
    assert ("That is so" in analysis.right(turn, "I left Graz.")) is not asks


def test_of_what_is_said_only_words_that_the_recalled_text_lacks_are_named() -> None:
    wrong = analysis.wrong("You ate a red apple.", "I ate an apple.", said="a red apple")
    assert wrong.endswith("Not there: red. That is not so.")
