"""Debates: who speaks when, what each one has heard, and that nobody repeats himself."""

from itertools import islice

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.debate import Speaker, hold_debate
from persllm.agents.dialogue.seats import Side
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.engine import Request
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.messages import DEBATE_OPENING, debate_scene
from persllm.persona_catalog import find_persona
from tests.contracts.memory_contract import HashedWords, memory, new_persona

MOTION = "Alternating current should light our cities."
TESLA, EDISON = "nikola-tesla", "thomas-edison"


def _numbered(request: Request) -> str:
    """Say one's name and how often one has spoken."""
    header = request.messages[0].content
    name = "Tesla" if "You are Nikola Tesla" in header else "Edison"
    name = f"Old {name}" if "It is 1937" in header else name
    spoken = sum(message.role == "assistant" for message in request.messages)
    return f"[Analysis] a [Response] {name} {spoken + 1}."


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(_numbered)


def speaker(
    engine: ScriptedEngine,
    name: str,
    side: Side,
    *,
    stage: str | None = None,
    store: ChromaMemory | None = None,
) -> Speaker:
    chat = ChatPersona(persona=find_persona(name), engine=engine, stage=stage, memory=store)
    return Speaker(chat, side)


def two(engine: ScriptedEngine) -> list[Speaker]:
    return [speaker(engine, TESLA, "for"), speaker(engine, EDISON, "against")]


def test_speakers_take_turns_in_the_order_given(engine: ScriptedEngine) -> None:
    turns = hold_debate(two(engine), motion=MOTION, turns=5)
    assert [turn.text for turn in turns] == [
        "Tesla 1.",
        "Edison 1.",
        "Tesla 2.",
        "Edison 2.",
        "Tesla 3.",
    ]


@pytest.mark.parametrize("turns", [1, 2, 40])
def test_as_many_turns_are_held_as_asked_for(engine: ScriptedEngine, turns: int) -> None:
    assert len(list(hold_debate(two(engine), motion=MOTION, turns=turns))) == turns


def test_three_may_debate(engine: ScriptedEngine) -> None:
    third = speaker(engine, TESLA, "against", stage="late")
    held = list(hold_debate([*two(engine), third], motion=MOTION, turns=4))
    assert [(turn.seat, turn.speaker) for turn in held] == [
        ("nikola-tesla@early", "Nikola Tesla of 1893"),
        ("thomas-edison@early", "Thomas Edison"),
        ("nikola-tesla@late", "Nikola Tesla of 1937"),
        ("nikola-tesla@early", "Nikola Tesla of 1893"),
    ]


def test_each_speaker_is_told_its_side_and_the_motion(engine: ScriptedEngine) -> None:
    list(hold_debate(two(engine), motion=MOTION, turns=2))
    headers = [request.messages[0].content for request in engine.asked]
    assert headers[0].endswith("\n" + debate_scene(MOTION, "for"))
    assert headers[1].endswith("\n" + debate_scene(MOTION, "against"))


def test_a_speakers_header_never_changes(engine: ScriptedEngine) -> None:
    list(hold_debate(two(engine), motion=MOTION, turns=6))
    assert len({request.messages[0] for request in engine.asked}) == 2


def test_who_opens_is_asked_to(engine: ScriptedEngine) -> None:
    list(hold_debate(two(engine), motion=MOTION, turns=2))
    first, second = (request.messages[1:] for request in engine.asked)
    assert [m.content for m in first] == [DEBATE_OPENING]
    assert [m.content for m in second] == ["Tesla 1."]


def test_a_speaker_hears_the_others_words_and_never_their_analysis(engine: ScriptedEngine) -> None:
    list(hold_debate(two(engine), motion=MOTION, turns=2))
    heard = engine.asked[1].messages[-1].content
    assert heard.endswith("Tesla 1.")
    assert "[Analysis]" not in heard


def test_a_speakers_own_words_are_its_own_turns(engine: ScriptedEngine) -> None:
    list(hold_debate(two(engine), motion=MOTION, turns=3))
    roles = [(m.role, m.content) for m in engine.asked[2].messages[1:]]
    assert roles == [
        ("user", DEBATE_OPENING),
        ("assistant", "Tesla 1."),
        ("user", "Edison 1."),
    ]


def test_a_persona_may_debate_its_later_self(engine: ScriptedEngine) -> None:
    young, old = speaker(engine, TESLA, "for"), speaker(engine, TESLA, "against", stage="late")
    list(hold_debate([young, old], motion=MOTION, turns=3))
    assert [m.role for m in engine.asked[1].messages] == ["system", "user"]
    assert engine.asked[1].messages[-1].content.endswith("Tesla 1.")
    assert [m.role for m in engine.asked[2].messages] == ["system", "user", "assistant", "user"]


def test_no_speaker_recalls_the_same_memory_twice(engine: ScriptedEngine) -> None:
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    store.add([memory(str(at), f"Alternating current, thought {at}") for at in range(18)])
    speakers = [speaker(engine, name, "for", store=store) for name in (TESLA, EDISON)]
    held = list(hold_debate(speakers, motion=MOTION, turns=6))
    for name in ("Nikola Tesla", "Thomas Edison"):
        recalled = [id_ for turn in held if turn.speaker == name for id_ in turn.recalled]
        assert len(recalled) == len(set(recalled)) == 18


def test_what_came_up_for_a_turn_is_all_that_its_prompt_tells(engine: ScriptedEngine) -> None:
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    store.add([memory(str(at), f"Alternating current, thought {at}") for at in range(18)])
    speakers = [speaker(engine, name, "for", store=store) for name in (TESLA, EDISON)]
    held = list(hold_debate(speakers, motion=MOTION, turns=6))
    for turn, request in zip(held, engine.asked, strict=True):
        prompt = "\n".join(message.content for message in request.messages)
        assert prompt.count("Alternating current, thought") == len(turn.recalled)


def test_turns_say_what_they_were_made_of(engine: ScriptedEngine) -> None:
    (turn,) = hold_debate(two(engine), motion=MOTION, turns=1)
    assert (turn.stage, turn.analysis, turn.adapter, turn.tokens) == ("early", "a", None, 5)


def test_a_debate_may_be_left_early(engine: ScriptedEngine) -> None:
    held = list(islice(hold_debate(two(engine), motion=MOTION, turns=30), 2))
    assert len(held) == 2
    assert len(engine.asked) <= 3


def test_a_checkpointer_keeps_the_turns(engine: ScriptedEngine) -> None:
    saver = InMemorySaver()
    list(hold_debate(two(engine), motion=MOTION, turns=3, checkpointer=saver, thread="a"))
    kept = saver.get({"configurable": {"thread_id": "a"}})
    assert kept is not None
    rows = kept["channel_values"]["turns"]
    assert [row["text"] for row in rows] == ["Tesla 1.", "Edison 1.", "Tesla 2."]


def test_a_debate_continues_under_its_thread(engine: ScriptedEngine) -> None:
    saver = InMemorySaver()
    held = hold_debate(two(engine), motion=MOTION, turns=4, checkpointer=saver, thread="a")
    first = [next(held).text, next(held).text]
    held.close()  # type: ignore[attr-defined]  # it is a generator
    rest = hold_debate(two(engine), motion=MOTION, turns=4, checkpointer=saver, thread="a")
    assert first == ["Tesla 1.", "Edison 1."]
    assert [turn.text for turn in rest] == ["Tesla 2.", "Edison 2."]


def test_a_finished_debate_has_no_turns_left(engine: ScriptedEngine) -> None:
    saver = InMemorySaver()
    for expected in (3, 0):
        held = hold_debate(two(engine), motion=MOTION, turns=3, checkpointer=saver, thread="a")
        assert len(list(held)) == expected


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_speakers_are_refused(engine: ScriptedEngine, count: int) -> None:
    with pytest.raises(ValueError, match=f"got {count} and 4"):
        list(hold_debate(two(engine)[:count], motion=MOTION, turns=4))


def test_a_debate_without_turns_is_refused(engine: ScriptedEngine) -> None:
    with pytest.raises(ValueError, match="got 2 and 0"):
        list(hold_debate(two(engine), motion=MOTION, turns=0))
