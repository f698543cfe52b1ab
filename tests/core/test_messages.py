"""One rendering, for training and for serving."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm import messages
from persllm.messages import (
    ANALYSIS,
    RESPONSE,
    Message,
    ParsedReply,
    header,
    parse_reply,
    render,
    template_hash,
    write_reply,
)
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
    assert recalling[-1].content == "You recall:\n- First line.\n- Second.\n\nWhen?"
    assert plain[-1].content == "When?"


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
        ("[Analysis] They ask.", "", "They ask."),
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
    monkeypatch.setattr(messages, part, getattr(messages, part) + "~")
    assert template_hash() != before


def test_the_template_hash_needs_no_persona_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(template_hash()) == 64
