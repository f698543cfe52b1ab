"""What the web page does, without the web. The memory is the real one."""

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.errors import PersonaError
from persllm.persona_catalog import bundled
from persllm.ui.web.talk import MOST_TURNS, NO_MEMORY, Company, company, debate_between, reply_to
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


def test_a_reply_grows_while_it_is_written(people: Company) -> None:
    steps = list(reply_to(people, TESLA, "early", "Good day", []))
    texts = [rows[-1]["content"] for rows, _ in steps if rows[-1]["content"] != "…"]
    assert texts[-1] == "I am Tesla in 1893, and I answer you plainly."
    assert all(texts[-1].startswith(text) for text in texts)
    assert len(set(texts)) > 3


def test_what_was_said_stands_before_the_reply(people: Company) -> None:
    for rows, _ in reply_to(people, TESLA, "early", "Good day", []):
        assert [row["role"] for row in rows] == ["user", "assistant"]
        assert rows[0]["content"] == "Good day"


def test_the_chosen_stage_answers(people: Company) -> None:
    *_, (rows, _) = reply_to(people, EDISON, "late", "Good day", [])
    assert rows[-1]["content"].startswith("I am Edison in 1929")


def test_the_engine_hears_the_history(people: Company, engine: ScriptedEngine) -> None:
    history = [{"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"}]
    list(reply_to(people, TESLA, "early", "Three", history))
    heard = [message.content for message in engine.asked[-1].messages]
    assert heard[1:3] == ["One", "Two"]
    assert heard[3].endswith("Three")


def test_what_was_recalled_is_shown_with_its_source(people: Company) -> None:
    *_, (_, recalled) = reply_to(people, TESLA, "early", "What does your mother do?", [])
    assert "mother" in recalled
    assert "experiences.md:" in recalled


def test_the_analysis_is_shown_beside_the_chat_not_in_it(people: Company) -> None:
    *_, (rows, recalled) = reply_to(people, TESLA, "early", "Good day", [])
    assert "**Analysis** I weigh it." in recalled
    assert "weigh" not in rows[-1]["content"]


def test_an_untrained_persona_is_said_to_be_one(people: Company, tiny_persona: MakePersona) -> None:
    marta = tiny_persona()
    more = company(people.runtime, [str(marta.folder)])
    *_, (_, recalled) = reply_to(more, MARTA, "early", "Good day", [])
    assert f"`persllm train {marta.folder}`" in recalled


@pytest.mark.parametrize("said", ["", "  \n"])
def test_saying_nothing_changes_nothing(people: Company, said: str) -> None:
    assert list(reply_to(people, TESLA, "early", said, [])) == [([], NO_MEMORY)]


def test_an_error_is_shown_beside_the_chat(people: Company) -> None:
    *_, (rows, note) = reply_to(people, TESLA, "early", "long " * 2000, [])
    assert not rows
    assert "Say it in fewer words" in note


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


def test_an_error_is_nobodys_words_and_the_talk_goes_on(people: Company) -> None:
    before = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Good day."}]
    *_, (rows, note) = reply_to(people, TESLA, "early", "long " * 2000, before)
    assert rows == before
    assert "Say it in fewer words" in note
    *_, (rows, _) = reply_to(people, TESLA, "early", "Good day", rows)
    assert rows[-1]["content"].startswith("I am Tesla")
