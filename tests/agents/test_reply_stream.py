"""However a reply is cut into pieces, the response is shown and the analysis is not."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.agents.reply_stream import ReplyStream
from persllm.replies import ANALYSIS, parse_reply, write_reply

MARKS = re.compile(r"<\s*[/|a-z]|\[\s*/?(?:in|an|re)|analysis|response", re.IGNORECASE)
"""What markers are written with, whole or in part."""


def _plain(text: str) -> bool:
    return bool(text) and text == text.strip() and not MARKS.search(text)


WORDS = st.text(alphabet="ab [].\n", max_size=30) | st.text(max_size=30)
TEXTS = WORDS.map(str.strip).filter(_plain)
CUTS = st.lists(st.integers(0, 80), max_size=12)


def _cut(text: str, places: list[int]) -> list[str]:
    ends = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


def _shown(pieces: list[str]) -> list[str]:
    stream = ReplyStream()
    return [*(stream.feed(piece) for piece in pieces), stream.finish()]


@given(analysis=TEXTS, response=TEXTS, places=CUTS)
def test_exactly_the_response_is_shown(analysis: str, response: str, places: list[int]) -> None:
    pieces = _cut(write_reply(analysis, response), places)
    assert "".join(_shown(pieces)) == response


@given(analysis=TEXTS, response=TEXTS, places=CUTS)
def test_the_analysis_is_kept_apart(analysis: str, response: str, places: list[int]) -> None:
    stream = ReplyStream()
    for piece in _cut(write_reply(analysis, response), places):
        stream.feed(piece)
    assert stream.parsed.analysis == analysis


@given(analysis=TEXTS, places=CUTS)
def test_nothing_is_shown_before_the_response_begins(analysis: str, places: list[int]) -> None:
    stream = ReplyStream()
    assert not any(stream.feed(piece) for piece in _cut(f"{ANALYSIS} {analysis}", places))


@given(text=TEXTS, places=CUTS)
def test_plain_text_is_shown_as_it_is(text: str, places: list[int]) -> None:
    assert "".join(_shown(_cut(text, places))) == text


def test_a_response_is_shown_while_it_is_written() -> None:
    assert _shown(["[Analysis] a ", "[Response] One", " two", " three"]) == [
        "",
        "One",
        " two",
        " three",
        "",
    ]


def test_an_analysis_that_reached_no_response_is_never_shown() -> None:
    assert "".join(_shown(["[Analysis] I was", " cut off"])) == ""


def test_an_empty_reply_shows_nothing() -> None:
    assert _shown([]) == [""]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[Analysis] He asks. [Response] I feed them.<|im_end|>\n<|im_start|>user", "I feed them."),
        ("[Analysis] He asks. [Respon", ""),
        ("[Analysis] He asks.</s>", ""),
        ("[Analy", ""),
        ("[ANALYSIS] He asks. [ response ] I feed them.", "I feed them."),
        ("Analysis: He asks.\nResponse: I feed them.", "I feed them."),
        ("[Analysis He asks. [Response I feed them.", "I feed them."),
        ("<think>\nHe asks.\n</think>\n\nI feed them.", "I feed them."),
        ("<think>\n\n</think>\n\n[Analysis] He asks. [Response] I feed them.", "I feed them."),
        ("<think>He asks, and I", ""),
        ("I feed them.</think", "I feed them."),
        ("I feed them. [Analysis] He asks more. [Response] Daily.", "I feed them.  Daily."),
        ("I feed 3 < 5 of them [daily", "I feed 3 < 5 of them [daily"),
        ("Analyzing birds is my joy.", "Analyzing birds is my joy."),
        ("I feed them. <|im_start|>user", "I feed them."),
    ],
)
def test_only_the_reply_is_shown_however_it_is_written_and_cut(written: str, shown: str) -> None:
    assert "".join(_shown([written])) == shown
    assert "".join(_shown(list(written))) == shown
    assert parse_reply(written).response == shown


def test_a_thought_whose_beginning_the_template_wrote_is_no_reply() -> None:
    parsed = parse_reply("He asks of pigeons.\n</think>\n\nI feed them.")
    assert (parsed.analysis, parsed.response) == ("He asks of pigeons.", "I feed them.")
