"""What a sentence is about, and which words have an opposite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.materials import Material
from persllm.training.data.opposites import OPPOSITES, find_opposable, negated
from persllm.training.data.topics import Vocabulary


def _vocabulary(*texts: str) -> Vocabulary:
    return Vocabulary(
        Material(id=f"a-{n}", stage="a", kind="objective", text=text, source=f"a:{n}")
        for n, text in enumerate(texts)
    )


def test_the_subject_of_a_sentence_is_its_topic() -> None:
    text = "The lens of the lamp is thick, and I saw a crack in the wall."
    assert _vocabulary(text).topics(text) == ["the lens of the lamp"]


def test_what_comes_again_is_a_topic_too() -> None:
    words = _vocabulary("I bought the compass.", "The compass is mine.")
    assert words.topics("I bought the compass.", "The compass is good.") == ["the compass"]


def test_a_persons_own_things_are_asked_of_them_as_theirs() -> None:
    text = "My compass is good."
    assert _vocabulary(text).topics(text) == ["your compass"]


def test_one_countable_thing_is_not_asked_about_without_its_article() -> None:
    words = _vocabulary("I saw an insect.", "We spoke of insect and of pride.")
    assert words.topics("We spoke of insect.") == []
    assert words.topics("We spoke of pride.") == ["pride"]


def test_a_verb_is_no_topic() -> None:
    text = "At the end where the septum occurs, a scar is left."
    assert not any("occurs" in topic for topic in _vocabulary(text).topics(text))


def test_a_name_is_told_from_the_start_of_a_sentence() -> None:
    words = _vocabulary("Although I met Anders, although late.")
    assert words.is_name("Anders")
    assert not words.is_name("Although")


@given(text=st.text(max_size=120))
def test_no_text_is_too_odd_for_the_vocabulary(text: str) -> None:
    _vocabulary(text).topics(text, text)


def test_every_opposite_is_another_word() -> None:
    assert all(word != other and other in OPPOSITES for word, other in OPPOSITES.items())


@pytest.mark.parametrize(
    "sentence",
    [
        "It is more or less good.",
        "He is neither good nor bad.",
        "No more was said.",
        "Good is good.",
    ],
)
def test_a_word_that_cannot_be_turned_safely_is_left(sentence: str) -> None:
    found = [word for _, word, _ in find_opposable(sentence)]
    assert "more" not in found
    assert not ({"good", "bad"} & set(found) and "bad" in sentence)


@pytest.mark.parametrize(
    ("sentence", "turned"),
    [
        ("Art is a play.", "Art is not a play."),
        ("A free man can laugh.", "A free man cannot laugh."),
        ("Art is not a play.", None),
        ("If art is a play, we win.", None),
        ("I went home.", None),
    ],
)
def test_a_plain_statement_is_negated(sentence: str, turned: str | None) -> None:
    assert negated(sentence) == turned
