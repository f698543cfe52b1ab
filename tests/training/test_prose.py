"""What reads as prose, and what can be read alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.training.data import prose


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("The _Beagle_ sailed.[12]", "The Beagle sailed."),
        ("It rained--for days--on us.", "It rained\u2014for days\u2014on us."),
        ("The shell (see Fig. 3) was thick.", "The shell was thick."),
        ("The State.--I hate it.", "I hate it."),
        ("June 26th.--I hired a guide.", "I hired a guide."),
        ("MY DEAR HENSLOW--I am well.", "I am well."),
    ],
)
def test_the_marks_of_plain_text_books_are_taken_off(marked: str, text: str) -> None:
    assert prose.plain(marked) == text


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("I carried the oil up all eighty steps and was proud of it.", True),
        ("FINCH, racket-shaped feathers in the tail of a, ii. 73; song of, ii. 52.", False),
        ("With 110 Views of Scripture Sites. 2 vols. 8vo. 21s.", False),
        ("Edition, Sixth Thousand, Murray, London, Albemarle Street, Portrait, Maps", False),
        ("Too short.", False),
    ],
)
def test_indexes_and_catalogues_are_no_prose(text: str, reads: bool) -> None:
    assert prose.is_prose(text) is reads


@pytest.mark.parametrize(
    ("sentence", "alone"),
    [
        ("I opened a school for signals.", True),
        ("He opened a school for signals.", False),
        ("But I opened a school for signals.", False),
        ("i opened a school for signals.", False),
        ("I opened a school for signals", False),
        ("I came home.", False),
        ("I opened a [school] for signals.", False),
        ("I opened " + "a very " * 25 + "good school.", False),
        ("Theodora opened a school for girls.", True),
        ("The shell was as thick as shown above.", False),
        ("The keepers had read of this subject.", False),
        ("To his children their names were familiar.", False),
        ("My father was ill, and he kept his bed.", True),
        ("Variations analogous in kind, but less in degree.", False),
    ],
)
def test_a_sentence_that_leans_on_others_does_not_stand_alone(sentence: str, alone: bool) -> None:
    assert prose.stands_alone(sentence) is alone


@pytest.mark.parametrize(
    ("sentence", "view"),
    [
        ("The night is kinder than people say.", True),
        ("One should live on mountains.", True),
        ("The weather was very cold.", False),
        ("The school is open since 1881.", False),
    ],
)
def test_a_view_says_how_things_are(sentence: str, view: bool) -> None:
    assert prose.is_view(sentence) is view


@given(text=st.text(max_size=120))
def test_no_text_is_too_odd(text: str) -> None:
    prose.is_prose(prose.plain(text))
    prose.stands_alone(text)
    prose.is_view(text)
    assert prose.own_sentences(text) == [] or prose.stands_alone(prose.own_sentences(text)[0])
