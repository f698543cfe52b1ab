"""Who speaks when: phases, rounds, who is addressed, who is not there."""

import pytest

from persllm.agents.dialogue.formats import formats
from persllm.agents.dialogue.order import addressed
from persllm.agents.dialogue.scene import prompts
from persllm.agents.dialogue.seats import take_seats
from persllm.agents.engines.scripted import ScriptedEngine
from tests.agents.dialogue.stage import (
    EDISON,
    OLD_TESLA,
    TESLA,
    asked_as,
    by_seed,
    held,
    member,
    scenario,
    speeches,
)

CURIE = member("marie-curie")
PRO, CONTRA = member("nikola-tesla", side="for"), member("thomas-edison", side="against")


@pytest.mark.parametrize("name", formats())
def test_every_prompt_that_a_format_asks_for_is_there(name: str) -> None:
    form = formats()[name]
    asked = {turn.ask for phase in form.phases for turn in phase.turns if turn.ask}
    assert asked <= {*prompts()["asks"], *prompts()["replies"]}
    assert form.kind == "debate" or form.kind in prompts()["begin"]


def test_a_lincoln_douglas_debate_has_its_phases() -> None:
    turns = held(scenario(PRO, CONTRA, format="lincoln-douglas", count=2))
    phases = [phase.id for phase in formats()["lincoln-douglas"].phases]
    assert list(dict.fromkeys(turn.phase for turn in turns)) == phases
    sides = ["for" if turn.seat.startswith("nikola") else "against" for turn in turns]
    cross = ["against", "for"] * 2
    assert sides == ["for", *cross, "against", *reversed(cross), "for", "against", "for"]


def test_a_phase_tells_its_speaker_what_to_do() -> None:
    engine = ScriptedEngine(by_seed)
    held(scenario(PRO, CONTRA, format="oxford", count=1), engine)
    asked = asked_as(engine, "Nikola Tesla")
    asks = ["opening", "rebuttal", "answer", "question", "closing"]
    texts = {**prompts()["asks"], **prompts()["replies"]}
    assert [each.messages[-1].content.splitlines()[-1] for each in asked] == [
        texts[ask] for ask in asks
    ]
    assert len({each.messages[0] for each in asked}) == 1
    told = [message.content for message in asked[-1].messages]
    assert [each.messages[-1].content for each in asked] == told[1::2]


def test_the_scene_tells_side_role_and_company() -> None:
    engine = ScriptedEngine(by_seed)
    chair = member("marie-curie", role="moderator")
    held(scenario(chair, TESLA, EDISON, format="panel", count=1), engine)
    header = engine.asked[0].messages[0].content
    assert "With you: Nikola Tesla, Thomas Edison." in header
    assert "You are the moderator here." in header
    assert "You are the moderator" not in engine.asked[1].messages[0].content


def test_a_side_confers_unheard_by_the_other() -> None:
    ally = member("ada-lovelace", side="for")
    engine = ScriptedEngine(by_seed)
    turns = held(scenario(PRO, ally, CONTRA, format="team-debate", count=1), engine)
    conferred = [turn for turn in turns if turn.phase == "conferring"]
    assert [turn.aside for turn in conferred] == [True] * 3
    for turn in conferred[:2]:
        assert turn.heard_by == ("nikola-tesla@early", "ada-lovelace@early")
        for request in asked_as(engine, "Thomas Edison"):
            assert turn.text not in "".join(message.content for message in request.messages)


def test_who_is_addressed_speaks_next() -> None:
    said = iter(["Tell me, Curie.", "Well, Mr. Edison?", "Hm.", "Hm hm.", "So."])
    turns = held(
        scenario(TESLA, EDISON, CURIE, count=5, order="addressed"),
        ScriptedEngine(lambda request: next(said)),
    )
    assert [turn.seat.split("-")[1] for turn in turns] == [
        "tesla@early",
        "curie@early",
        "edison@early",
        "tesla@early",
        "curie@early",
    ]


def test_by_round_nobody_is_called_out_of_turn() -> None:
    engine = ScriptedEngine("Tell me, Curie.")
    turns = held(scenario(TESLA, EDISON, CURIE, count=6), engine)
    assert speeches(turns)[:3] * 2 == speeches(turns)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Edison, or rather you, Tesla of 1893?", None),  # there are two of that name
        ("I ask Nikola Tesla of 1937.", 1),
        ("edison?", 2),
        ("Tesla said so, but Edison?", 2),
        ("Edisonian lamps", None),
        ("", None),
    ],
)
def test_a_name_is_known_where_one_alone_has_it(text: str, place: int | None) -> None:
    seats = take_seats([TESLA, OLD_TESLA, EDISON])
    assert addressed(text, seats) is (None if place is None else seats[place])
