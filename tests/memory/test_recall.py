"""What comes up for a turn: it answers, it is relevant enough, and there is room for it."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from persllm.base_profile import BaseProfile
from persllm.embeddings import embed
from persllm.memory import recall as recall_module
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.recall import (
    CONTEXT_CHARACTERS,
    VISITOR_LINES,
    Recall,
    Recalled,
    Threshold,
    is_small_talk,
    notes_of,
    query_of,
    threshold_of,
)
from persllm.memory.reranking import Query
from persllm.memory.store import EVERYONE, Memory
from persllm.messages import Message
from tests.contracts.memory_contract import HashedWords, ids, memory, new_persona

PROFILE = BaseProfile(name="test")


def store_of(*memories: Memory) -> ChromaMemory:
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    store.add(memories)
    return store


def coming_up(
    store: ChromaMemory,
    query: Query | str,
    *,
    stage: int = 0,
    audience: str = EVERYONE,
    profile: BaseProfile = PROFILE,
    forced: bool = False,
) -> list[Recalled]:
    asked = Query(query) if isinstance(query, str) else query
    chooser = Recall(store.embeddings, profile)
    return chooser.recall(store, asked, stage=stage, audience=audience, forced=forced)


def talk(*turns: str) -> list[Message]:
    """Return turns of user and persona in turn, the user's first."""
    return [Message("assistant" if at % 2 else "user", text) for at, text in enumerate(turns)]


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a threshold be known of the embeddings."""
    monkeypatch.setattr(recall_module, "threshold_of", lambda name: Threshold(0.3, 0.2))


def test_what_answers_best_comes_up_first() -> None:
    store = store_of(memory("a", "I feed pigeons in the park"), memory("b", "A motor has a rotor"))
    assert ids(coming_up(store, "Do you feed pigeons?")) == ["a", "b"]


def test_how_near_and_how_relevant_it_is_is_told() -> None:
    (recalled,) = coming_up(store_of(memory("a", "pigeons in the park")), "pigeons in the park")
    assert recalled.similarity == pytest.approx(1.0, abs=1e-4)
    assert recalled.relevance == pytest.approx(1.1, abs=1e-4)


def test_the_first_turn_is_sought_by_itself() -> None:
    assert query_of(talk("Do you feed pigeons?")) == Query("Do you feed pigeons?")


def test_a_later_turn_is_sought_with_what_was_said_before() -> None:
    turns = talk("Long ago.", "Aye.", "You love pigeons?", "One of them, at my window.", "Why?")
    query = query_of(turns)
    assert query == Query("Why?", "You love pigeons? One of them, at my window. Why?")


def test_of_a_long_turn_before_its_end_is_context() -> None:
    query = query_of(talk("x" * 5000 + " pigeons", "Aye.", "Why?"))
    assert query is not None
    assert query.context.endswith("pigeons Aye. Why?")
    assert len(query.context) == CONTEXT_CHARACTERS + len(" Aye. Why?")


def test_a_short_question_finds_by_the_turn_before() -> None:
    store = store_of(
        memory("window", "One white pigeon came to my window"),
        memory("edison", "I left Edison since he did not pay why"),
    )
    query = query_of(talk("Which pigeon came to the window?", "The white one.", "Why?"))
    assert query is not None
    assert ids(coming_up(store, query))[0] == "window"
    assert ids(coming_up(store, "Why?"))[0] == "edison"


@pytest.mark.parametrize(
    "turn",
    [
        "Hi",
        "hello!",
        "Good morning, Mr. Tesla.",
        "Hello there, my dear friend!",
        "Who are you?",
        "who r u",
        "Who are you, really?",
        "What\u2019s your name?",
        "How are you today?",
        "Nice to meet you, Miss Lovelace. How are you?",
        "Thank you very much, sir!",
        "Goodbye, and thanks for everything.",
        "May I come in?",
    ],
)
def test_greetings_and_who_one_is_seek_nothing(turn: str) -> None:
    assert is_small_talk(turn)
    assert query_of(talk(turn)) is None
    assert query_of(talk("Do you feed pigeons?", "I do.", turn)) is None


@pytest.mark.parametrize(
    "turn",
    [
        "Why?",
        "",
        "?!",
        "So it is.",
        "Hello, why did you leave Paris?",
        "Who are your friends?",
        "Who are you angry with?",
        "How are you going to light the fair?",
        "Good night lamps?",
        "What is your name for the coil?",
        "你好",
        "Thanks to whom did you get to New York?",
    ],
)
def test_what_asks_for_more_than_a_greeting_is_sought(turn: str) -> None:
    assert not is_small_talk(turn)


def test_a_turn_made_to_be_read_in_many_ways_is_read_at_once() -> None:
    started = time.perf_counter()
    assert not is_small_talk("sir " * 15 + "why am I here")
    assert not is_small_talk("sir " * 500 + "why am I here")
    assert time.perf_counter() - started < 1.0


@pytest.mark.usefixtures("strict")
def test_what_is_hardly_relevant_does_not_come_up() -> None:
    store = store_of(memory("a", "I feed pigeons in the park"))
    assert coming_up(store, "Who won yesterday's football match?") == []


@pytest.mark.usefixtures("strict")
def test_what_is_far_less_relevant_than_the_best_does_not_come_up() -> None:
    store = store_of(
        memory("a", "I feed pigeons in the park"),
        memory("b", "I feed on bread and milk here in town"),
    )
    assert ids(coming_up(store, "You feed pigeons in the park?")) == ["a"]
    assert set(ids(coming_up(store, "What do you feed on here, bread and milk?"))) == {"b"}


@pytest.mark.usefixtures("strict")
def test_something_comes_up_where_it_is_forced() -> None:
    store = store_of(memory("a", "I feed pigeons in the park"), memory("b", "A motor has a rotor"))
    assert len(coming_up(store, "Football won?", forced=True)) == 1


def test_a_threshold_belongs_to_the_embedding() -> None:
    assert threshold_of("all-MiniLM-L6-v2").floor > 0
    unknown = threshold_of("nobody's")
    assert unknown.passes(-1.0, 1.1)


def test_a_threshold_looks_at_floor_and_margin() -> None:
    threshold = Threshold(0.25, 0.125)
    assert threshold.passes(0.25, 0.375)
    assert not threshold.passes(0.24, 0.25)
    assert not threshold.passes(0.37, 0.5)


def test_no_more_passages_come_up_than_the_profile_has() -> None:
    store = store_of(*(memory(str(i), f"pigeon number {i}") for i in range(20)))
    profile = PROFILE.changed({"passages": 5})
    assert len(coming_up(store, "pigeon", profile=profile)) == 5


def test_facts_and_views_have_budgets_of_their_own() -> None:
    store = store_of(
        *(memory(f"fact{i}", f"pigeon {i} {'seen ' * 8}") for i in range(4)),
        *(memory(f"view{i}", f"pigeon {i} {'loved ' * 8}", kind="subjective") for i in range(4)),
    )
    profile = PROFILE.changed({"objective_words": 30, "subjective_words": 10})
    kinds = [each.memory.kind for each in coming_up(store, "pigeon", profile=profile)]
    assert sorted(kinds) == ["objective"] * 3 + ["subjective"]


def test_the_very_best_comes_up_however_long_it_is() -> None:
    store = store_of(memory("long", "pigeon " * 50), memory("short", "One dove and a pigeon"))
    profile = PROFILE.changed({"objective_words": 20})
    assert ids(coming_up(store, "pigeon", profile=profile)) == ["long"]


def test_a_shorter_one_comes_up_where_a_longer_one_has_no_room() -> None:
    store = store_of(
        memory("first", "pigeon pigeon dove"),
        memory("long", "pigeon dove " + "seed " * 9),
        memory("short", "dove and seed in a park of old"),
    )
    profile = PROFILE.changed({"objective_words": 12})
    assert ids(coming_up(store, "pigeon dove", profile=profile)) == ["first", "short"]


def test_what_a_visitor_told_comes_last_and_apart() -> None:
    said = memory("told", "Ann told me: I have a cat", kind="episode", audience="Ann")
    store = store_of(memory("a", "My cat was called Macak and gave sparks"), said)
    recalled = coming_up(store, "Ann told me: I have a cat", audience="Ann")
    assert ids(recalled) == ["a", "told"]
    notes = notes_of(recalled)
    assert notes.recalled == ("My cat was called Macak and gave sparks",)
    assert notes.visitor == ("Ann told me: I have a cat",)


def test_a_visitors_lines_take_no_passage_and_are_few() -> None:
    told = [
        memory(f"told{i}", f"Ann told me: cat {i}", kind="episode", audience="Ann")
        for i in range(9)
    ]
    store = store_of(memory("a", "My cat"), *told)
    profile = PROFILE.changed({"passages": 1})
    recalled = ids(coming_up(store, "cat", audience="Ann", profile=profile))
    assert recalled[0] == "a"
    assert len(recalled) == 1 + VISITOR_LINES


def test_a_visitors_lines_alone_are_not_what_is_forced() -> None:
    said = memory("told", "Ann told me: I have a cat", kind="episode", audience="Ann")
    recalled = coming_up(store_of(said, memory("a", "A rotor")), "cat", audience="Ann", forced=True)
    assert "a" in ids(recalled)


def test_what_one_visitor_told_comes_up_for_no_other() -> None:
    store = store_of(memory("told", "Ann told me: a cat", kind="episode", audience="Ann"))
    assert coming_up(store, "a cat", audience="Bob") == []
    assert coming_up(store, "a cat") == []


def told(id_: str, text: str, about: str = "", when: str = "", superseded_by: str = "") -> Memory:
    """Return what Ann told."""
    note = memory(id_, text, kind="episode", audience="Ann")
    return replace(note, about=about, when=when, superseded_by=superseded_by)


def test_what_a_visitor_asks_of_himself_is_not_buried() -> None:
    life = [memory(f"dog{i}", f"What is my dog called, asked child {i}") for i in range(40)]
    rex = told("rex", "The visitor's dog is called Rex.", "dog name")
    recalled = coming_up(store_of(*life, rex), "What is my dog called?", audience="Ann")
    assert recalled[-1].memory.id == "rex"


@pytest.mark.usefixtures("strict")
def test_where_a_visitor_asks_of_himself_little_of_the_life_comes_up() -> None:
    store = store_of(
        memory("cat", "The name of my cat was Macak in Smiljan then"),
        told("name", "The visitor's name is Ann.", "name"),
    )
    assert ids(coming_up(store, "What is my name?", audience="Ann")) == ["name"]
    assert ids(coming_up(store, "What was the name of your cat?", audience="Ann"))[0] == "cat"


def test_what_was_superseded_never_comes_up() -> None:
    store = store_of(
        told("old", "The visitor lives in Linz.", "home", superseded_by="new"),
        told("new", "The visitor lives in Graz.", "home"),
    )
    for turn in ("Where do I live?", "Linz", "do you remember me?", "what did we talk about?"):
        assert "old" not in ids(coming_up(store, turn, audience="Ann"))
    chooser = Recall(store.embeddings, PROFILE)
    assert ids(chooser.search(store, "Linz", stage=0, count=9, audience="Ann")) == ["new"]


def test_a_visitor_who_asks_what_is_known_of_him_hears_his_name_and_the_newest() -> None:
    notes = [
        told(str(day), f"The visitor has {day} hens.", when=f"2026-12-0{day}")
        for day in range(1, 9)
    ]
    name = told("name", "The visitor's name is Ann.", "name", when="2026-11-01")
    store = store_of(name, *notes, memory("life", "I remember all of it"))
    known = ids(coming_up(store, "Do you remember me?", audience="Ann"))
    assert known[-VISITOR_LINES:] == ["name", "8", "7", "6", "5"]
    last = ids(coming_up(store, "What did we talk about last time?", audience="Ann"))
    assert last[-VISITOR_LINES:] == ["8", "7", "6", "5", "4"]


def test_what_was_told_at_a_later_stage_is_unknown_earlier() -> None:
    store = store_of(replace(told("late", "The visitor's name is Ann.", "name"), stage=1))
    assert coming_up(store, "What is my name?", audience="Ann") == []
    assert ids(coming_up(store, "What is my name?", audience="Ann", stage=1)) == ["late"]


def test_outgrown_views_sink_below_less_relevant_ones_of_this_stage() -> None:
    store = store_of(
        memory("then", "I love the crowd", kind="subjective", stage=0),
        memory("now", "I love the crowd no", kind="subjective", stage=1),
    )
    assert ids(coming_up(store, "I love the crowd", stage=1)) == ["now", "then"]
    assert ids(coming_up(store, "I love the crowd", stage=0)) == ["then"]


def test_facts_of_an_earlier_stage_do_not_sink() -> None:
    store = store_of(
        memory("fact", "the tower at Wardenclyffe", stage=0),
        memory("view", "the tower at Wardenclyffe stood", kind="subjective", stage=1),
    )
    assert ids(coming_up(store, "the tower at Wardenclyffe", stage=1)) == ["fact", "view"]


def test_a_base_with_clues_is_told_from_the_sentence_that_answers() -> None:
    text = "Graz was dear. In Maribor I drew machines."
    store = store_of(memory("a", text))
    asked = "What did you do in Maribor?"
    (clued,) = coming_up(store, asked, profile=PROFILE.changed({"annotated": True}))
    assert clued.prompt_text == "In Maribor I drew machines. Graz was dear."
    assert clued.memory.text == text
    (plain,) = coming_up(store, asked)
    assert plain.prompt_text == text


LONG = "I was born in Smiljan. My father was a priest. I feed pigeons in the park. I sleep little."


def test_of_a_long_passage_the_sentences_that_answer_are_told() -> None:
    brief = replace(PROFILE, passage_words=10)
    (recalled,) = coming_up(store_of(memory("a", LONG)), "Do you feed pigeons?", profile=brief)
    assert recalled.prompt_text == "I feed pigeons in the park. I sleep little."
    assert recalled.answer == "I feed pigeons in the park."


def test_what_was_told_does_not_come_up_again_but_the_rest_of_its_passage_does() -> None:
    chooser = Recall(HashedWords(), replace(PROFILE, passage_words=6))
    store = store_of(memory("a", LONG))
    query = Query("Do you feed pigeons?")
    first = chooser.recall(store, query, stage=0)
    told = [each.prompt_text for each in first]
    assert told == ["I feed pigeons in the park."]
    assert not chooser.recall(store, query, stage=0, told=told)
    (other,) = chooser.recall(store, Query("Was your father a priest?"), stage=0, told=told)
    assert "My father was a priest." in other.prompt_text


def test_what_a_visitor_told_keeps_its_order() -> None:
    text = "Ann told me: Graz was dear. In Maribor I drew machines."
    store = store_of(memory("a", text, kind="episode", audience="Ann"))
    profile = PROFILE.changed({"annotated": True})
    (recalled,) = coming_up(store, "Maribor", audience="Ann", profile=profile)
    assert recalled.prompt_text == text


def test_a_memory_is_found_by_what_it_answered() -> None:
    answer = replace(memory("answer", "Seldom, and badly."), cue="How do you sleep?")
    store = store_of(answer, memory("other", "The fair was lit by many lamps."))
    assert ids(coming_up(store, "How do you sleep?"))[0] == "answer"


def test_nothing_comes_up_of_an_empty_store() -> None:
    assert coming_up(store_of(), "anything", forced=True) == []


def test_a_search_keeps_no_threshold_and_no_budget(strict: None) -> None:
    store = store_of(*(memory(str(i), f"pigeon {i} " + "seed " * 99) for i in range(9)))
    chooser = Recall(store.embeddings, PROFILE.changed({"objective_words": 1}))
    assert len(chooser.search(store, "football", stage=0, count=7)) == 7
    assert chooser.search(store, "football", stage=0, count=0) == []


def test_the_vector_of_a_query_blends_turn_and_context() -> None:
    embeddings = HashedWords()
    chooser = Recall(embeddings, PROFILE)
    turn, context = embed(embeddings, ["Why?", "Pigeons. Why?"])
    vector = chooser.vector(Query("Why?", "Pigeons. Why?"))
    assert float(vector @ vector) == pytest.approx(1.0, abs=1e-5)
    assert float(vector @ turn) > float(vector @ context) > float(turn @ context)


def test_a_query_is_embedded_once() -> None:
    store = store_of(memory("a", "pigeons"))
    embeddings = store.embeddings
    assert isinstance(embeddings, HashedWords)
    chooser = Recall(embeddings, PROFILE)
    for _ in range(3):
        chooser.recall(store, Query("Do you?", "Pigeons. Do you?"), stage=0)
    asked: Sequence[str] = [text for text in embeddings.embedded if "Do you?" in text]
    assert len(asked) == 2
