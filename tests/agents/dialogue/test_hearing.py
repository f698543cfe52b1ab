"""Hearing: nobody is told what was not said to him, whoever comes, goes and whispers."""

from hypothesis import given, settings
from hypothesis import strategies as st

from persllm.agents.dialogue.play import Play, Said
from persllm.agents.dialogue.scenario import Event
from persllm.agents.dialogue.transcript import SPEECH
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.base_profile import BaseProfile
from tests.agents.dialogue.stage import (
    EDISON,
    TESLA,
    asked_as,
    by_seed,
    held,
    member,
    prompt,
    scenario,
    speeches,
    voices,
)

DARWIN = member("charles-darwin", absent=True)
LATE = "charles-darwin@early"
NAMES = {
    "nikola-tesla@early": "Nikola Tesla",
    "thomas-edison@early": "Thomas Edison",
    LATE: "Charles Darwin",
}


def test_who_comes_later_hears_nothing_of_before() -> None:
    engine = ScriptedEngine(by_seed)
    came = Event(after=2, kind="enters", seat=LATE)
    turns = held(scenario(TESLA, EDISON, DARWIN, count=5, events=[came]), engine)
    assert LATE not in speeches(turns[:2]) and LATE in speeches(turns)
    first = prompt(asked_as(engine, "Charles Darwin")[0])
    assert turns[0].text not in first and turns[1].text not in first
    assert "(Charles Darwin comes in.)" in prompt(engine.asked[-1])


def test_who_has_left_neither_hears_nor_speaks() -> None:
    engine = ScriptedEngine(by_seed)
    events = [
        Event(after=0, kind="enters", seat=LATE),
        Event(after=3, kind="leaves", seat=LATE),
    ]
    turns = held(scenario(TESLA, EDISON, DARWIN, count=8, events=events), engine)
    assert speeches(turns).count(LATE) == 1
    assert all(LATE not in turn.heard_by for turn in turns[-4:])
    assert "With you: Thomas Edison.\n" in prompt(asked_as(engine, "Nikola Tesla")[-1])


def test_a_whisper_is_heard_by_whom_it_is_meant_for() -> None:
    engine = ScriptedEngine(by_seed)
    events = [
        Event(after=0, kind="enters", seat=LATE),
        Event(after=1, kind="aside", text="Hush.", seat="nikola-tesla@early", to=(LATE,)),
    ]
    turns = held(scenario(TESLA, EDISON, DARWIN, count=6, events=events), engine)
    (whisper,) = [turn for turn in turns if turn.aside]
    assert whisper.heard_by == ("nikola-tesla@early", LATE)
    assert "Nikola Tesla: (aside, to you) Hush." in prompt(asked_as(engine, "Charles Darwin")[-1])
    assert "Hush." in prompt(asked_as(engine, "Nikola Tesla")[-1])
    assert all("Hush." not in prompt(each) for each in asked_as(engine, "Thomas Edison"))


def test_notes_and_news_reach_all_and_are_nobodys_words() -> None:
    engine = ScriptedEngine(by_seed)
    events = [
        Event(after=1, kind="note", text="The lamp goes out."),
        Event(after=2, kind="fact", text="It was Edison's."),
    ]
    turns = held(scenario(events=events), engine)
    assert [turn.kind for turn in turns].count(SPEECH) == 4
    last = engine.asked[-1].messages[-1].content
    assert last.startswith("(News: It was Edison's.)")
    assert "(The lamp goes out.)" in prompt(engine.asked[1])


SMALL = BaseProfile(name="small", heard_words=4)
WORDY = "The lamp is mine. Nobody else has ever made one that burns so long."


def test_a_small_base_is_told_the_point_alone_and_no_name() -> None:
    engine = ScriptedEngine(lambda request: f"{WORDY} Number {len(engine.asked)}.")
    turns = held(scenario(TESLA, EDISON, member("marie-curie")), engine, SMALL)
    assert turns[0].answers == ""
    assert [turn.answers for turn in turns[1:]] == ["The lamp is mine.", "Number 2.", "Number 3."]
    assert engine.asked[1].messages[-1].content.startswith("The lamp is mine.\n")
    told = [message.content for message in engine.asked[3].messages]
    assert told[1] == engine.asked[0].messages[1].content
    assert told[3].startswith("Number 3.\n")


def test_a_person_is_heard_whole_by_every_base() -> None:
    engine = ScriptedEngine(by_seed)
    play = scenario(member("human:Ann", role="interviewer"), TESLA, format="interview", count=1)
    list(Play(play, voices(play, engine, SMALL)).go_on(lambda seat: Said(WORDY)))
    assert engine.asked[0].messages[-1].content.startswith(WORDY)


EVENTS = st.builds(
    lambda after, kind, seat, to: Event(
        after=after,
        kind=kind,
        text=f"{kind} {after} {seat} {to}" if kind in ("aside", "note") else "",
        seat=seat if kind != "note" else "",
        to=tuple(sorted(to)) if kind in ("aside", "note") else (),
    ),
    st.integers(0, 6),
    st.sampled_from(["enters", "leaves", "aside", "note"]),
    st.sampled_from(sorted(NAMES)),
    st.sets(st.sampled_from(sorted(NAMES)), min_size=1),
)


@settings(max_examples=25)
@given(st.lists(EVENTS, max_size=6))
def test_no_prompt_ever_holds_what_its_speaker_did_not_hear(events: list[Event]) -> None:
    engine = ScriptedEngine(by_seed)
    turns = held(scenario(TESLA, EDISON, DARWIN, count=6, events=events), engine)
    for id_, name in NAMES.items():
        unheard = [t.text for t in turns if id_ not in t.heard_by and t.seat != id_ and t.text]
        heard = [t.text for t in turns if id_ in t.heard_by or t.seat == id_]
        for request in asked_as(engine, name):
            told = prompt(request)
            assert not [text for text in unheard if text in told and text not in heard]
