"""Words that tell something, and what of a turn nothing recalled holds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.common_words import COMMON
from persllm.words import MOST_UNSAID, stems, unsaid, years_after

RECALLED = ["In 1884 I came to New York and worked for Edison.", "My cat was called Macak."]


@pytest.mark.parametrize(
    ("turn", "found"),
    [
        ("You came to New York in 1884, did you not?", []),
        ("You came to New York in 1889, did you not?", ["1889"]),
        ("They say that you worked for George Westinghouse.", ["George Westinghouse"]),
        ("Your dog was called Macak, I believe.", ["dog"]),
        ("Did Westinghouse, or Morgan, give you work?", ["Westinghouse", "Morgan"]),
        ("Was your old house in Paris narrow?", ["house", "Paris narrow"]),
        ("Are you an instrument-maker?", ["instrument-maker"]),
        ("You were working for Edison, was it not so?", []),
        ("", []),
    ],
)
def test_what_nothing_recalled_holds_is_told_in_the_words_of_the_turn(
    turn: str, found: list[str]
) -> None:
    assert unsaid(turn, RECALLED) == found


def test_a_long_speech_about_something_else_has_too_many_of_them() -> None:
    strange = ["apple", "bridge", "candle", "dragon", "engine", "forest", "garden", "hammer"]
    assert len(strange) == MOST_UNSAID
    assert unsaid(", ".join(strange), RECALLED) == strange
    assert unsaid(", ".join([*strange, "island"]), RECALLED) is None


def test_of_other_languages_numbers_and_words_with_a_capital_count() -> None:
    turn = "Bist du 1889 wirklich nach Wien gezogen?"
    assert unsaid(turn, ["Ich zog 1884 nach Graz."], language="de") == ["Bist", "1889", "Wien"]


def test_common_words_tell_nothing_and_endings_do_not_matter() -> None:
    assert stems("What do you think of the inventors of 1884?") == {"inve", "1884"}
    assert stems("The invention, 1884.") == {"inve", "1884"}
    assert stems("dogs") == stems("dog")


@pytest.mark.parametrize(
    ("turn", "found"),
    [
        ("What happened in 1914, and in 1950?", ["1914", "1950"]),
        ("In 1914, yes, 1914!", ["1914"]),
        ("What did you do in 1893?", []),
        ("Does it take 2000 volts or 1900 lamps?", []),
        ("Call 555-1914-3 or 19142.", ["1914"]),
    ],
)
def test_years_after_the_last_one_are_found_but_no_amounts(turn: str, found: list[str]) -> None:
    assert years_after(turn, 1893) == found


@given(st.text())
def test_what_is_told_stands_in_the_turn_and_a_text_that_repeats_it_leaves_nothing(
    turn: str,
) -> None:
    found = unsaid(turn, []) or []
    assert all(words in turn for words in found)
    assert not any(word.lower() in COMMON for words in found for word in re.split(r"\W", words))
    assert unsaid(turn, [turn]) == []
