"""A talk on the terminal."""

import io

import pytest
from rich.console import Console

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.persona_catalog import find_persona
from persllm.ui.cli.actions.chat import _Talk


def test_a_talk_goes_on_after_a_turn_that_was_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ScriptedEngine("I feed them, sir.", context=300)
    chat = ChatPersona(persona=find_persona("nikola-tesla"), engine=engine, max_tokens=40)
    shown = io.StringIO()
    lines = f"Hello\n{'long ' * 500}\nDo you like pigeons?\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    _Talk(Console(file=shown, width=400), chat, show_recalled=False).hold()
    assert "error: what was said takes" in shown.getvalue()
    asked = [message.content for message in engine.asked[-1].messages[1:]]
    assert asked == ["Hello", "I feed them, sir.", "Do you like pigeons?"]
