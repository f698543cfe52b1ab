"""The shipped double keeps the engine contract."""

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.engine import Engine, Request, whole
from persllm.messages import Message
from tests.contracts.engine_contract import EngineContract


def _echo(request: Request) -> str:
    return f"You asked: {request.messages[-1].content} I say no more than that, my friend."


class TestScriptedEngine(EngineContract):
    samples = False

    def make(self) -> Engine:
        return ScriptedEngine(_echo)


def test_a_plain_string_is_said_every_time() -> None:
    engine = ScriptedEngine("Yes, always.")
    requests = [Request(messages=(Message("user", text),)) for text in ("One?", "Two?")]
    assert [reply.text for reply in engine.generate(requests)] == ["Yes, always."] * 2


def test_what_was_asked_is_kept_for_tests() -> None:
    engine = ScriptedEngine("Yes.")
    request = Request(messages=(Message("user", "Well?"),))
    whole(engine.stream(request))
    assert engine.asked == [request]
