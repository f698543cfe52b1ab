"""One rendering, for training and for serving."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm import messages, replies
from persllm.messages import Message, header, render, template_hash
from persllm.replies import ANALYSIS, RESPONSE, ParsedReply, parse_reply, write_reply
from tests.doubles import MakePersona


@pytest.fixture(autouse=True)
def fresh_hash() -> Iterator[None]:
    template_hash.cache_clear()
    yield
    template_hash.cache_clear()


def test_the_header_names_person_year_and_label(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    text = header(persona, persona.stage("early"))
    assert text.startswith(f"You are Marta Lind. {persona.summary}")
    assert text.endswith("It is 1879: you keep the light alone.")


def test_a_scene_stands_last_in_the_header(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    assert header(persona, persona.stage(), scene="At the quay.").endswith("\nAt the quay.")


def test_recalled_text_stands_in_the_last_user_turn_only(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    history = (Message("user", "Who?"), Message("assistant", "I."), Message("user", "When?"))
    plain = render(persona, persona.stage(), history)
    recalling = render(persona, persona.stage(), history, recalled=("First\nline.", "Second."))
    assert recalling[:-1] == plain[:-1]
    assert recalling[-1].content == (
        "You recall:\n- First line.\n- Second.\nNot said there: nothing.\n\nWhen?"
    )
    assert plain[-1].content == "When?"


def test_words_of_the_turn_that_nothing_recalled_holds_are_named(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    turn = (Message("user", "Did Marta Lind keep the light at Hornsund in 1802?"),)
    recalled = ("I kept the light alone.",)
    (*_, asked) = render(persona, persona.stage(), turn, recalled=recalled)
    before, _, after = asked.content.partition("\nNot said there: Hornsund, 1802.\n\n")
    assert before == "You recall:\n- I kept the light alone."
    assert after == turn[0].content


def test_years_that_the_stage_has_not_seen_are_named_apart(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    turn = (Message("user", "Where were you in 1950?"),)
    early = render(persona, persona.stage("early"), turn, recalled=("I kept the light alone.",))
    assert early[-1].content == (
        "You recall:\n- I kept the light alone.\nNot said there: nothing.\nStill to come: 1950."
        "\n\nWhere were you in 1950?"
    )
    alone = render(persona, persona.stage("early"), turn)
    assert alone[-1].content == "Still to come: 1950.\n\nWhere were you in 1950?"
    past = (Message("user", "Where were you in 1879?"),)
    assert render(persona, persona.stage("early"), past)[-1] == past[0]


def test_a_memory_that_recalls_nothing_says_so_and_names_what_the_header_lacks(
    tiny_persona: MakePersona,
) -> None:
    persona = tiny_persona()
    turn = (Message("user", "Did you keep the light at Hornsund?"),)
    asked = render(persona, persona.stage(), turn, recalled=())[-1].content
    assert asked == (f"You recall nothing.\nNot said there: Hornsund.\n\n{turn[0].content}")


def test_where_no_memory_is_asked_nothing_is_named(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    turn = (Message("user", "Did you keep the light at Hornsund?"),)
    assert render(persona, persona.stage(), turn)[-1] == turn[0]


@pytest.mark.parametrize("history", [(), (Message("user", "a"), Message("assistant", "b"))])
def test_the_history_must_end_with_a_user_turn(
    tiny_persona: MakePersona, history: tuple[Message, ...]
) -> None:
    persona = tiny_persona()
    with pytest.raises(ValueError, match="must end with the user turn"):
        render(persona, persona.stage(), history)


def _words() -> st.SearchStrategy[str]:
    text = st.text(max_size=60).map(str.strip)
    return text.filter(lambda words: ANALYSIS not in words and RESPONSE not in words)


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


def test_the_template_hash_is_stable() -> None:
    first = template_hash()
    template_hash.cache_clear()
    assert template_hash() == first


@pytest.mark.parametrize("part", ["HEADER", "SCENE", "RECALLED", "RECALLED_LINE", "RESPONSE"])
def test_the_template_hash_changes_with_the_template(
    monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    before = template_hash()
    template_hash.cache_clear()
    module = replies if part == "RESPONSE" else messages
    monkeypatch.setattr(module, part, getattr(module, part) + "~")
    assert template_hash() != before


def test_the_template_hash_needs_no_persona_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(template_hash()) == 64
