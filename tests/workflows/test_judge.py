"""`persllm judge` over an OpenAI-compatible server on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from persllm.errors import DataError
from persllm.files import read_jsonl, write_jsonl
from persllm.persona import Persona
from persllm.ui.cli.actions.judge import run_judge
from persllm.workflows.evaluate import answers_path
from persllm.workflows.judge import JudgeOptions
from tests.doubles import MakePersona
from tests.training.test_judging import judges_by_length, rows_of

ITEMS = 3


class _Server(ThreadingHTTPServer):
    asked = 0
    babbles_every = 0
    """Each so-manieth reply is no JSON."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  # served by one

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = [HumanMessage(str(row["content"])) for row in body["messages"]]
        self.server.asked += 1
        every = self.server.babbles_every
        babbles = every and self.server.asked % every == 0
        said = "Let me see." if babbles else judges_by_length(messages)
        self._reply(body["model"], said)

    def _reply(self, model: str, said: str) -> None:
        reply: dict[str, Any] = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": said},
                }
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
        }
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    pytest.importorskip("langchain_openai", reason="pip install 'persllm[openai]'")
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def persona(tiny_persona: MakePersona, tmp_path: Path) -> Persona:
    made = tiny_persona()
    rows = [row.answer for row in rows_of(ITEMS)]
    fields = ("system", "item", "stage", "question", "answer", "reference", "right")
    written = [{name: getattr(row, name) for name in fields} for row in rows]
    write_jsonl(answers_path(tmp_path / "runs", made), written)
    return made


def judge(persona: Persona, *names: str, dry_run: bool = False, **options: Any) -> None:  # noqa: ANN401
    run_judge(
        str(persona.folder),
        judges=names,
        runs=persona.folder.parent / "runs",
        options=JudgeOptions(**options),
        dry_run=dry_run,
        as_json=True,
    )


def at(server: _Server, model: str = "small") -> str:
    return f"http://127.0.0.1:{server.server_port}/v1#{model}"


def test_a_server_judges_and_every_verdict_is_kept(
    server: _Server, persona: Persona, capsys: pytest.CaptureFixture[str]
) -> None:
    judge(persona, at(server), repeats=2)
    (told,) = json.loads(capsys.readouterr().out)
    assert [row["system"] for row in told["systems"]] == ["good", "fair", "same", "bad"]
    assert told["systems"][0]["figures"]["win rate"]["value"] == 1
    assert told["failed"] == 0
    assert told["agreement_with_measures"]["spearman"] > 0.7
    rows = list(
        read_jsonl(answers_path(persona.folder.parent / "runs", persona).parent / "judged.jsonl")
    )
    assert len(rows) == 4 * ITEMS
    assert rows[0]["accuracy"] == [5, 5]
    asked = server.asked
    judge(persona, at(server), repeats=2)
    assert server.asked == asked


def test_a_server_that_babbles_now_and_then_is_asked_again(
    server: _Server, persona: Persona, capsys: pytest.CaptureFixture[str]
) -> None:
    server.babbles_every = 7
    judge(persona, at(server), tasks=["accuracy"], at_once=1)
    (told,) = json.loads(capsys.readouterr().out)
    assert told["mended"] >= 1
    assert told["failed"] == 0


def test_a_dry_run_tells_the_calls_and_makes_none(
    persona: Persona, capsys: pytest.CaptureFixture[str]
) -> None:
    judge(persona, "openai:none", dry_run=True, repeats=2)
    calls = ITEMS + 2 * (4 * ITEMS + ITEMS + 5 * 4 * ITEMS)
    assert f"{calls} calls" in capsys.readouterr().err


def test_an_unknown_task_or_no_answers_are_refused(
    persona: Persona, tiny_persona: MakePersona, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no task is called praise"):
        judge(persona, "openai:none", tasks=["praise"])
    answers_path(tmp_path / "runs", persona).unlink()
    with pytest.raises(DataError, match="persllm eval"):
        judge(persona, "openai:none")
