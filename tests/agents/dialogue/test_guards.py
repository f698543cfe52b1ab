"""Guards: what is wrong with a turn is seen, drawn once more, and reported where it stays so."""

import pytest

from persllm.agents.dialogue.guards import EMPTY, FOR_OTHERS, LEAKED, REPEATED, faults_of
from persllm.agents.dialogue.seats import take_seats
from persllm.agents.dialogue.transcript import markdown
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.reply_reading import ANOTHER_TEMPERATURE
from persllm.engine import Request
from tests.agents.dialogue.stage import EDISON, TESLA, held, scenario

BEFORE = ["I saw the whole motor in the park, and drew it in the sand with a stick."]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("...", EMPTY),
        (" ", EMPTY),
        ("I agree.\nThomas Edison: I do not.", FOR_OTHERS),
        ("Nikola Tesla: I saw it.", FOR_OTHERS),
        ("I saw it. Edison: So did I.", FOR_OTHERS),
        ("**Edison:** So did I.", FOR_OTHERS),
        ("Yes.\nUser: And then?", FOR_OTHERS),
        ("[Analysis] He asks. [Response] Yes.", LEAKED),
        ("You recall: - the motor", LEAKED),
        ("Yes.<|im_end|>", LEAKED),
        ("Sir, I saw the whole motor in the park, and drew it in the sand with a stick.", REPEATED),
        ("i saw the whole motor in the park and drew it in the sand", REPEATED),
    ],
)
def test_a_fault_is_seen(text: str, fault: str) -> None:
    assert faults_of(text, seats=take_seats([TESLA, EDISON]), before=BEFORE) == (fault,)


@pytest.mark.parametrize(
    "text",
    [
        "I saw the whole motor, sir, and nobody believed me for years.",
        "Edison, you are wrong: it kills nobody.",
        "I tell Edison this: the future is mine.",
        "No.",
        "There are three laws: rest, motion and answer.",
    ],
)
def test_what_may_be_said_is_let_be(text: str) -> None:
    assert faults_of(text, seats=take_seats([TESLA, EDISON]), before=BEFORE) == ()


def test_a_faulty_turn_is_drawn_once_more_with_another_seed() -> None:
    def answer(request: Request) -> str:
        return "Edison: Hm." if len(engine.asked) % 2 else f"I say {len(engine.asked)}."

    engine = ScriptedEngine(answer)
    turns = held(scenario(count=2), engine)
    assert [(turn.text, turn.faults) for turn in turns] == [("I say 2.", ()), ("I say 4.", ())]
    first, second = engine.asked[:2]
    assert first.messages == second.messages
    assert first.seed != second.seed
    assert second.temperature >= ANOTHER_TEMPERATURE


def test_what_stays_faulty_is_reported_in_the_transcript() -> None:
    engine = ScriptedEngine("Edison: Hm.")
    turns = held(scenario(count=1), engine)
    assert len(engine.asked) == 2
    assert turns[0].faults == (FOR_OTHERS,)
    assert f"<sub>faults: {FOR_OTHERS}</sub>" in markdown(turns, title="x")
