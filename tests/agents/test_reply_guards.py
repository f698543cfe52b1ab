"""Replies end at a sentence, and none is the turn before again; nothing else is changed."""

from collections.abc import Generator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.agents.reply_guards import (
    DRAWS,
    HELD_AFTER,
    Reading,
    ended_at_sentence,
    unlike_before,
)
from persllm.agents.reply_reading import FinishedReply

CUT = "I feed them. I have done so for years. My doves know me well and"
WORDS = st.lists(st.sampled_from(["I", "know", "doves.", "Why?", "so", "end!", "a\n"]), min_size=1)


def reading(text: str, finish: str = "stop", *, size: int = 0) -> Reading:
    """Read a text word by word, or in pieces of a size."""
    parts = [text[at : at + size] for at in range(0, len(text), size)] if size else []
    yield from parts or [word + " " for word in text.split()]
    return FinishedReply("", text.strip(), finish, 7, len(text.split()), 0, answered=True)


def read(of: Reading) -> tuple[str, FinishedReply]:
    """Return what was shown, and the reply as it ended."""
    shown = ""
    while True:
        try:
            shown += next(of)
        except StopIteration as ended:
            reply: FinishedReply = ended.value
            assert reply.response == shown.strip()
            return shown, reply


def ended(text: str, finish: str, most_tokens: int, *, size: int = 0) -> str:
    shown, reply = read(ended_at_sentence(reading(text, finish, size=size), most_tokens))
    assert (reply.finish, reply.prompt_tokens) == (finish, 7)
    return shown.strip()


def test_the_sentence_that_the_limit_cut_is_left_out() -> None:
    assert ended(CUT, "length", 14) == "I feed them. I have done so for years."


def test_a_reply_that_ended_by_itself_is_whole() -> None:
    assert ended(CUT, "stop", 14) == CUT


def test_a_first_sentence_is_shown_though_the_limit_cut_it() -> None:
    text = "My doves know me well and come to my window each day that"
    assert ended(text, "length", 12) == text


@pytest.mark.parametrize("mark", [".", "!", "?", "…", '."', "?)", "\n", "؟", "।"])
def test_sentences_end_in_many_ways(mark: str) -> None:
    first = f"My doves know me well enough to come{mark}"
    assert ended(f"{first} And then they", "length", 12, size=1) == first.strip()


@pytest.mark.parametrize("text", ["我喂鸽子。它们每天都来。我的", "私は鳩に餌をやる。そして"])
def test_sentences_end_without_a_space_too(text: str) -> None:
    # Nothing is held back where nothing is: such text is one word until it ends.
    assert text.startswith(ended(text, "length", 9, size=1))


def test_text_flows_word_by_word_before_the_limit_is_near() -> None:
    of = ended_at_sentence(reading(CUT, "length"), 1000)
    assert [next(of) for _ in range(3)] == ["I ", "feed ", "them. "]


@given(WORDS, st.sampled_from(["stop", "length"]), st.integers(1, 40), st.integers(1, 9))
def test_what_is_shown_is_the_beginning_of_the_reply(
    words: list[str], finish: str, most: int, size: int
) -> None:
    text = " ".join(words)
    shown = ended(text, finish, most, size=size)
    assert text.startswith(shown)
    assert shown
    if finish == "stop":
        assert shown == text.strip()


@given(st.lists(st.integers(1, 5), min_size=2, max_size=12), st.integers(1, 9))
def test_of_short_sentences_none_is_shown_in_part(lengths: list[int], size: int) -> None:
    sentences = [" ".join(["doves"] * length) + "." for length in lengths]
    whole = " ".join(sentences)
    text = f"{whole} My doves"
    most = len(text.split())
    # The limit cuts within the last words, so what is held back holds the last sentence's end.
    if HELD_AFTER * most > max(lengths) + 2 or HELD_AFTER * most < lengths[0]:
        assert ended(text, "length", most, size=size) == whole


@given(st.text(max_size=60), st.integers(1, 9), st.integers(1, 20))
def test_any_text_can_be_read(text: str, size: int, most: int) -> None:
    assert text.strip().startswith(ended(text, "length", most, size=size))


class Draws:
    """Draws each of some replies in turn, the last one again and again."""

    def __init__(self, *replies: str) -> None:
        self.replies = replies
        self.drawn: list[int] = []
        self.ended = 0

    def __call__(self, number: int) -> Reading:
        self.drawn.append(number)
        return self._read(self.replies[min(number, len(self.replies) - 1)])

    def _read(self, text: str) -> Generator[str, None, FinishedReply]:
        try:
            return (yield from reading(text))
        finally:
            self.ended += 1


def joined(draws: Draws, before: Sequence[str]) -> str:
    return read(unlike_before(draws, before))[0].strip()


def test_a_new_reply_is_drawn_once() -> None:
    draws = Draws("I feed them.")
    assert joined(draws, ["Do you feed pigeons?", "I never feed them."]) == "I feed them."
    assert draws.drawn == [0]


@pytest.mark.parametrize("again", ["I feed them.", "i feed  them", "I feed\nthem!"])
def test_an_earlier_turn_is_drawn_again(again: str) -> None:
    draws = Draws(again, "Every day.")
    assert joined(draws, ["I feed them."]) == "Every day."
    assert (draws.drawn, draws.ended) == ([0, 1], 2)


def test_what_goes_on_after_an_earlier_turn_is_no_repetition() -> None:
    draws = Draws("I feed them. Every day.", "no")
    assert joined(draws, ["I feed them."]) == "I feed them. Every day."


def test_what_only_begins_as_an_earlier_turn_is_no_repetition() -> None:
    assert joined(Draws("I feed", "no"), ["I feed them."]) == "I feed"


def test_after_some_draws_a_repetition_is_let_through() -> None:
    draws = Draws("I feed them.")
    assert joined(draws, ["I feed them."]) == "I feed them."
    assert draws.drawn == list(range(DRAWS))


@pytest.mark.parametrize("before", [[], [""], [" "]])
def test_without_turns_before_nothing_is_held_back(before: list[str]) -> None:
    assert next(unlike_before(Draws("I feed them."), before)) == "I "


def test_what_is_held_back_is_read_step_by_step() -> None:
    of = unlike_before(Draws("I feed them. Daily."), ["I feed them."])
    assert [next(of) for _ in range(4)] == ["", "", "", "I feed them. Daily. "]


def test_whoever_stops_reading_ends_the_draw() -> None:
    draws = Draws("I feed them.")
    of = unlike_before(draws, ["Every day."])
    next(of)
    of.close()
    assert (draws.drawn, draws.ended) == ([0], 1)


@given(
    replies=st.lists(st.sampled_from(["a b", "A, b!", "b", "c d e"]), min_size=DRAWS),
    before=st.lists(st.sampled_from(["a b", "b", "c d"])),
)
def test_the_first_reply_that_is_new_is_given(replies: list[str], before: list[str]) -> None:
    plain = {text: text.replace(",", "").replace("!", "").lower() for text in replies}
    new = [text for text in replies[: DRAWS - 1] if plain[text] not in before]
    assert joined(Draws(*replies), before) == (new[0] if new else replies[DRAWS - 1])
