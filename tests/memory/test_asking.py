"""What a visitor asks of himself, and which of his notes answers."""

from dataclasses import replace

import pytest

from persllm.memory.asking import asked_of, nearness, newest, still_so
from persllm.memory.episodes import Hearing, changes
from persllm.memory.facts import facts_of
from persllm.memory.lemmas import lemma, lemmas
from persllm.memory.recall import NEAR
from persllm.memory.store import Memory

TOLD = (
    "hi, I'm Shona, I deliver post on this street",
    "My dog is called Rex",
    "My cat is called Mia",
    "I live in Lisbon",
    "I'm from Leeds",
    "I'm 34",
    "my birthday is 4 May",
    "my favourite colour is green",
    "I have two daughters",
    "my daughter Ada is seven",
    "I play the cello",
    "I work as a nurse",
    "my sister Kate lives in Rome",
    "I hate coriander",
    "I'm getting married on Saturday",
)


@pytest.fixture(scope="module")
def notes() -> list[Memory]:
    kept: list[Memory] = []
    for turn in TOLD:
        kept += changes(facts_of(turn), kept, Hearing(audience="ann", stage=0))
    return kept


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What's my dog called?", "Rex"),
        ("whats my dogs name", "Rex"),
        ("do you remember what my dog is called?", "Rex"),
        ("And my cat's name?", "Mia"),
        ("what is my name?", "Shona"),
        ("what am i called again", "Shona"),
        ("Where do I live?", "Lisbon"),
        ("what city do I live in?", "Lisbon"),
        ("do you know where my home is?", "Lisbon"),
        ("where am I from?", "Leeds"),
        ("How old am I?", "34"),
        ("when is my birthday", "4 May"),
        ("what's my favorite colour?", "green"),
        ("how many daughters do I have?", "two daughters"),
        ("how many children have I", "two daughters"),
        ("How old is my daughter?", "seven"),
        ("how old is my Ada", "seven"),
        ("what do I play?", "cello"),
        ("Which instrument do I play?", "cello"),
        ("what do I do for a living?", "nurse"),
        ("what was my trade again", "nurse"),
        ("where does my sister live?", "Rome"),
        ("what did I tell you about my sister?", "Rome"),
        ("What do I hate?", "coriander"),
        ("when am I getting married?", "Saturday"),
        ("what do I deliver?", "post"),
        ("where is our home?", "Lisbon"),
        ("which came first, my birthday or my wedding?", "4 May"),
    ],
)
def test_the_note_that_answers_lies_nearest(
    notes: list[Memory], question: str, answer: str
) -> None:
    asked = asked_of(question)
    assert asked.kind == "himself"
    best = max(notes, key=lambda memory: nearness(asked, memory))
    assert answer in best.text


@pytest.mark.parametrize(
    "question", ["what's my parrot called?", "how old is my brother?", "what is my shoe size?"]
)
def test_no_note_is_near_to_what_was_never_told(notes: list[Memory], question: str) -> None:
    assert max(nearness(asked_of(question), memory) for memory in notes) < NEAR


@pytest.mark.parametrize(
    "turn",
    [
        "Do you remember me?",
        "do you know who I am",
        "What do you know about me?",
        "What do you remember about me?",
        "Hello again! Do you still remember me?",
        "what have I told you?",
        "have we met before?",
        "who am i",
    ],
)
def test_a_visitor_asks_for_all_that_is_known_of_him(turn: str) -> None:
    assert asked_of(turn).kind == "everything"


@pytest.mark.parametrize(
    "turn",
    [
        "What did we talk about last time?",
        "what did I tell you yesterday",
        "Where did we leave off?",
        "do you remember our last talk?",
        "what were we talking about?",
    ],
)
def test_a_visitor_asks_for_the_last_talk(turn: str) -> None:
    assert asked_of(turn).kind == "last"


@pytest.mark.parametrize(
    "turn",
    [
        "Where do you live?",
        "What is your name?",
        "Do you have a dog?",
        "Who was Edison?",
        "What should I do?",
        "How can I build a motor?",
        "what do i do if a kid twists an ankle",
        "I live in Lisbon.",
        "Tell me about your pigeons.",
        "How do we see colours?",
        "",
    ],
)
def test_other_turns_ask_nothing_of_the_visitor(turn: str) -> None:
    assert asked_of(turn).kind == "nothing"


def told(*turns: str) -> list[Memory]:
    return [
        Memory(id=turn, text=turn, kind="episode", stage=0, source="Ann", when=f"{at:02}")
        for at, turn in enumerate(turns)
    ]


def test_later_news_of_the_same_takes_the_place_of_what_was_so() -> None:
    quiz = told("The quiz is at the Pickerel.", "My cat is ill.", "The quiz has moved to the Oak.")
    assert still_so(asked_of("Where is my quiz?"), quiz) == quiz[1:]


def test_who_asks_how_it_was_hears_all_of_it() -> None:
    quiz = told("The quiz is at the Pickerel.", "The quiz has moved to the Oak.")
    assert still_so(asked_of("Where was my quiz at first?"), quiz) == quiz


def test_a_note_is_found_by_what_was_said_before_it() -> None:
    alone, after = told("She runs a sari shop.", "She runs a shop.")
    after = replace(after, cue="And your mother?")
    asked = asked_of("What does my mother do?")
    assert nearness(asked, after) > nearness(asked, alone)


def test_the_newest_come_first_and_the_name_before_them(notes: list[Memory]) -> None:
    late = [replace(memory, when=f"{at:02}") for at, memory in enumerate(notes)]
    assert newest(late, 3, name_first=True) == [late[0], late[-1], late[-2]]
    assert newest(late, 2, name_first=False) == [late[-1], late[-2]]


def test_words_are_counted_without_their_endings() -> None:
    assert lemma("playing") == lemma("plays") == lemma("played") == lemma("play")
    assert lemma("living") == lemma("lives") == lemma("live")
    assert lemma("families") == lemma("family")
    assert lemmas("What's my dog called?") == lemmas("the dog's name")


def test_news_of_oneself_is_none_of_ones_sister() -> None:
    lives = told("The visitor's sister lives in Rome.", "The visitor moved to Porto, lives there.")
    assert still_so(asked_of("where does my sister live?"), lives) == lives
