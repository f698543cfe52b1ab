"""Small grammar: sentences are changed where that is safe, and refused where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.training.data import grammar


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("I was proud of it.", "you were proud of it"),
        ("I am afraid of a dirty lamp.", "you are afraid of a dirty lamp"),
        ("I'm afraid of nothing.", "you're afraid of nothing"),
        ("I\u2019m the keeper.", "you\u2019re the keeper"),
        ("I wasn't there.", "you weren't there"),
        ("Seldom was I so glad.", "Seldom were you so glad"),
        ("How small am I beside it.", "How small are you beside it"),
        ("My brother gave me his compass.", "your brother gave you his compass"),
        ("We rowed our boat ourselves.", "you rowed your boat yourselves"),
        ("A friend of mine wept.", "A friend of yours wept"),
        ("The Board sent us to the rock.", "The Board sent you to the rock"),
        ("I sailed to the US in 1884.", "you sailed to the US in 1884"),
        ("The mime saw a theme in 1884 with me.", "The mime saw a theme in 1884 with you"),
    ],
)
def test_a_statement_is_turned_to_the_one_who_made_it(said: str, asked: str) -> None:
    assert grammar.to_second_person(said) == asked


@pytest.mark.parametrize(
    "said",
    [
        'I said "Come" to them.',
        "I said “Come” to them.",
        "I told you so.",
        "I honour Your name.",
        "Was I there?",
        "I worked in a coal mine for years.",
    ],
)
def test_what_cannot_be_turned_safely_is_refused(said: str) -> None:
    assert grammar.to_second_person(said) is None


@pytest.mark.parametrize(
    ("sentence", "lowered"),
    [
        ("The lamp burned.", "the lamp burned."),
        ("I burned it.", "I burned it."),
        ("I'm here.", "I'm here."),
        ("Anders sailed.", "Anders sailed."),
        ("", ""),
    ],
)
def test_a_first_letter_is_lowered_unless_it_is_a_names(sentence: str, lowered: str) -> None:
    assert grammar.lower_first(sentence, names=frozenset({"Anders", "The"})) == lowered


def test_speaking_of_oneself_is_noticed() -> None:
    assert grammar.speaks_of_self("They gave it to me.")
    assert not grammar.speaks_of_self("They gave it to Clara.")


@given(text=st.text(max_size=80))
def test_no_text_is_too_odd_for_the_grammar(text: str) -> None:
    grammar.to_second_person(text)
    assert grammar.upper_first(text)[1:] == text[1:] or not text[:1].isascii()
    assert isinstance(grammar.lower_first(text), str)
