"""One rendering, for training and for serving."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm import messages, replies
from persllm.base_profile import BaseProfile
from persllm.messages import (
    Message,
    Notes,
    debate_scene,
    header,
    prompt_hash,
    render,
)
from persllm.persona import Persona
from persllm.replies import ANALYSIS, ParsedReply, parse_reply, write_reply
from tests.doubles import MakePersona

PLAIN = BaseProfile(name="plain")
LAST = BaseProfile(name="last", keep_notes=False)
ANNOTATED = BaseProfile(name="annotated", annotated=True, keep_notes=False)
TALK = (Message("user", "Who?"), Message("assistant", "I."), Message("user", "When?"))


@pytest.fixture(autouse=True)
def fresh_hash() -> Iterator[None]:
    prompt_hash.cache_clear()
    yield
    prompt_hash.cache_clear()


def asked(
    persona: Persona, turn: str, *recalled: str, stage: str | None = None, memory: bool = True
) -> str:
    """Return the one user turn of a prompt with clues."""
    notes = {0: Notes(recalled)} if memory else None
    history = (Message("user", turn),)
    prompt = render(persona, persona.stage(stage), history, profile=ANNOTATED, notes=notes)
    return prompt[-1].content


def test_the_header_names_person_year_and_label(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    text = header(persona, persona.stage("early"))
    assert text.startswith(f"You are Marta Lind. {persona.summary}")
    assert text.endswith("It is 1879: you keep the light alone.")


def test_a_scene_stands_last_in_the_header(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    assert header(persona, persona.stage(), scene="At the quay.").endswith("\nAt the quay.")


def test_the_scene_of_a_debate_names_motion_and_side() -> None:
    scene = debate_scene("Machines will free us.", "against")
    assert '"Machines will free us."' in scene
    assert "You speak against it." in scene


def test_what_came_up_stands_before_its_own_turn(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    notes = {0: Notes(("First\nline.", "Second.")), 2: Notes(("Third.",))}
    prompt = render(persona, persona.stage(), TALK, profile=PLAIN, notes=notes)
    assert [message.content for message in prompt[1:]] == [
        "You recall:\n- First line.\n- Second.\n\nWho?",
        "I.",
        "You recall:\n- Third.\n\nWhen?",
    ]
    assert [message.role for message in prompt] == ["system", "user", "assistant", "user"]


def test_a_further_turn_leaves_the_prompt_before_it_as_it_was(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    first = render(persona, persona.stage(), TALK[:1], profile=PLAIN, notes={0: Notes(("One.",))})
    notes = {0: Notes(("One.",)), 2: Notes(("Two.",))}
    later = render(persona, persona.stage(), TALK, profile=PLAIN, notes=notes)
    assert later[: len(first)] == first


@pytest.mark.parametrize("profile", [LAST, ANNOTATED])
def test_a_base_that_keeps_no_notes_is_told_those_of_the_last_turn_only(
    tiny_persona: MakePersona, profile: BaseProfile
) -> None:
    persona = tiny_persona()
    notes = {0: Notes(("First.",)), 2: Notes(("Third.",))}
    _, first, reply, last = render(persona, persona.stage(), TALK, profile=profile, notes=notes)
    assert (first, reply) == TALK[:2]
    assert last.content.startswith("You recall:\n- Third.\n")


def test_what_a_visitor_told_stands_apart_and_first(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    notes = {2: Notes(("I kept the light.",), ("Ann told me: I sail.",))}
    prompt = render(persona, persona.stage(), TALK, profile=PLAIN, notes=notes)
    assert prompt[-1].content == (
        "You know of your visitor:\n- Ann told me: I sail.\nYou recall:\n- I kept the light."
        "\n\nWhen?"
    )


@pytest.mark.parametrize("notes", [None, {}, {0: Notes()}])
def test_a_plain_prompt_gives_no_clues(
    tiny_persona: MakePersona, notes: dict[int, Notes] | None
) -> None:
    persona = tiny_persona()
    turn = (Message("user", "Did you keep the light at Hornsund in 1950?"),)
    assert render(persona, persona.stage(), turn, profile=PLAIN, notes=notes)[1:] == turn


def test_a_plain_prompt_with_recalled_texts_gives_no_clues_either(
    tiny_persona: MakePersona,
) -> None:
    persona = tiny_persona()
    turn = (Message("user", "Did you keep the light at Hornsund in 1950?"),)
    notes = {0: Notes(("I kept the light alone.",))}
    text = render(persona, persona.stage(), turn, profile=PLAIN, notes=notes)[-1].content
    assert text == f"You recall:\n- I kept the light alone.\n\n{turn[0].content}"


def test_words_of_the_turn_that_nothing_recalled_holds_are_named(tiny_persona: MakePersona) -> None:
    turn = "Did Marta Lind keep the light at Hornsund in 1802?"
    assert asked(tiny_persona(), turn, "I kept the light alone.") == (
        f"You recall:\n- I kept the light alone.\nNot said there: Hornsund, 1802.\n\n{turn}"
    )


def test_years_that_the_stage_has_not_seen_are_named_apart(tiny_persona: MakePersona) -> None:
    persona, turn = tiny_persona(), "Where were you in 1950?"
    assert asked(persona, turn, "I kept the light alone.", stage="early") == (
        "You recall:\n- I kept the light alone.\nNot said there: nothing.\nStill to come: 1950."
        f"\n\n{turn}"
    )
    alone = asked(persona, turn, stage="early", memory=False)
    assert alone == f"Still to come: 1950.\n\n{turn}"
    past = "Where were you in 1879?"
    assert asked(persona, past, stage="early", memory=False) == past


def test_a_memory_that_recalls_nothing_says_so_and_names_what_the_header_lacks(
    tiny_persona: MakePersona,
) -> None:
    turn = "Did you keep the light at Hornsund?"
    assert asked(tiny_persona(), turn) == (
        f"You recall nothing.\nNot said there: Hornsund.\n\n{turn}"
    )


def test_where_no_memory_is_asked_nothing_is_named(tiny_persona: MakePersona) -> None:
    turn = "Did you keep the light at Hornsund?"
    assert asked(tiny_persona(), turn, memory=False) == turn


@pytest.mark.parametrize("history", [(), (Message("user", "a"), Message("assistant", "b"))])
def test_the_history_must_end_with_a_user_turn(
    tiny_persona: MakePersona, history: tuple[Message, ...]
) -> None:
    persona = tiny_persona()
    with pytest.raises(ValueError, match="must end with the user turn"):
        render(persona, persona.stage(), history, profile=PLAIN)


MARKS = re.compile(r"<\s*[/|a-z]|\[\s*/?(?:in|an|re)|analysis|response", re.IGNORECASE)
"""What markers are written with, whole or in part."""


def _words() -> st.SearchStrategy[str]:
    text = st.text(max_size=60).map(str.strip)
    return text.filter(lambda words: not set("[]<>") & set(words))  # markers begin so


@given(analysis=_words(), response=_words())
def test_a_written_reply_is_parsed_back(analysis: str, response: str) -> None:
    assert parse_reply(write_reply(analysis, response)) == ParsedReply(analysis, response)


@given(text=st.text(max_size=60))
def test_any_text_can_be_parsed(text: str) -> None:
    parsed = parse_reply(text)
    assert parsed.response.strip() == parsed.response


@pytest.mark.parametrize(
    ("text", "analysis", "response"),
    [
        ("I wept.", "", "I wept."),
        ("[Analysis] They ask.", "They ask.", ""),
        ("[Analysis] They ask. [Response] I wept.", "They ask.", "I wept."),
        ("[Response] I wept. [Response] Twice.", "", "I wept.  Twice."),
    ],
)
def test_markers_never_reach_the_listener(text: str, analysis: str, response: str) -> None:
    assert parse_reply(text) == ParsedReply(analysis, response)


@given(analysis=_words().filter(bool), response=_words())
def test_no_analysis_leaves_no_marker(analysis: str, response: str) -> None:
    assert write_reply("", response) == response
    assert write_reply(analysis, response).startswith(ANALYSIS)


@pytest.mark.parametrize("profile", [PLAIN, ANNOTATED])
def test_the_hash_is_stable(profile: BaseProfile) -> None:
    first = prompt_hash(profile)
    prompt_hash.cache_clear()
    assert prompt_hash(profile) == first


@pytest.mark.parametrize(
    ("profile", "part"),
    [
        *((PLAIN, part) for part in ("HEADER", "SCENE", "RECALLED", "RECALLED_LINE", "VISITOR")),
        *((ANNOTATED, part) for part in ("HEADER", "RECALLED", "NOTHING_RECALLED", "UNSAID")),
        *((profile, "RESPONSE") for profile in (PLAIN, ANNOTATED)),
        (ANNOTATED, "LATER"),
    ],
)
def test_the_hash_changes_with_what_shapes_the_prompt(
    monkeypatch: pytest.MonkeyPatch, profile: BaseProfile, part: str
) -> None:
    before = prompt_hash(profile)
    prompt_hash.cache_clear()
    module = replies if part == "RESPONSE" else messages
    monkeypatch.setattr(module, part, getattr(module, part) + "~")
    assert prompt_hash(profile) != before


@pytest.mark.parametrize("part", ["UNSAID", "LATER", "NOTHING_RECALLED"])
def test_the_hash_of_a_plain_base_does_not_change_with_clues_it_never_gets(
    monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    before = prompt_hash(PLAIN)
    prompt_hash.cache_clear()
    monkeypatch.setattr(messages, part, getattr(messages, part) + "~")
    assert prompt_hash(PLAIN) == before


def test_every_way_to_ask_and_answer_has_a_hash_of_its_own() -> None:
    ways = [
        PLAIN.changed({"annotated": annotated, "keep_notes": kept, "analysis": analysis})
        for annotated in (True, False)
        for kept in (True, False)
        for analysis in ("none", "short", "free", "forms")
    ]
    hashes = {prompt_hash(way) for way in ways}
    assert len(hashes) == len(ways)


@pytest.mark.parametrize(
    "change",
    [{"name": "other"}, {"temperature": 0.1}, {"passages": 1}, {"threads": 3}, {"preset": "nano"}],
)
def test_the_hash_does_not_change_with_what_shapes_no_prompt(change: dict[str, Any]) -> None:
    assert prompt_hash(PLAIN.changed(change)) == prompt_hash(PLAIN)


def test_the_hash_needs_no_persona_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(prompt_hash(PLAIN)) == 64
