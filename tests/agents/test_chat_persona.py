"""A persona as a LangChain chat model."""

import asyncio
import copy
import itertools
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.globals import set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    trim_messages,
)
from langchain_core.outputs import LLMResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from persllm.agents.chat_persona import EXCHANGES_AT_ONCE, ChatPersona
from persllm.agents.engines.scripted import Answer, ScriptedEngine
from persllm.base_profile import BaseProfile
from persllm.engine import Piece, Reply, Request, whole
from persllm.errors import EngineError, MemoryStoreError, PersonaError
from persllm.memory import recall as recall_module
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.recall import Threshold
from persllm.memory.store import Memory
from persllm.persona_catalog import find_persona
from tests.agents.served import SlowEngine
from tests.contracts.memory_contract import HashedWords, memory, new_persona

TESLA = find_persona("nikola-tesla")
REPLY = "[Analysis] He asks of pigeons. [Response] I feed them, sir."


PROFILE = BaseProfile(name="test", temperature=0.0)


def tesla(engine: ScriptedEngine, *, profile: Any = None, **settings: Any) -> ChatPersona:  # noqa: ANN401
    """Return Tesla; `profile` names what is not as in `PROFILE`."""
    base_profile = PROFILE.changed(profile or {})
    return ChatPersona(persona=TESLA, engine=engine, base_profile=base_profile, **settings)


def last_prompt(engine: ScriptedEngine) -> list[str]:
    return [message.content for message in engine.asked[-1].messages]


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(REPLY)


@pytest.fixture
def store() -> ChromaMemory:
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    store.add(
        [
            memory("park", "I feed pigeons in the park"),
            memory("motor", "My motor has no brushes"),
            memory("dove", "One white pigeon was my joy", stage=1),
        ]
    )
    return store


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatPersona

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"persona": TESLA, "engine": ScriptedEngine(REPLY)}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False


class TestIntegration(ChatModelIntegrationTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatPersona

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"persona": TESLA, "engine": ScriptedEngine(REPLY)}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False


def test_the_stage_reaches_the_prompt(engine: ScriptedEngine) -> None:
    tesla(engine, stage="late").invoke("Where do you live?")
    assert "It is 1937: you live alone in a New York hotel" in last_prompt(engine)[0]


def test_the_first_stage_speaks_if_none_is_named(engine: ScriptedEngine) -> None:
    tesla(engine).invoke("Where do you live?")
    assert "It is 1893:" in last_prompt(engine)[0]


def test_an_unknown_stage_is_refused_at_construction(engine: ScriptedEngine) -> None:
    with pytest.raises(PersonaError, match="Choose one of: early, late"):
        tesla(engine, stage="middle")


def test_the_analysis_is_never_shown_while_streaming(engine: ScriptedEngine) -> None:
    chunks = [chunk.text for chunk in tesla(engine).stream("Do you like pigeons?")]
    assert "".join(chunks) == "I feed them, sir."
    assert len([chunk for chunk in chunks if chunk]) > 1


def test_the_analysis_is_in_the_metadata(engine: ScriptedEngine) -> None:
    reply = tesla(engine).invoke("Do you like pigeons?")
    assert reply.response_metadata["analysis"] == "He asks of pigeons."


def test_metadata_tell_who_answered_from_what(engine: ScriptedEngine) -> None:
    data = tesla(engine, stage="late").invoke("Hello").response_metadata
    assert data["model_name"] == "nikola-tesla@late"
    assert (data["stage"], data["adapter"], data["finish_reason"]) == ("late", None, "stop")


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a threshold be known of the embeddings."""
    monkeypatch.setattr(recall_module, "threshold_of", lambda name: Threshold(0.3, 0.2))


def test_what_came_up_stands_before_its_turn(engine: ScriptedEngine, store: ChromaMemory) -> None:
    history = [HumanMessage("Hello"), AIMessage("Good day."), HumanMessage("You feed pigeons?")]
    tesla(engine, memory=store, profile={"passages": 1}).invoke(history)
    _, first, _, last = last_prompt(engine)
    assert first == "Hello"
    assert last == "You recall:\n- I feed pigeons in the park\n\nYou feed pigeons?"


def test_a_base_with_clues_gets_them(engine: ScriptedEngine, store: ChromaMemory) -> None:
    profile = {"passages": 1, "annotated": True, "keep_notes": False}
    tesla(engine, memory=store, profile=profile).invoke("You feed pigeons?")
    recalled = "You recall:\n- I feed pigeons in the park\nNot said there: nothing."
    assert last_prompt(engine)[-1] == f"{recalled}\n\nYou feed pigeons?"


def test_a_further_turn_only_adds_to_the_prompt(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    chat = tesla(engine, memory=store, profile={"passages": 1})
    turns: list[BaseMessage] = []
    prompts = []
    for said in ("You feed pigeons?", "In the park?", "Has your motor no brushes?", "Why?"):
        turns.append(HumanMessage(said))
        turns.append(chat.invoke(turns))
        prompts.append(engine.asked[-1].messages)
    for before, after in pairwise(prompts):
        assert after[: len(before)] == before


def test_what_came_up_is_not_told_again_while_it_stands_in_the_prompt(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    chat = tesla(engine, memory=store, profile={"passages": 1})
    turns = [HumanMessage("You feed pigeons?"), AIMessage("I do."), HumanMessage("You feed them?")]
    reply = chat.invoke(turns)
    assert [row["id"] for row in reply.response_metadata["recalled"]] == ["motor"]
    prompt = "\n".join(last_prompt(engine))
    assert prompt.count("I feed pigeons in the park") == 1
    assert last_prompt(engine)[1].startswith("You recall:\n- I feed pigeons in the park\n")


@pytest.mark.usefixtures("strict")
def test_what_came_up_may_come_up_again_once_its_turn_is_forgotten(store: ChromaMemory) -> None:
    engine = ScriptedEngine(REPLY)
    chat = tesla(engine, memory=store, profile={"passages": 1, "history_tokens": 120})
    turns: list[BaseMessage] = [HumanMessage("You feed pigeons?"), AIMessage("I do.")]
    for _ in range(5):
        turns += [HumanMessage("So? " * 20), AIMessage("Aye.")]
    reply = chat.invoke([*turns, HumanMessage("You feed pigeons in the park?")])
    assert [row["id"] for row in reply.response_metadata["recalled"]] == ["park"]


def test_where_notes_are_not_kept_only_the_last_turn_has_them(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    chat = tesla(engine, memory=store, profile={"passages": 1, "keep_notes": False})
    turns = [HumanMessage("You feed pigeons?"), AIMessage("I do."), HumanMessage("You feed them?")]
    reply = chat.invoke(turns)
    assert [row["id"] for row in reply.response_metadata["recalled"]] == ["park"]
    assert last_prompt(engine)[1] == "You feed pigeons?"


@pytest.mark.parametrize("options", [{"cue": "motor brushes"}, {"without": {"park"}}])
def test_a_caller_that_chooses_what_comes_up_has_notes_at_the_last_turn_only(
    engine: ScriptedEngine, store: ChromaMemory, options: dict[str, Any]
) -> None:
    chat = tesla(engine, memory=store, profile={"passages": 1})
    turns = [HumanMessage("You feed pigeons?"), AIMessage("I do."), HumanMessage("You feed them?")]
    reply = chat.invoke(turns, **options)
    assert [row["id"] for row in reply.response_metadata["recalled"]] == ["motor"]
    assert last_prompt(engine)[1] == "You feed pigeons?"


@pytest.mark.parametrize("turn", ["Good morning, Mr. Tesla!", "Who are you?"])
def test_a_greeting_recalls_nothing(engine: ScriptedEngine, store: ChromaMemory, turn: str) -> None:
    reply = tesla(engine, memory=store).invoke(turn)
    assert reply.response_metadata["recalled"] == []
    assert last_prompt(engine)[-1] == turn


def test_a_short_question_recalls_by_the_turns_before(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    chat = tesla(engine, memory=store, profile={"passages": 1, "keep_notes": False})
    turns = [HumanMessage("Your motor has no brushes?"), AIMessage("None."), HumanMessage("Why?")]
    reply = chat.invoke(turns)
    assert [row["id"] for row in reply.response_metadata["recalled"]] == ["motor"]


def test_recalled_memories_are_in_the_metadata(engine: ScriptedEngine, store: ChromaMemory) -> None:
    reply = tesla(engine, memory=store, profile={"passages": 1}).invoke(
        "You feed pigeons in the park?"
    )
    (row,) = reply.response_metadata["recalled"]
    assert (row["id"], row["source"]) == ("park", "test:1")
    assert 0.5 < row["similarity"] <= 1.0


def test_an_early_stage_recalls_nothing_of_a_late_one(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    reply = tesla(engine, memory=store, profile={"passages": 9}).invoke(
        "Was one white pigeon your joy?"
    )
    assert "dove" not in [row["id"] for row in reply.response_metadata["recalled"]]


@pytest.mark.usefixtures("strict")
def test_what_is_far_less_relevant_does_not_come_up(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    def recalled(turn: str) -> set[str]:
        reply = tesla(engine, memory=store, profile={"passages": 9}).invoke(turn)
        return {row["id"] for row in reply.response_metadata["recalled"]}

    assert recalled("You feed pigeons in the park?") == {"park"}
    assert recalled("You feed pigeons in the park? Has my motor no brushes?") == {"park", "motor"}


@pytest.mark.usefixtures("strict")
def test_nothing_comes_up_for_what_has_nothing_to_do_with_a_persona(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    chat = tesla(engine, memory=store, profile={"passages": 9})
    reply = chat.invoke("Who won the football match?")
    assert reply.response_metadata["recalled"] == []
    assert last_prompt(engine)[-1] == "Who won the football match?"
    debated = chat.invoke("Who won the football match?", in_play=True)
    assert len(debated.response_metadata["recalled"]) == 1


def test_ids_given_as_without_do_not_come_up(engine: ScriptedEngine, store: ChromaMemory) -> None:
    chat = tesla(engine, memory=store, profile={"passages": 9})
    reply = chat.invoke("I feed pigeons in the park. Has my motor no brushes?", without={"park"})
    assert [row["id"] for row in reply.response_metadata["recalled"]] == ["motor"]


def test_a_cue_is_recalled_by_instead_of_the_turn(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    chat = tesla(engine, memory=store, profile={"passages": 1})
    reply = chat.invoke("You feed pigeons?", cue="motor brushes")
    assert [row["id"] for row in reply.response_metadata["recalled"]] == ["motor"]


def test_nothing_is_recalled_where_the_profile_has_no_passages(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    reply = tesla(engine, memory=store, profile={"passages": 0}).invoke("You feed pigeons?")
    assert reply.response_metadata["recalled"] == []


def long_talk(exchanges: int) -> list[BaseMessage]:
    return [
        message
        for number in range(exchanges)
        for message in (HumanMessage(f"question {number}"), AIMessage(f"answer {number}"))
    ]


def test_a_long_history_loses_its_oldest_exchanges() -> None:
    engine = ScriptedEngine(REPLY, context=150)
    history = long_talk(30)
    tesla(engine, max_tokens=30).invoke([*history, HumanMessage("And now?")])
    header, *turns, last = last_prompt(engine)
    assert header.startswith("You are Nikola Tesla.")
    assert last == "And now?"
    assert turns == [message.text for message in history[-len(turns) :]]
    assert 0 < len(turns) < len(history)


def test_the_profile_says_how_long_a_prompt_may_grow() -> None:
    engine = ScriptedEngine(REPLY)
    chat = tesla(engine, profile={"history_tokens": 120})
    chat.invoke([*long_talk(30), HumanMessage("And now?")])
    assert engine.count_tokens(engine.asked[-1].messages) <= 120
    assert len(last_prompt(engine)) > 2


def test_exchanges_are_forgotten_some_at_once() -> None:
    engine = ScriptedEngine(REPLY)
    chat = tesla(engine, profile={"history_tokens": 120})
    firsts = []
    for exchanges in range(40):
        chat.invoke([*long_talk(exchanges), HumanMessage("And now?")])
        firsts.append(last_prompt(engine)[1])
    begun = [exchange for exchange in range(40) if firsts[exchange] != firsts[exchange - 1]]
    steps = [later - earlier for earlier, later in pairwise(begun[2:-1])]
    assert len(steps) > 2
    assert set(steps) == {EXCHANGES_AT_ONCE}


def test_a_trimmed_history_still_begins_with_the_partner(engine: ScriptedEngine) -> None:
    engine = ScriptedEngine(REPLY, context=100)
    history = [HumanMessage("long " * 40), AIMessage("Well."), HumanMessage("And now?")]
    tesla(engine, max_tokens=30).invoke(history)
    assert [m.role for m in engine.asked[-1].messages] == ["system", "user"]


def test_memories_give_way_to_a_long_turn(store: ChromaMemory) -> None:
    engine = ScriptedEngine(REPLY, context=100)
    turn = "pigeons " * 20
    reply = tesla(engine, memory=store, max_tokens=30).invoke(turn)
    assert last_prompt(engine)[-1] == turn
    assert reply.response_metadata["recalled"] == []


def test_a_turn_too_long_for_the_context_is_refused() -> None:
    engine = ScriptedEngine(REPLY, context=100)
    with pytest.raises(EngineError, match=r"holds 100\. Say it in fewer words"):
        tesla(engine, max_tokens=30).invoke("long " * 100)


def test_a_system_message_becomes_the_scene(engine: ScriptedEngine) -> None:
    tesla(engine).invoke([SystemMessage("You stand in Bryant Park."), HumanMessage("Hello")])
    header, turn = last_prompt(engine)
    assert header.startswith("You are Nikola Tesla.")
    assert header.endswith("\nYou stand in Bryant Park.")
    assert turn == "Hello"


def test_named_partners_are_told_apart(engine: ScriptedEngine) -> None:
    tesla(engine).invoke([HumanMessage("Hello", name="Ann"), HumanMessage("Hi", name="Bob")])
    assert last_prompt(engine)[1] == "Ann: Hello\nBob: Hi"


def test_a_streamed_reply_can_go_into_the_history(engine: ScriptedEngine) -> None:
    chat = tesla(engine)
    chunks: Iterator[AIMessageChunk] = chat.stream("Hello")
    first = next(chunks)
    for chunk in chunks:
        first += chunk
    chat.invoke([HumanMessage("Hello"), first, HumanMessage("And now?")])
    assert last_prompt(engine)[1:] == ["Hello", "I feed them, sir.", "And now?"]


def test_a_history_that_ends_with_the_persona_is_refused(engine: ScriptedEngine) -> None:
    with pytest.raises(ValueError, match="the last message must be a human one"):
        tesla(engine).invoke([HumanMessage("Hello"), AIMessage("Good day.")])


def test_tool_messages_are_refused(engine: ScriptedEngine) -> None:
    with pytest.raises(ValueError, match="'tool'"):
        tesla(engine).invoke([HumanMessage("Hi"), ToolMessage("4", tool_call_id="1")])


def test_what_is_not_given_is_taken_from_the_profile() -> None:
    engine = ScriptedEngine("I feed them.")
    profile = {"temperature": 0.4, "top_p": 0.6, "max_tokens": 77, "analysis": "none"}
    tesla(engine, profile=profile).invoke("Hello")
    asked = engine.asked[-1]
    assert (asked.temperature, asked.top_p, asked.max_tokens) == (0.4, 0.6, 77)
    tesla(engine, profile=profile, temperature=0.0, max_tokens=5).invoke("Hello")
    asked = engine.asked[-1]
    assert (asked.temperature, asked.top_p, asked.max_tokens) == (0.0, 0.6, 5)


def test_a_reply_that_its_limit_cuts_ends_at_a_sentence() -> None:
    engine = ScriptedEngine("I feed them. I have done so for years. My doves know me well and")
    reply = tesla(engine, max_tokens=11).invoke("You feed pigeons?")
    assert reply.text.rstrip() == "I feed them. I have done so for years."
    assert reply.response_metadata["finish_reason"] == "length"


def test_a_limit_of_the_call_is_the_callers_to_keep() -> None:
    engine = ScriptedEngine("I feed them. I have done so for years. My doves know me well and")
    reply = tesla(engine).invoke("You feed pigeons?", max_tokens=11)
    assert reply.text.rstrip().endswith("My doves")


def test_no_reply_is_the_one_before_again() -> None:
    said = iter(["I feed them, sir!", "Every day."])
    engine = ScriptedEngine(lambda request: next(said))
    chat = tesla(engine, seed=5)
    turns = [HumanMessage("Pigeons?"), AIMessage("I feed them, sir."), HumanMessage("And today?")]
    assert chat.invoke(turns).text == "Every day."
    first, again = engine.asked
    assert (first.temperature, first.seed) == (0.0, 5)
    assert again.temperature > 0
    assert again.seed != first.seed


def test_no_reply_is_what_was_just_said_to_the_persona() -> None:
    said = iter(["[Analysis] So. [Response] You feed pigeons?", "[Analysis] So. [Response] I do."])
    engine = ScriptedEngine(lambda request: next(said))
    reply = tesla(engine).invoke("You feed pigeons?")
    assert (reply.text, reply.response_metadata["analysis"]) == ("I do.", "So.")


def test_call_options_reach_the_engine(engine: ScriptedEngine) -> None:
    chat = tesla(engine, temperature=0.5, seed=3)
    chat.invoke("Hello", temperature=0.0, top_p=0.25)
    asked = engine.asked[-1]
    assert (asked.temperature, asked.top_p, asked.seed) == (0.0, 0.25, 3)


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ("pigeons", "I feed them, sir."),  # it stands in the analysis
        ("He asks", "I feed them, sir."),
        ("[Response]", "I feed them, sir."),
        ("them", "I feed "),
        ("I", ""),
    ],
)
def test_a_stop_string_ends_the_reply_and_not_the_analysis(
    engine: ScriptedEngine, stop: str, said: str
) -> None:
    chat = tesla(engine)
    assert chat.invoke("Hello", stop=[stop]).text == said
    assert "".join(chunk.text for chunk in chat.stream("Hello", stop=[stop])) == said
    assert chat.batch(["Hello"], stop=[stop])[0].text == said


def test_most_tokens_are_those_of_the_reply(engine: ScriptedEngine) -> None:
    chat = tesla(engine)
    for reply in (chat.invoke("Hello", max_tokens=2), *chat.batch(["Hello"], max_tokens=2)):
        assert reply.text.strip() == "I feed"
        assert reply.response_metadata["finish_reason"] == "length"
    assert chat.invoke("Hello", max_tokens=4).response_metadata["finish_reason"] == "stop"


def test_the_tokens_of_the_analysis_are_told_apart(engine: ScriptedEngine) -> None:
    usage = tesla(engine).invoke("Hello").usage_metadata
    assert usage is not None
    details = usage.get("output_token_details", {})
    assert details.get("reasoning") == len(REPLY.split()) - 4


@pytest.mark.parametrize("written", ["[Analysis] He greets me.", "", "<think>A greeting", "[Anal"])
def test_an_analysis_without_a_reply_is_asked_once_more(written: str) -> None:
    engine = ScriptedEngine(lambda request: REPLY if request.temperature else written)
    for chat in (tesla(engine), tesla(CountingEngine(engine._answer))):
        assert chat.invoke("Hello").text == "I feed them, sir."
        assert chat.batch(["Hello"])[0].text == "I feed them, sir."


def test_a_second_analysis_without_a_reply_ends_in_an_honest_line() -> None:
    engine = ScriptedEngine("[Analysis] He greets me.")
    reply = tesla(engine).invoke("Hello")
    assert reply.text == "I find no answer to that."
    assert not reply.response_metadata["answered"]
    assert reply.response_metadata["analysis"] == "He greets me."
    assert len(engine.asked) == 2


def test_tokens_are_counted(engine: ScriptedEngine) -> None:
    usage = tesla(engine).invoke("Hello").usage_metadata
    assert usage is not None
    assert usage["output_tokens"] == len(REPLY.split())
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_sincere_question_is_answered_without_the_engine(engine: ScriptedEngine) -> None:
    reply = tesla(engine).invoke("Are you an AI?")
    assert reply.text.startswith("In truth: I am a language model")
    assert engine.asked == []


def test_a_batch_keeps_its_order() -> None:
    engine = ScriptedEngine(lambda request: f"To: {request.messages[-1].content}")
    replies = tesla(engine).batch(["One", "Two", "Three"])
    assert [reply.text for reply in replies] == ["To: One", "To: Two", "To: Three"]


async def test_a_persona_answers_asynchronously(engine: ScriptedEngine) -> None:
    assert (await tesla(engine).ainvoke("Hello")).text == "I feed them, sir."


async def test_a_persona_streams_asynchronously(engine: ScriptedEngine) -> None:
    chunks = [chunk.text async for chunk in tesla(engine).astream("Hello")]
    assert "".join(chunks) == "I feed them, sir."


def test_a_named_partners_words_are_recalled_for_that_partner(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    ann = tesla(engine, memory=store, audience="65fa", partner="Ann")
    ann.invoke([HumanMessage("My cat is called Macak", name="Ann")])
    reply = ann.invoke("What is my cat called?")
    recalled = [row["text"] for row in reply.response_metadata["recalled"]]
    assert recalled[-1] == "The visitor's cat is called Macak."
    reply = ann.invoke("What is my name?")
    recalled = [row["text"] for row in reply.response_metadata["recalled"]]
    assert recalled[-1] == "The visitor's name is Ann."


def test_an_id_is_no_name(engine: ScriptedEngine, store: ChromaMemory) -> None:
    chat = tesla(engine, memory=store, audience="65fa")
    chat.invoke("My cat is called Macak")
    rows = chat.invoke("What is my cat called?").response_metadata["recalled"]
    assert "The visitor's cat is called Macak." in [row["text"] for row in rows]
    assert not any("65fa" in row["text"] + row["source"] for row in rows)


def test_what_is_said_is_not_kept_where_the_caller_asks_so(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    before = store.count()
    tesla(engine, memory=store, audience="ann").invoke("I live in Linz", remember=False)
    assert store.count() == before


@pytest.fixture
def cache() -> Iterator[None]:
    set_llm_cache(InMemoryCache())
    yield
    set_llm_cache(None)


def test_a_cache_keeps_what_one_was_told_from_another(
    cache: None, engine: ScriptedEngine, store: ChromaMemory
) -> None:
    echo = ScriptedEngine(lambda request: f"To: {request.messages[-1].content}")
    ann = tesla(echo, memory=store, audience="ann")
    bob = tesla(echo, memory=store, audience="bob")
    for _ in range(2):
        ann.invoke("My secret number is 4711")
    assert "4711" in ann.invoke("My secret number?").text
    assert "4711" not in bob.invoke("My secret number?").text
    assert store.count() == 3 + 1  # a question is not kept, nor what was said again


@pytest.mark.parametrize(
    "other",
    [
        {"temperature": 1.0},
        {"top_p": 0.5},
        {"seed": 2},
        {"stop": ["sir"]},
        {"max_tokens": 9},
        {"stage": "late"},
        {"base_profile": BaseProfile(name="large", passages=0)},
        {"audience": "ann"},
        {"partner": "Ann"},
        {"persona": replace(TESLA, summary="Another man.")},
        {"persona": replace(TESLA, disclosure="in-character")},
        {"engine": ScriptedEngine(REPLY, context=2000)},
    ],
)
def test_a_cache_tells_all_apart_that_changes_a_reply(
    engine: ScriptedEngine, other: dict[str, Any]
) -> None:
    settings: dict[str, Any] = {"persona": TESLA, "engine": engine}
    key = ChatPersona(**settings)._get_llm_string()
    assert ChatPersona(**settings)._get_llm_string() == key
    assert ChatPersona(**{**settings, **other})._get_llm_string() != key


def test_a_cache_asks_again_once_more_is_remembered(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    chat = tesla(engine, memory=store)
    key = chat._get_llm_string()
    store.add([memory("new", "I have a new laboratory")])
    assert chat._get_llm_string() != key


def test_a_cache_spares_the_engine(cache: None, engine: ScriptedEngine) -> None:
    for _ in range(2):
        assert tesla(engine).invoke("Hello").text == "I feed them, sir."
    assert len(engine.asked) == 1


def test_tokens_are_counted_without_a_reply_or_a_network(engine: ScriptedEngine) -> None:
    chat = tesla(engine)
    assert chat.get_num_tokens("Do you like pigeons?") == 4
    said = [HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Do you like pigeons?")]
    assert chat.get_num_tokens_from_messages(said) == 6
    kept = trim_messages(said, max_tokens=5, token_counter=chat, strategy="last", start_on="human")
    assert kept == said[-1:]
    with pytest.raises(NotImplementedError, match="get_num_tokens"):
        chat.get_token_ids("Hello")


def test_a_copy_speaks_over_the_same_engine(engine: ScriptedEngine) -> None:
    twin = copy.deepcopy(tesla(engine, stage="late"))
    assert twin.invoke("Hello").text == "I feed them, sir."
    assert twin.engine is engine
    assert twin.stage.id == "late"


def test_a_pickle_is_refused_with_what_to_do(engine: ScriptedEngine) -> None:
    with pytest.raises(TypeError, match="call open_persona there"):
        pickle.dumps(tesla(engine))


@pytest.mark.parametrize("kind", ["image", "image_url", "audio", "file"])
def test_pictures_and_sounds_are_refused_by_name(engine: ScriptedEngine, kind: str) -> None:
    parts: list[str | dict[str, Any]] = [{"type": "text", "text": "What is this?"}, {"type": kind}]
    with pytest.raises(ValueError, match=f"'{kind}'"):
        tesla(engine).invoke([HumanMessage(parts)])


def test_what_tools_answered_earlier_is_left_out(engine: ScriptedEngine) -> None:
    call = AIMessage("", tool_calls=[{"name": "clock", "args": {}, "id": "1"}])
    answer = ToolMessage("12:00", tool_call_id="1")
    history = [HumanMessage("Time?"), call, answer, AIMessage("Noon."), HumanMessage("Thanks")]
    tesla(engine).invoke(history)
    assert last_prompt(engine)[1:] == ["Time?", "Noon.", "Thanks"]


def test_messages_by_role_are_heard(engine: ScriptedEngine) -> None:
    tesla(engine).invoke([ChatMessage(content="Hello", role="user")])
    assert last_prompt(engine)[1] == "Hello"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", -5),
        ("max_tokens", 0),
        ("temperature", -1),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_p", 0),
        ("top_p", 1.5),
    ],
)
def test_settings_out_of_range_are_refused_by_name(
    engine: ScriptedEngine, name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        tesla(engine, **{name: value})
    with pytest.raises(ValueError, match=f"{name} must be"):
        tesla(engine).bind(**{name: value}).invoke("Hello")
    assert engine.asked == []


@pytest.mark.parametrize("audience", ["Bob", ""])
def test_a_named_partners_words_are_recalled_for_nobody_else(
    engine: ScriptedEngine, store: ChromaMemory, audience: str
) -> None:
    tesla(engine, memory=store, audience="Ann", partner="Ann").invoke("My cat is called Macak")
    other = tesla(engine, memory=store, audience=audience, profile={"passages": 9})
    reply = other.invoke("My cat is called Macak")
    texts = [row["text"] for row in reply.response_metadata["recalled"]]
    assert not any("Ann" in text or "Macak" in text for text in texts)


def test_words_of_an_unnamed_partner_are_not_remembered(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    before = store.count()
    tesla(engine, memory=store).invoke("My cat is called Macak")
    assert store.count() == before


TALK = (
    "hi, I'm Shona, I deliver post on this street",
    "Good to meet you. Do you like pigeons?",
    "I have a dog called Rex, a great big thing.",
    "What does he eat, you ask? Everything!",
    "I live in Lisbon, near the river.",
    "Tell me of your motor.",
    "I see.",
    "im 34, feels like 70 today",
    "How old were you in Paris?",
    "my favorite colour is green",
    "I think you are right.",
    "My sister Kate lives in Rome.",
    "Who was Edison to you?",
    "I play the cello on sundays",
    "Thank you, sir.",
    "I hate coriander!",
    "What did you study?",
    "I work as a nurse",
    "You never married, did you?",
    "I'm getting married on Saturday.",
    "no, my dog is called Max, not Rex",
    "Did you sleep well?",
    "Actually I moved to Porto last week.",
    "And why did you leave Europe?",
    "I no longer play the cello, my hand hurts",
    "That is sad.",
    "I wonder what you think of it.",
    "Do you fear death?",
    "Write me a line for my album.",
    "I must go now. Goodbye!",
)
ASKED = (
    ("what is my name?", "Shona", ""),
    ("What's my dog called?", "Max", "Rex"),
    ("where do I live?", "Porto", "Lisbon"),
    ("how old am i", "34", ""),
    ("what's my favourite colour?", "green", ""),
    ("where does my sister live?", "Rome", ""),
    ("do I play the cello?", "no longer", "plays the cello on"),
    ("what do I hate?", "coriander", ""),
    ("what is my job?", "nurse", ""),
    ("when am I getting married?", "Saturday", ""),
)


def test_ten_facts_of_a_long_talk_are_known_in_every_talk_after_it(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    def chat(audience: str) -> ChatPersona:
        return tesla(engine, memory=store, audience=audience, profile={"passages": 2})

    history: list[BaseMessage] = []
    for said in TALK:
        history.append(HumanMessage(said))
        history.append(chat("shona").invoke(history))
    kept = store.count()
    for _ in range(3):
        for question, answer, superseded in ASKED:
            reply = chat("shona").invoke(question)
            note = last_prompt(engine)[-1].partition("You know of your visitor:\n- ")[2]
            assert answer in note.partition("\n")[0], question
            assert not superseded or superseded not in note
            other = chat("bob").invoke(question).response_metadata["recalled"]
            assert not any("visitor" in row["text"] for row in other)
            assert reply.response_metadata["recalled"]
    assert store.count() == kept


def test_what_a_visitor_tells_comes_up_for_no_turn_before_it(
    engine: ScriptedEngine, store: ChromaMemory
) -> None:
    chat = tesla(engine, memory=store, audience="ann", profile={"passages": 1})
    turns: list[BaseMessage] = []
    prompts = []
    for said in (
        "You feed pigeons?",
        "My cat is called Macak",
        "I live in Linz",
        "And my cat's name?",
    ):
        turns.append(HumanMessage(said))
        turns.append(chat.invoke(turns))
        prompts.append(engine.asked[-1].messages)
    for before, after in pairwise(prompts):
        assert after[: len(before)] == before
    assert "\n".join(last_prompt(engine)).count("The visitor's cat is called Macak.") == 1


def test_a_bare_answer_is_remembered_with_its_question(store: ChromaMemory) -> None:
    engine = ScriptedEngine("Good day. And what is your name?")
    chat = tesla(engine, memory=store, audience="ann")
    hello = HumanMessage("Good day!")
    chat.invoke([hello, chat.invoke([hello]), HumanMessage("Ann.")], conversation="talk-7")
    (kept,) = store.episodes("ann")
    assert (kept.text, kept.conversation) == ("The visitor's name is Ann.", "talk-7")


class FullStore(ChromaMemory):
    """Keeps nothing more."""

    def add(self, memories: Sequence[Memory]) -> None:
        raise MemoryStoreError("the disk is full. Make room, or name another folder with --memory.")


def test_a_reply_stands_where_nothing_can_be_remembered(
    engine: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    full = FullStore(open_client(None), new_persona(), HashedWords())
    reply = tesla(engine, memory=full, audience="ann").invoke("My cat is called Macak")
    assert reply.text == "I feed them, sir."
    assert "not remembered: the disk is full. Make room" in caplog.text


class CountingEngine(ScriptedEngine):
    """Counts how it is asked."""

    def __init__(self, answer: Answer | str) -> None:
        super().__init__(answer)
        self.batches: list[int] = []
        self.streams = 0

    def stream(self, request: Request) -> Iterator[Piece]:
        self.streams += 1
        return super().stream(request)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        self.batches.append(len(requests))
        return [whole(ScriptedEngine.stream(self, request)) for request in requests]


def _echo(request: Request) -> str:
    return f"[Analysis] So. [Response] To: {request.messages[-1].content}"


def test_a_batch_is_one_batch_of_the_engine() -> None:
    engine = CountingEngine(_echo)
    replies = tesla(engine).batch(["One", "Two", "Three"])
    assert (engine.batches, engine.streams) == ([3], 0)
    assert [reply.text for reply in replies] == ["To: One", "To: Two", "To: Three"]
    assert all(reply.response_metadata["analysis"] == "So." for reply in replies)


async def test_an_asynchronous_batch_is_one_batch_of_the_engine() -> None:
    engine = CountingEngine(_echo)
    replies = await tesla(engine).abatch(["One", "Two", "Three"])
    assert (engine.batches, engine.streams) == ([3], 0)
    assert [reply.text for reply in replies] == ["To: One", "To: Two", "To: Three"]


def test_a_batch_answers_as_single_calls_do() -> None:
    chat = tesla(CountingEngine(_echo))
    for alone, together in zip(map(chat.invoke, ("A", "B")), chat.batch(["A", "B"]), strict=True):
        assert (alone.content, alone.usage_metadata) == (together.content, together.usage_metadata)


def test_a_chain_batches_too() -> None:
    engine = CountingEngine(_echo)
    chain = ChatPromptTemplate.from_template("Why {word}?") | tesla(engine)
    assert len(chain.batch([{"word": "one"}, {"word": "two"}])) == 2
    assert engine.batches == [2]


def test_a_batch_is_split_where_the_caller_limits_it() -> None:
    engine = CountingEngine(_echo)
    tesla(engine).batch(["One", "Two", "Three"], {"max_concurrency": 2})
    assert engine.batches == [2, 1]


def test_one_bad_input_does_not_spoil_a_batch() -> None:
    chat = tesla(CountingEngine(_echo))
    inputs: list[Any] = [
        [HumanMessage("One")],
        [AIMessage("I spoke last.")],
        [HumanMessage("Are you an AI?")],
    ]
    good, bad, truth = chat.batch(inputs, return_exceptions=True)
    assert good.text == "To: One"
    assert isinstance(bad, ValueError)
    assert truth.text.startswith("In truth")
    with pytest.raises(ValueError, match="the last message must be a human one"):
        chat.batch(inputs)


def test_a_batch_leaves_nothing_behind() -> None:
    engine = CountingEngine(_echo)
    chat = tesla(engine)
    chat.batch(["One"])
    chat.invoke("One")
    assert engine.streams == 1


def test_callbacks_hear_of_every_input_of_a_batch() -> None:
    heard: list[str] = []

    class Listener(BaseCallbackHandler):
        def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:  # noqa: ANN401
            heard.append(response.generations[0][0].text)

    tesla(CountingEngine(_echo)).batch(["One", "Two"], {"callbacks": [Listener()]})
    assert sorted(heard) == ["To: One", "To: Two"]


async def test_the_event_loop_goes_on_while_a_persona_answers() -> None:
    slow = SlowEngine(30)
    chat = ChatPersona(persona=TESLA, engine=slow)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.005)

    ticking = asyncio.ensure_future(tick())
    await asyncio.gather(chat.ainvoke("Hello"), _drain(chat), chat.abatch(["One", "Two"]))
    ticking.cancel()
    assert ticks > 20


async def _drain(chat: ChatPersona) -> None:
    async for _ in chat.astream("Hello"):
        pass


async def test_asynchronous_calls_run_beside_each_other() -> None:
    slow = SlowEngine(20)
    chat = ChatPersona(persona=TESLA, engine=slow)
    await asyncio.gather(*(chat.ainvoke("Hello") for _ in range(4)))
    assert slow.most_writing > 1


def test_leaving_a_stream_ends_the_engines_work() -> None:
    slow = SlowEngine(1000)
    chunks = ChatPersona(persona=TESLA, engine=slow).stream("Hello")
    next(chunks)
    assert slow.writing == 1
    chunks.close()  # type: ignore[attr-defined]
    assert slow.writing == 0


async def test_events_of_a_stream_carry_text_and_usage(engine: ScriptedEngine) -> None:
    events: list[Any] = [event async for event in tesla(engine).astream_events("Hello")]
    text = "".join(
        event["data"]["chunk"].text for event in events if event["event"] == "on_chat_model_stream"
    )
    (end,) = [event for event in events if event["event"] == "on_chat_model_end"]
    assert text == end["data"]["output"].text == "I feed them, sir."
    assert end["data"]["output"].usage_metadata["output_tokens"] == len(REPLY.split())


def test_personas_declare_that_they_call_no_tools(engine: ScriptedEngine) -> None:
    chat = tesla(engine)
    assert chat.profile is not None
    told = [chat.profile.get(name) for name in ("tool_calling", "structured_output")]
    assert told == [False, False]
    with pytest.raises(NotImplementedError, match="to an agent as a tool instead"):
        chat.bind_tools([])
    with pytest.raises(NotImplementedError, match="to an agent as a tool instead"):
        chat.with_structured_output({"title": "A", "type": "object"})


def test_equal_inputs_of_a_batch_are_each_drawn() -> None:
    numbers = itertools.count()
    engine = CountingEngine(lambda request: f"Reply {next(numbers)}")
    said = {reply.text for reply in tesla(engine, temperature=1.0).batch(["Hi"] * 3)}
    assert said == {"Reply 0", "Reply 1", "Reply 2"}
    assert (engine.batches, engine.streams) == ([3], 0)
