"""What a visitor told is kept once, until he tells otherwise; then the older never comes up."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.episodes import Hearing, changes, ids_told, remember
from persllm.memory.facts import Fact, facts_of
from persllm.memory.store import Memory
from tests.contracts.memory_contract import HashedWords, new_persona

ANN = Hearing(audience="ann", stage=0)


def after(*turns: str) -> list[Memory]:
    """Return all that is kept after turns, as a store would hold it, the oldest first."""
    kept: dict[str, Memory] = {}
    for turn in turns:
        for memory in changes(facts_of(turn), list(kept.values()), ANN):
            kept[memory.id] = memory
    return list(kept.values())


def live(memories: Sequence[Memory]) -> list[str]:
    return [memory.text for memory in memories if not memory.superseded_by]


@pytest.mark.parametrize(
    ("turns", "known"),
    [
        (["I live in Lisbon", "Actually I moved to Porto"], ["lives there now"]),
        (["My dog is called Rex", "no, my dog is called Max, not Rex"], ["Max"]),
        (["I have a dog called Rex", "my dog is called Max"], ["Max"]),
        (["My name is Shona", "that was a lie, my name is Eve"], ["Eve"]),
        (["I'm 34", "I turned 35"], ["35"]),
        (["I'm not 34, I'm 35"], ["35"]),
        (["I play the cello", "I no longer play the cello"], ["no longer"]),
        (["I play the cello", "I stopped playing the cello"], ["stopped"]),
        (["I play the cello", "I no longer play the cello", "I play the cello"], ["plays the"]),
        (["I hate coriander", "I love coriander now"], ["loves"]),
        (["I have two daughters", "I have three daughters"], ["three"]),
        (["my favourite colour is green", "My favorite colour is blue"], ["blue"]),
        (["I'm a nurse", "I changed jobs, I'm a baker now"], ["baker"]),
        (["My sister Kate lives in Rome", "my sister lives in Milan"], ["Milan"]),
        (["I don't have a dog", "I have a dog"], ["has a dog"]),
        (["My birthday is 4 May", "my birthday is on 5 May"], ["5 May"]),
    ],
)
def test_what_is_told_later_of_the_same_supersedes(turns: list[str], known: list[str]) -> None:
    texts = live(after(*turns))
    assert len(texts) == len(known)
    assert all(part in text for part, text in zip(known, texts, strict=True))


@pytest.mark.parametrize(
    "turns",
    [
        ["I live in Lisbon", "My sister lives in Rome"],
        ["My dog is called Rex", "My cat is called Mia"],
        ["my daughter Ada is seven", "my daughter Bea is four"],
        ["I hate coriander", "I love coffee"],
        ["I work as a nurse", "I work at a hospital in Leeds"],
        ["I'm from Leeds", "I live in Lisbon"],
        ["I play the cello", "I play chess"],
        ["I met Kate in Lisbon", "I live in Porto, not Lisbon"],
        ["My sister lives in Lisbon", "I no longer live in Lisbon"],
        ["I live in Porto", "I no longer live in Lisbon"],
    ],
)
def test_what_is_of_another_thing_stays(turns: list[str]) -> None:
    assert len(live(after(*turns))) == len(turns)


def test_what_was_superseded_is_kept_as_history() -> None:
    old, new = after("I live in Lisbon", "I moved to Porto")
    assert old.superseded_by == new.id
    assert not new.superseded_by


def test_a_changed_trade_takes_the_place_of_work_with_it() -> None:
    texts = live(after("I'm a nurse", "I work at St Mary's", "I quit my job", "I'm a baker now"))
    assert texts == ["The visitor is a baker now."]


def test_what_is_to_be_forgotten_is_taken_back() -> None:
    told = ["My sister Kate lives in Rome", "I live in Leeds", "forget what I said about my sister"]
    assert live(after(*told)) == [
        "The visitor lives in Leeds.",
        "The visitor took back what they had told about their sister.",
    ]


def test_all_may_be_taken_back() -> None:
    texts = live(after("I live in Leeds", "I'm a nurse", "Forget everything I told you."))
    assert texts == ["The visitor asked you to forget all they had told."]


def test_what_was_not_told_cannot_be_taken_back() -> None:
    assert after("forget what I said about my sister") == []
    assert after("that was a lie") == []


@pytest.mark.parametrize(
    "turn", ["My dog is called Rex", "hi, I'm Shona, I deliver post", "Let us sit."]
)
def test_the_same_turn_again_keeps_nothing_new(turn: str) -> None:
    once = [memory.id for memory in after(turn)]
    assert [memory.id for memory in after(turn, turn, turn)] == once


def test_what_was_told_in_nearly_the_same_words_is_kept_once() -> None:
    assert len(after("I bought a red boat yesterday", "yesterday I bought a red boat!")) == 1
    assert len(after("I live in Lisbon", "I'm living in Lisbon")) == 1


def test_a_turn_knows_its_ids() -> None:
    turn = "My dog is called Rex, I live in Leeds"
    assert ids_told(turn, "", "ann") == [memory.id for memory in after(turn)]
    assert ids_told(turn, "", "bob") != ids_told(turn, "", "ann")


def test_when_where_and_by_whom_it_was_told_is_kept() -> None:
    hearing = Hearing(audience="65fa", stage=1, partner="Ann", conversation="talk-7")
    (memory,) = changes([Fact("The visitor is 34 years old.", "age")], [], hearing)
    assert (memory.kind, memory.stage, memory.audience) == ("episode", 1, "65fa")
    assert memory.conversation == "talk-7"
    assert datetime.fromisoformat(memory.when).utcoffset() is not None
    assert memory.source.startswith("Ann, ")
    assert "65fa" not in memory.text + memory.source


@pytest.fixture
def store() -> ChromaMemory:
    return ChromaMemory(open_client(None), new_persona(), HashedWords())


def test_a_store_holds_what_was_told_and_what_superseded_it(store: ChromaMemory) -> None:
    for turn in ("I live in Lisbon", "What do you eat?", "I moved to Porto", "I moved to Porto"):
        remember(store, turn, ANN)
    old, new = store.episodes("ann")
    assert (old.text, old.superseded_by) == ("The visitor lives in Lisbon.", new.id)
    assert "Porto" in new.text


def test_an_answer_is_kept_with_what_was_asked(store: ChromaMemory) -> None:
    remember(store, "Ann.", ANN, before="Good day. What is your name?")
    assert [memory.text for memory in store.episodes("ann")] == ["The visitor's name is Ann."]


def test_what_was_said_before_is_kept_to_find_it_by(store: ChromaMemory) -> None:
    said = "She runs a sari shop in Leicester."
    remember(store, said, ANN, before="And at home?", earlier="My wife and I came over in May.")
    (memory,) = store.episodes("ann")
    assert memory.cue == "My wife and I came over in May. And at home?"
    assert memory.text == 'The visitor said: "She runs a sari shop in Leicester."'


def test_the_name_that_a_caller_knows_is_known_until_another_is_told(store: ChromaMemory) -> None:
    named = Hearing(audience="ann", stage=0, partner="Ann B")
    remember(store, "Who was Edison?", named)
    remember(store, "Call me Annie.", named)
    remember(store, "Who was Morse?", named)
    assert live(store.episodes("ann")) == ["The visitor's name is Annie."]


def test_what_one_visitor_takes_back_another_still_told(store: ChromaMemory) -> None:
    bob = Hearing(audience="bob", stage=0)
    remember(store, "I live in Lisbon", ANN)
    remember(store, "I live in Lisbon", bob)
    remember(store, "Forget everything I told you.", bob)
    assert live(store.episodes("ann")) == ["The visitor lives in Lisbon."]
