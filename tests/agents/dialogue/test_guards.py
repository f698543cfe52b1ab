"""Guards: what is wrong with a turn is seen, drawn once more, and reported where it stays so."""

import pytest

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.guards import (
    EMPTY,
    FOR_OTHERS,
    LEAKED,
    REPEATED,
    faults_of,
    without_repeats,
)
from persllm.agents.dialogue.play import Play
from persllm.agents.dialogue.seats import take_seats
from persllm.agents.dialogue.transcript import markdown
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.reply_reading import ANOTHER_TEMPERATURE
from persllm.base_profile import BaseProfile
from persllm.engine import Request
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.store import Memory
from tests.agents.dialogue.stage import EDISON, TESLA, held, person, scenario
from tests.doubles import LetterEmbeddings

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


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("I do not agree. I saw it.", "I saw it."),
        ("Yes. I drew it in the sand with a stick. It turned.", "Yes. It turned."),
        ("I never drew a motor in the sand.", "I never drew a motor in the sand."),
        ("I do not agree.", ""),
    ],
)
def test_a_sentence_that_was_said_before_is_left_out(text: str, left: str) -> None:
    assert without_repeats(text, [*BEFORE, "Well. I do not agree."]) == left


def test_a_turn_of_nothing_new_is_a_fault_and_stays_as_it_was_said() -> None:
    turns = held(scenario(count=2), ScriptedEngine("The lamp is mine alone, sir."))
    assert [(turn.text, turn.faults) for turn in turns] == [
        ("The lamp is mine alone, sir.", ()),
        ("The lamp is mine alone, sir.", (REPEATED,)),
    ]


@pytest.mark.parametrize(("share", "text"), [(0.0, "Pull up a nail keg."), (0.9, "It kills men.")])
def test_of_a_few_draws_the_one_is_taken_that_tells_what_came_up(share: float, text: str) -> None:
    says = iter(["Pull up a nail keg.", "It kills men.", "Hm."])
    memory = ChromaMemory(open_client(None), person("thomas-edison"), LetterEmbeddings())
    memory.add([Memory(id="1", text="It kills men.", kind="subjective", stage=0, source="x")])
    play = scenario(EDISON, TESLA, count=1)
    edison = ChatPersona(
        persona=person("thomas-edison"),
        engine=ScriptedEngine(lambda request: next(says)),
        memory=memory,
        base_profile=BaseProfile(name="x", draws=3, told_share=share),
    )
    (turn,) = Play(play, {play.seats[0].id: edison}).go_on()
    assert turn.text == text
    assert [passage.id for passage in turn.recalled] == ["1"]
