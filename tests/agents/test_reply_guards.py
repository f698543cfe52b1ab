"""Replies end at a sentence, and none is the turn before again; nothing else is changed."""

from collections.abc import Generator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.agents.reply_guards import DRAWS, SENTENCE_END, ended_at_sentence, unlike_before
from persllm.engine import Piece
from persllm.messages import parse_reply

CUT = "I feed them. I have done so for years. My doves know me well and"


def written(text: str, finish: str = "stop", *, cuts: Sequence[int] = ()) -> Generator[Piece]:
    """Write a text word by word, or in pieces that end at `cuts`."""
    if cuts:
        ends = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
        parts = [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    else:
        parts = [word + " " for word in text.split()]
    yield from map(Piece, parts)
    yield Piece("", finish, 7, len(parts))


def ended(text: str, finish: str, most_tokens: int, *, cuts: Sequence[int] = ()) -> str:
    pieces = list(ended_at_sentence(written(text, finish, cuts=cuts), most_tokens))
    assert (pieces[-1].finish, pieces[-1].prompt_tokens) == (finish, 7)
    return "".join(piece.text for piece in pieces)


def test_the_sentence_that_the_limit_cut_is_left_out() -> None:
    assert ended(CUT, "length", 14).rstrip() == "I feed them. I have done so for years."


def test_a_reply_that_ended_by_itself_is_whole() -> None:
    assert ended(CUT, "stop", 14).rstrip() == CUT


def test_a_first_sentence_is_shown_though_the_limit_cut_it() -> None:
    text = "My doves know me well and come to my window each day that"
    assert ended(text, "length", 12).rstrip() == text


def test_a_first_sentence_after_an_analysis_is_shown_though_the_limit_cut_it() -> None:
    text = "[Analysis] He asks of doves. I love them. [Response] My doves know me well and come to"
    shown = ended(text, "length", 16)
    assert parse_reply(shown).response == "My doves know me well and come to"


def test_sentences_of_an_analysis_are_none_of_the_reply() -> None:
    text = "[Analysis] He asks. [Response] I feed them. My doves know me and"
    assert parse_reply(ended(text, "length", 12)).response == "I feed them."


def test_an_analysis_that_the_limit_cut_is_whole() -> None:
    text = "[Analysis] He asks of doves. I might say that"
    assert ended(text, "length", 9).rstrip() == text


@pytest.mark.parametrize("mark", [".", "!", "?", "…", '."', "?)", "\n", "؟", "।"])
def test_sentences_end_in_many_ways(mark: str) -> None:
    first = f"My doves know me well enough to come{mark}"
    assert ended(f"{first} And then they", "length", 12, cuts=range(99)).rstrip() == first.rstrip()


def test_text_flows_word_by_word_before_the_limit_is_near() -> None:
    pieces = ended_at_sentence(written(CUT, "length"), 1000)
    assert [piece.text for piece in pieces][:3] == ["I ", "feed ", "them. "]


WORDS = st.lists(st.sampled_from(["I", "know", "doves.", "Why?", "so", "end!", "a\n"]), min_size=1)


@given(words=WORDS, finish=st.sampled_from(["stop", "length"]), most=st.integers(1, 40))
def test_what_is_shown_is_the_beginning_of_the_reply(
    words: list[str], finish: str, most: int
) -> None:
    text = " ".join(words)
    shown = ended(text, finish, most, cuts=range(0, len(text), 3))
    assert text.startswith(shown)
    if finish == "stop":
        assert shown == text


@given(words=WORDS, most=st.integers(1, 40))
def test_no_later_sentence_is_shown_in_part(words: list[str], most: int) -> None:
    # Every sentence ends within the words that are held back.
    sentences = [" ".join([*words[at : at + 2], "end."]) for at in range(0, len(words), 2)]
    text = " ".join([*sentences, "My doves"])
    most = min(most, len(text.split()))
    shown = ended(text, "length", most, cuts=range(0, len(text), 3))
    if most * 0.45 > 6 and len(text.split()) > most:
        last = [end.end() for end in SENTENCE_END.finditer(text)][-1]
        assert shown == text[:last]


@given(text=st.text(max_size=60), cuts=st.lists(st.integers(0, 60)), most=st.integers(1, 20))
def test_pieces_may_be_of_any_size(text: str, cuts: list[int], most: int) -> None:
    assert text.startswith(ended(text, "length", most, cuts=[0, *cuts]))


class Draws:
    """Draws each of some replies in turn, the last one again and again."""

    def __init__(self, *replies: str) -> None:
        self.replies = replies
        self.drawn: list[int] = []
        self.ended = 0

    def __call__(self, number: int) -> Generator[Piece]:
        self.drawn.append(number)
        try:
            yield from written(self.replies[min(number, len(self.replies) - 1)])
        finally:
            self.ended += 1


def joined(draws: Draws, before: Sequence[str]) -> str:
    return "".join(piece.text for piece in unlike_before(draws, before)).rstrip()


def test_a_new_reply_is_drawn_once() -> None:
    draws = Draws("I feed them.")
    assert joined(draws, ["Do you feed pigeons?", "I never feed them."]) == "I feed them."
    assert draws.drawn == [0]


@pytest.mark.parametrize("again", ["I feed them.", "i feed  them", "I feed\nthem!"])
def test_an_earlier_turn_is_drawn_again(again: str) -> None:
    draws = Draws(again, "Every day.")
    assert joined(draws, ["I feed them."]) == "Every day."
    assert draws.drawn == [0, 1]


def test_what_goes_on_after_an_earlier_turn_is_no_repetition() -> None:
    draws = Draws("I feed them. Every day.", "no")
    assert joined(draws, ["I feed them."]) == "I feed them. Every day."


def test_what_only_begins_as_an_earlier_turn_is_no_repetition() -> None:
    assert joined(Draws("I feed", "no"), ["I feed them."]) == "I feed"


def test_the_response_is_compared_and_not_the_analysis() -> None:
    draws = Draws("[Analysis] Hm. [Response] I feed them.", "[Analysis] So. [Response] Daily.")
    assert joined(draws, ["I feed them."]) == "[Analysis] So. [Response] Daily."


def test_an_analysis_that_is_an_earlier_turn_is_no_repetition() -> None:
    draws = Draws("[Analysis] I feed them. [Response] Daily.", "no")
    assert joined(draws, ["I feed them."]) == "[Analysis] I feed them. [Response] Daily."


def test_after_some_draws_a_repetition_is_let_through() -> None:
    draws = Draws("I feed them.")
    assert joined(draws, ["I feed them."]) == "I feed them."
    assert draws.drawn == list(range(DRAWS))


@pytest.mark.parametrize("before", [[], [""], [" "]])
def test_without_turns_before_nothing_is_held_back(before: list[str]) -> None:
    pieces = unlike_before(Draws("I feed them."), before)
    assert next(pieces).text == "I "


def test_whoever_stops_reading_ends_the_draw() -> None:
    draws = Draws("I feed them.")
    pieces = unlike_before(draws, ["I feed them."])
    next(pieces)
    pieces.close()
    assert (draws.drawn, draws.ended) == ([0], 1)


@given(
    replies=st.lists(st.sampled_from(["a b", "A, b!", "b", "c d e"]), min_size=DRAWS),
    before=st.lists(st.sampled_from(["a b", "b", "c d"])),
)
def test_the_first_reply_that_is_new_is_given(replies: list[str], before: list[str]) -> None:
    plain = {text: text.replace(",", "").replace("!", "").lower() for text in replies}
    new = [text for text in replies[: DRAWS - 1] if plain[text] not in before]
    assert joined(Draws(*replies), before) == (new[0] if new else replies[DRAWS - 1])
