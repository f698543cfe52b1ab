"""Guesses of what comes next: where they come from, and that no token depends on them."""

from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from persllm.agents.engines.lean.forward import Forward
from persllm.agents.engines.lean.lookup import LONGEST, PromptLookup
from persllm.agents.engines.local import LocalEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.bases import find_base
from persllm.engine import Request, whole
from persllm.messages import Message
from persllm.persona_catalog import find_persona

TOKENS = st.lists(st.integers(0, 3), max_size=40)


@given(TOKENS, TOKENS, st.integers(0, 20))
def test_a_guess_followed_the_same_two_tokens_before(
    prompt: list[int], reply: list[int], most: int
) -> None:
    lookup = PromptLookup(prompt)
    for token in reply:
        lookup.add(token)
    said = prompt + reply
    guess = lookup.guess(most)
    assert len(guess) <= min(most, LONGEST)
    wanted = [*said[-2:], *guess]
    places = range(len(said) - len(wanted) + 1)
    assert not guess or any(said[at : at + len(wanted)] == wanted for at in places)


def test_the_longest_match_is_followed_though_another_came_later() -> None:
    lookup = PromptLookup([1, 2, 3, 9, 8, 7, 0, 2, 3, 5, 5, 5, 1, 2])
    lookup.add(3)
    assert lookup.guess(3) == [9, 8, 7]


def test_what_never_stood_before_is_not_guessed() -> None:
    assert PromptLookup([1, 2, 3, 4]).guess(8) == []


def test_wrong_guesses_make_the_next_ones_short_until_one_is_right() -> None:
    lookup = PromptLookup([1, 2, 3, 4, 5, 6, 1, 2])
    lengths = []
    for right in (0, 0, 0, 1, 0):
        guess = lookup.guess(8)
        lengths.append(len(guess))
        lookup.judge(len(guess), right if guess else 0)
    assert lengths == [4, 2, 1, 0, 0]
    lookup.judge(1, 1)
    assert len(lookup.guess(8)) == 4


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Request]:
    """Return what two personas are asked: one recalls what it will say."""
    place = Runtime(RuntimeOptions(base="nano", runs=tmp_path_factory.mktemp("runs")))
    chats = [place.chat(find_persona(name)) for name in ("nikola-tesla", "ada-lovelace")]
    questions = ("Could your mother read?", "What is a machine to you?")
    ready = [chat.prepare([HumanMessage(text)]).request for text in questions for chat in chats]
    return [request for request in ready if request]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0.9, "seed": 5},
        {"temperature": 0.9, "top_p": 0.5, "seed": 6},
        {"logprobs": True},
        {"max_tokens": 7},
        {"stop": ("[Response]",)},
        {"end_circles": False},
    ],
    ids=repr,
)
def test_guesses_change_no_reply_alone_and_in_a_batch(
    asked: list[Request], settings: dict[str, object]
) -> None:
    requests = [replace(request, **settings) for request in asked]  # type: ignore[arg-type]
    guessing, plain = (LocalEngine(find_base("nano"), lookup=most) for most in (32, 0))
    alone = [whole(guessing.stream(request)) for request in requests]
    expected = [whole(plain.stream(request)) for request in requests]
    for reply in (*alone, *expected, *(together := guessing.generate(requests))):
        assert reply.new_tokens <= requests[0].max_tokens
    for one, two, three in zip(alone, expected, together, strict=True):
        assert (one.text, one.finish, one.new_tokens) == (two.text, two.finish, two.new_tokens)
        assert (three.text, three.finish) == (two.text, two.finish)
        for mine, theirs in zip(one.logprobs, two.logprobs, strict=True):
            assert mine.text == theirs.text
            assert mine.log_probability == pytest.approx(theirs.log_probability, abs=1e-3)


def passes(engine: LocalEngine, request: Request) -> tuple[int, int]:
    """Return how often the model ran, and how many tokens it wrote."""
    with mock.patch.object(Forward, "__call__", autospec=True, side_effect=Forward.__call__) as run:
        reply = whole(engine.stream(request))
    return run.call_count, reply.new_tokens


def test_a_reply_that_repeats_what_is_recalled_takes_fewer_steps(asked: list[Request]) -> None:
    steps, tokens = passes(LocalEngine(find_base("nano")), asked[0])
    assert tokens > 30
    assert steps < tokens / 2
    steps, tokens = passes(LocalEngine(find_base("nano"), lookup=0), asked[0])
    assert steps >= tokens


def test_wrong_guesses_leave_nothing_in_what_is_kept(asked: list[Request]) -> None:
    engine = LocalEngine(find_base("nano"))
    for request in asked:
        said = whole(engine.stream(request)).text
        turns = (Message("assistant", said), Message("user", "And then?"))
        longer = replace(request, messages=(*request.messages, *turns))
        before = engine.occupancy.reused_tokens
        again = whole(engine.stream(longer))
        assert engine.occupancy.reused_tokens - before > engine.count_tokens(request.messages)
        assert again == whole(LocalEngine(find_base("nano"), lookup=0).stream(longer))
