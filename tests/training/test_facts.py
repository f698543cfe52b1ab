"""Facts that can be got wrong, and wrong ones to put in their place."""

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.materials import Material, read_materials
from persllm.sentences import sentences
from persllm.training.data.facts import Fact, FactPool, find_facts, opposable
from persllm.training.data.topics import Vocabulary
from tests.doubles import MakePersona

DRAWS = 30


def _pool(materials: Sequence[Material]) -> FactPool:
    return FactPool(materials, vocabulary=Vocabulary(materials))


def _material(text: str) -> Material:
    return Material(id="early-a-1", stage="early", kind="objective", text=text, source="a.md:1")


@pytest.mark.parametrize(
    ("sentence", "facts"),
    [
        ("I came to Skarn in 1862.", [("place", "Skarn"), ("year", "1862")]),
        ("The ship carried six sailors.", [("number", "six")]),
        ("We lost 30,000 crowns that day.", [("number", "30,000")]),
        ("Then Mr. Holm met Clara Wenn.", [("name", "Mr. Holm"), ("name", "Clara Wenn")]),
        ("The school stood near Vessel Bay.", [("place", "Vessel Bay")]),
        ("It was in March on a Monday.", []),
        ("Anders sailed away.", []),
        ("We lost five of them.", []),
    ],
)
def test_years_numbers_names_and_places_are_found(
    sentence: str, facts: list[tuple[str, str]]
) -> None:
    assert [(fact.kind, fact.text) for fact in find_facts(sentence)] == facts


def test_a_swapped_fact_changes_nothing_else() -> None:
    sentence = "I was six in 1862 and six in no other year."
    six = find_facts(sentence)[0]
    assert six.swapped(sentence, "nine") == "I was nine in 1862 and six in no other year."


@given(text=st.text(alphabet="ABab .019'\n", max_size=60))
def test_a_fact_stands_where_it_says(text: str) -> None:
    for fact in find_facts(text):
        assert fact.swapped(text, fact.text) == text


def test_facts_that_stand_together_in_one_paragraph_only_point_to_it() -> None:
    texts = ("In 1861 I came to Skarn.", "I left Skarn in 1866.", "In 1866 the Minerva sank.")
    pool = _pool([_material(text) for text in texts])
    skarn, year, other = Fact("place", "Skarn", 0), Fact("year", "1866", 0), Fact("year", "1861", 0)
    assert not pool.tells(skarn)
    assert not pool.tells(year)
    assert pool.tells(other)
    assert pool.tells(skarn, year)


def test_a_wrong_fact_never_stands_in_the_text(tiny_persona: MakePersona) -> None:
    materials = read_materials(tiny_persona())
    pool = _pool(materials)
    for material in materials:
        facts = [fact for line in sentences(material.text) for fact in find_facts(line)]
        for seed in range(DRAWS):
            for fact in facts:
                wrong = pool.wrong(fact, material.text, random.Random(seed))
                assert wrong is None or not re.search(rf"\b{wrong}\b", material.text)


def test_a_wrong_year_or_number_is_never_another_one_of_the_text() -> None:
    text = "In 1860, 1862 and 1864 I owned four, five, six, seven or eight boats and 40 oars."
    for fact in find_facts(text):
        wrong = {_pool([]).wrong(fact, text, random.Random(seed)) for seed in range(DRAWS)}
        assert all(other is None or other not in text.split() for other in wrong)
        assert wrong != {None}


def test_a_text_that_holds_every_choice_yields_none() -> None:
    text = " ".join(str(year) for year in range(1880, 1920))
    assert _pool([]).wrong(Fact("year", "1900", 0), text, random.Random(1)) is None


def test_a_wrong_name_is_of_the_same_kind_and_length() -> None:
    pool = _pool([_material("There Clara met Anders. We went to Skarn. Then Jo Wenn came.")])
    assert pool.wrong(Fact("name", "Clara", 6), "Clara", random.Random(1)) == "Anders"
    assert pool.wrong(Fact("place", "Skarn", 0), "Skarn", random.Random(1)) is None


def test_a_name_is_what_most_of_the_texts_make_of_it() -> None:
    texts = ["I stayed in Skarn.", "He rowed from Skarn.", "We saw Skarn at dawn."]
    pool = _pool([_material(text) for text in texts])
    (fact,) = pool.facts("We saw Skarn at dawn.")
    assert (fact.kind, fact.text) == ("place", "Skarn")


@pytest.mark.parametrize("people", ["an Englishman", "the Italians", "many Lepidoptera"])
def test_peoples_and_kinds_of_animals_are_no_names(people: str) -> None:
    sentence = f"I met {people} there."
    assert _pool([_material(sentence)]).facts(sentence) == []


def test_words_of_measure_can_be_turned_round() -> None:
    (fact,) = opposable("The lamp is always clean.")
    assert (fact.kind, fact.text) == ("opposite", "always")
    assert fact.swapped("The lamp is always clean.", "never") == "The lamp is never clean."


def test_a_turned_word_fits_its_article() -> None:
    assert opposable("It was an ancient lamp.") == []
