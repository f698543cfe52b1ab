"""Seats: an id for each, whatever the names."""

from persllm.agents.dialogue.seats import find_seat, take_seats
from tests.agents.dialogue.stage import EDISON, OLD_TESLA, TESLA, held, member, scenario, speeches


def test_two_ages_of_one_person_have_seats_and_names_of_their_own() -> None:
    young, old, other = take_seats([TESLA, OLD_TESLA, EDISON])
    assert [young.id, old.id] == ["nikola-tesla@early", "nikola-tesla@late"]
    assert [young.name, old.name] == ["Nikola Tesla of 1893", "Nikola Tesla of 1937"]
    assert other.name == "Thomas Edison"


def test_a_persona_may_sit_beside_itself() -> None:
    first, second = take_seats([TESLA, TESLA])
    assert (first.id, second.id) == ("nikola-tesla@early", "nikola-tesla@early#2")
    assert first.name != second.name
    turns = held(scenario(TESLA, TESLA))
    assert speeches(turns) == [first.id, second.id] * 2
    assert len({turn.text for turn in turns}) == 4


def test_people_have_seats_too() -> None:
    ann, other = take_seats([member("human:Ann"), member("human:Ann")])
    assert (ann.id, other.id) == ("human:ann", "human:ann#2")
    assert ann.is_human


def test_a_seat_is_found_by_id_by_name_and_by_persona_where_that_is_one() -> None:
    seats = take_seats([TESLA, OLD_TESLA, EDISON])
    assert find_seat(seats, "nikola-tesla@late") is seats[1]
    assert find_seat(seats, "thomas-edison") is seats[2]
    assert find_seat(seats, "Thomas Edison") is seats[2]
    assert find_seat(seats, "nikola-tesla") is None
