"""Any LangChain chat model answers as an engine, with the persona's own prompt."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.chat_model import ChatModelEngine
from persllm.engine import Request, whole
from persllm.errors import AdapterError, EngineError
from persllm.messages import Message
from persllm.persona_catalog import find_persona


class Echo(BaseChatModel):
    """Says the first line of the system turn, the last turn and how it was asked."""

    fails: bool = False

    @property
    def _llm_type(self) -> str:
        return "echo"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 (LangChain's own)
    ) -> ChatResult:
        if self.fails:
            raise RuntimeError("no quota")
        first = messages[0].text.splitlines()[0] if messages[0].type == "system" else ""
        told = f"{first} {messages[-1].text} {kwargs['temperature']} {kwargs['max_tokens']}".strip()
        return ChatResult(generations=[ChatGeneration(message=AIMessage(told))])


def ask(text: str, *, temperature: float = 0.0) -> Request:
    return Request(messages=(Message("user", text),), max_tokens=9, temperature=temperature)


def test_requests_of_different_settings_come_back_in_order() -> None:
    engine = ChatModelEngine(Echo(), name="echo")
    replies = engine.generate([ask("a"), ask("b", temperature=0.5), ask("c")])
    assert [reply.text for reply in replies] == ["a 0.0 9", "b 0.5 9", "c 0.0 9"]
    assert whole(engine.stream(ask("d"))).text == "d 0.0 9"


def test_a_persona_is_rendered_as_for_our_own_bases() -> None:
    persona = find_persona("nikola-tesla")
    chat = ChatPersona(persona=persona, engine=ChatModelEngine(Echo(), name="echo"))
    said = chat.invoke("Who are you?").text
    assert said.startswith("You are Nikola Tesla.")
    assert "Who are you?" in said


def test_adapters_and_failures_are_told_in_our_words() -> None:
    request = Request(messages=(Message("user", "a"),), adapter=Path("somewhere"))
    with pytest.raises(AdapterError, match="runs no adapters"):
        ChatModelEngine(Echo(), name="echo").generate([request])
    with pytest.raises(EngineError, match="echo did not answer: no quota"):
        ChatModelEngine(Echo(fails=True), name="echo").generate([ask("a")])
