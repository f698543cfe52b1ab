"""What the web page does, without the web. The memory is the real one."""

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.errors import PersonaError, TooLongError
from persllm.persona_catalog import bundled
from persllm.ui.web import screen
from persllm.ui.web.conversation import (
    Answer,
    Conversation,
    answered,
    asked,
    asked_again,
    begun,
)
from persllm.ui.web.talk import (
    FURTHER_TEMPERATURE,
    MOST_TURNS,
    Company,
    company,
    debate_between,
    is_warm,
    reply_to,
    warm,
)
from persllm.ui.web.texts import read_texts
from tests.doubles import MARTA, MakePersona

pytestmark = pytest.mark.slow  # loads the packaged embeddings
TESLA, EDISON = "Nikola Tesla", "Thomas Edison"
MOTION = "Alternating current should light our cities."


def test_the_page_offers_the_bundled_cast_and_its_stages(people: Company) -> None:
    assert people.names[:2] == [TESLA, EDISON]
    assert len(people.names) == len(bundled())
    assert people.stages(TESLA) == [
        ("early: 1856 to 1893", "early"),
        ("late: 1894 to 1937", "late"),
    ]


def test_a_further_persona_that_does_not_exist_is_refused(people: Company) -> None:
    with pytest.raises(PersonaError, match="no-such-folder"):
        company(people.runtime, ["no-such-folder"])


def answer_of(steps: list[Conversation]) -> Answer:
    answer = steps[-1].exchanges[-1].answer
    assert answer is not None
    return answer


def test_a_reply_grows_while_it_is_written(people: Company) -> None:
    steps = list(reply_to(people, asked(begun(TESLA, "early"), "Good day")))
    texts = [step.writing for step in steps[:-1] if step.writing]
    whole = answer_of(steps).text
    assert whole == "I am Tesla in 1893, and I answer you plainly."
    assert all(whole.startswith(text) for text in texts)
    assert len(set(texts)) > 3


def test_the_chosen_stage_answers(people: Company) -> None:
    steps = list(reply_to(people, asked(begun(EDISON, "late"), "Good day")))
    assert answer_of(steps).text.startswith("I am Edison in 1929")


def test_the_engine_hears_what_was_answered_before(people: Company, engine: ScriptedEngine) -> None:
    talk = asked(begun(TESLA, "early"), "Never answered")
    talk = answered(asked(talk, "One"), Answer("Two"))
    list(reply_to(people, asked(talk, "Three")))
    heard = [message.content for message in engine.asked[-1].messages]
    assert heard[1:3] == ["One", "Two"]
    assert heard[3].endswith("Three")


def test_a_further_answer_is_drawn_and_not_the_likeliest_again(
    people: Company, engine: ScriptedEngine
) -> None:
    *_, first = reply_to(people, asked(begun(TESLA, "early"), "Good day"))
    list(reply_to(people, asked_again(first)))
    assert engine.asked[-1].temperature == FURTHER_TEMPERATURE
    assert engine.asked[-1].seed is not None
    assert engine.asked[-2].temperature == 0


def test_what_was_recalled_is_told_with_its_source(people: Company) -> None:
    steps = list(reply_to(people, asked(begun(TESLA, "early"), "What does your mother do?")))
    sources = answer_of(steps).sources
    assert any("mother" in source.text for source in sources)
    assert any(source.origin.startswith("experiences.md:") for source in sources)


def test_the_analysis_stands_beside_the_answer_not_in_it(people: Company) -> None:
    answer = answer_of(list(reply_to(people, asked(begun(TESLA, "early"), "Good day"))))
    assert answer.analysis == "I weigh it."
    assert "weigh" not in answer.text


def test_an_untrained_persona_is_said_to_be_one(people: Company, tiny_persona: MakePersona) -> None:
    marta = tiny_persona()
    more = company(people.runtime, [str(marta.folder)])
    *_, talk = reply_to(more, asked(begun(MARTA, "early"), "Good day"))
    assert f"persllm train {marta.folder}" in screen.status(more, talk, read_texts())


def test_what_cannot_be_answered_is_an_error_and_nobody_said_it(people: Company) -> None:
    talk = asked(begun(TESLA, "early"), "long " * 2000)
    with pytest.raises(TooLongError, match="Say it in fewer words"):
        list(reply_to(people, talk))


def test_a_persona_is_warm_once_it_remembers(people: Company) -> None:
    assert not is_warm(people, "Ada Lovelace")
    warm(people, "Ada Lovelace")
    assert is_warm(people, "Ada Lovelace")


def test_a_debate_is_shown_turn_by_turn(people: Company) -> None:
    steps = list(debate_between(people, (TESLA, "early"), (EDISON, "late"), MOTION, 4))
    assert [len(rows) for rows in steps] == [1, 2, 3, 4]
    assert [row["role"] for row in steps[-1]] == ["assistant", "user", "assistant", "user"]
    assert steps[-1][0]["content"].startswith("**Nikola Tesla** (early)")
    assert steps[-1][1]["content"].startswith("**Thomas Edison** (late)")


def test_a_debate_of_one_with_itself_is_refused(people: Company) -> None:
    (rows,) = debate_between(people, (TESLA, "early"), (TESLA, "early"), MOTION, 4)
    assert "two different speakers" in rows[0]["content"]


def test_a_debate_without_motion_is_refused(people: Company) -> None:
    (rows,) = debate_between(people, (TESLA, "early"), (EDISON, "early"), "  ", 4)
    assert "Name a motion" in rows[0]["content"]


def test_a_debate_on_the_page_has_an_end(people: Company) -> None:
    *_, rows = debate_between(people, (TESLA, "early"), (EDISON, "early"), MOTION, 10_000)
    assert len(rows) == MOST_TURNS


def test_an_error_is_shown_in_the_debate(people: Company) -> None:
    engine = ScriptedEngine("Yes.", context=170)
    small = Runtime(RuntimeOptions(base="nano", runs=people.runtime.runs), engine=engine)
    *_, rows = debate_between(company(small, []), (TESLA, "early"), (EDISON, "early"), MOTION, 2)
    assert "Say it in fewer words" in rows[-1]["content"]
