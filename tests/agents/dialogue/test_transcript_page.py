"""The page of a transcript: whole, safe and alone."""

import re
from dataclasses import replace

import pytest

from persllm.agents.dialogue.scenario import Event
from persllm.agents.dialogue.transcript import Passage
from persllm.agents.dialogue.transcript_page import initials, transcript_page
from tests.agents.dialogue.stage import EDISON, TESLA, held, member, scenario

FOREIGN = re.compile(r"(?:src|href|action)\s*=|url\(|@import|<script|<link|https?://", re.I)
LATE = "charles-darwin@early"
EVENTS = [
    Event(after=0, kind="enters", seat=LATE),
    Event(after=1, kind="aside", text="Hush.", seat="nikola-tesla@early", to=(LATE,)),
    Event(after=2, kind="note", text="Rain & wind."),
]
PLAY = scenario(TESLA, EDISON, member("charles-darwin", absent=True), events=EVENTS)


def test_the_page_tells_who_said_what_to_whom_and_from_what() -> None:
    turns = held(PLAY)
    passage = Passage(id="1", text="I lit the fair.", source="early/speech.md:4")
    turns[-1] = replace(turns[-1], recalled=(passage,), faults=("repeats",))
    page = transcript_page(PLAY, turns)
    places = [page.index(turn.text) for turn in turns if turn.kind == "speech"]
    assert places == sorted(places)
    assert "heard only by charles-darwin@early" in page
    assert "Charles Darwin comes in." in page and "Rain &amp; wind." in page
    assert "<li>I lit the fair. <i>(early/speech.md:4)</i></li>" in page
    assert "1 passage recalled" in page and "Faults: repeats." in page
    colours = re.findall(r'<li><span class="mark" style="background:([^"]+)"', page)
    assert len(set(colours)) == 3


def test_what_models_and_users_write_is_no_html() -> None:
    evil = "<script>alert(1)</script><img src=x>"
    turns = [
        replace(
            turn,
            text=evil,
            speaker="<b>T</b>",
            analysis="<i>a</i>$x",
            phase="<u>",
            recalled=(Passage(id="<s>", text=evil, source="<s>"),),
        )
        for turn in held(PLAY)
    ]
    page = transcript_page(replace(PLAY, setting="<em>", title="$title <h3>"), turns)
    assert not re.search(r"<script|<img|<b>T|<i>a|<u>|<s>|<em>|<h3>", page)
    assert "<h1>$title &lt;h3&gt;</h1>" in page


def test_the_page_loads_nothing_from_outside() -> None:
    assert not FOREIGN.search(transcript_page(PLAY, held(PLAY)))


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Nikola Tesla of 1893", "NT"),
        ("Ada", "A"),
        ("Jean le Rond d'Alembert", "JD"),
        ("林徽因", "林"),
        ("…", "?"),
    ],
)
def test_a_monogram_has_the_first_letters(name: str, letters: str) -> None:
    assert initials(name) == letters
