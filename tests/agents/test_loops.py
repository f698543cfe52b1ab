"""Replies that go in circles end; all others stay as they are, however they are cut into pieces."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persllm.agents.engines.local import LocalEngine
from persllm.agents.loops import unlooped
from persllm.agents.reply_chunks import replayed
from persllm.bases import find_base
from persllm.engine import Piece, Request, whole
from persllm.messages import Message, render
from persllm.persona_catalog import bundled, find_persona
from tests.doubles import NANO_PROFILE


def pieces(texts: Iterable[str]) -> Generator[Piece]:
    for text in texts:
        yield Piece(text)
    yield Piece("", "length", 3, 7)


def ended(*texts: str) -> str:
    return whole(unlooped(pieces(texts))).text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "It demands " + "thick copper mains " * 9,
            "It demands thick copper mains thick copper mains",
        ),
        ("I do not agree. " * 5, "I do not agree. I do not agree."),
        ("No. " + "the " * 30, "No." + " the" * 11),
        ("-" * 900, "-" * 401),
        (
            "[Analysis] I recall: " + "a lost key and " * 8,
            "[Analysis] I recall: a lost key and a lost key and",
        ),
    ],
)
def test_a_phrase_is_said_twice_at_most_when_it_would_go_on(text: str, kept: str) -> None:
    assert ended(text) == kept
    assert ended(*text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no! Tomorrow, and tomorrow, and tomorrow.",
        "I would not run it past my own henhouse. No: I would not run it past my own henhouse.",
        "Row, row, row your boat. Row, row, row your boat.",
        "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
        "ha ha ha ha ha ha ha ha ha ha ha! You are funny.",
        "hahahahahahahahaha, you are funny.",
        "哈哈哈哈哈哈哈哈哈哈哈，真的",
        "La la la la la la la la la la la, I sing.",
        "| a | b | c | d | e |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n| 1 | 2 |",
        "| --- | --- | --- | --- | --- | --- | --- |\n| x |",
        "Wait..................................... what?",
        "A third is 0.333333333333333333333333333333333333.",
    ],
)
def test_what_people_say_is_left_as_it_is(text: str) -> None:
    assert ended(text) == text
    assert ended(*text) == text


def test_text_flows_until_it_repeats_itself_and_the_counts_arrive() -> None:
    said = [piece.text for piece in unlooped(pieces(["I was born in Smiljan. ", "My father"]))]
    assert said == ["I was born in Smiljan. ", "My father", ""]
    reply = whole(unlooped(pieces(["round and round " * 20])))
    assert (reply.finish, reply.prompt_tokens, reply.new_tokens) == ("length", 3, 7)


def test_closing_ends_the_models_work() -> None:
    over = []

    def model() -> Generator[Piece]:
        try:
            yield from pieces(["one", "two"])
        finally:
            over.append(True)

    stream = unlooped(model())
    next(stream)
    stream.close()
    assert over == [True]


@settings(max_examples=200, deadline=None)
@given(
    st.text("ab ", max_size=40),
    st.text("abc ", min_size=1, max_size=20),
    st.integers(0, 12),
    st.text("abc ", max_size=20),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_pieces_of_any_size_give_the_same_reply(
    before: str, phrase: str, rounds: int, after: str, cuts: list[int]
) -> None:
    text = before + phrase * rounds + after
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[start:stop] for start, stop in pairwise(places)]
    kept = ended(text)
    assert ended(*parts) == ended(*text) == kept
    assert text.startswith(kept)


def test_the_local_engine_ends_a_circle_where_the_text_ends_and_only_if_asked() -> None:
    engine = LocalEngine(find_base("nano"))
    people = [find_persona(name) for name in bundled()]
    asked = [(person, question) for person in people for question in person.questions]
    for person, question in asked:
        prompt = render(person, person.stages[0], [Message("user", question)], profile=NANO_PROFILE)
        request = Request(messages=prompt, max_tokens=160)
        full = whole(engine.stream(request))
        kept = whole(unlooped(replayed(full))).text
        if kept == full.text:
            continue
        short = whole(engine.stream(replace(request, end_circles=True)))
        assert whole(unlooped(replayed(short))).text == kept
        assert short.new_tokens < full.new_tokens
        assert (short.finish, full.finish) == ("stop", "length")
        return
    pytest.fail(f"the nano base went in circles with none of {len(asked)} questions: ask others")
