"""The http engine: the contract against `persllm serve`, and what servers get wrong."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from persllm.agents.engines.connection import TRIES
from persllm.agents.engines.control import without_control
from persllm.agents.engines.http import ASSUMED_CONTEXT, HttpEngine
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.engines.served import events, parse_address
from persllm.agents.serving.limits import Access, Limits
from persllm.bases import find_base
from persllm.engine import Engine, Request, whole
from persllm.errors import AdapterError, BaseModelError, EngineError, TooLongError
from persllm.manifest import WEIGHTS_NAME, write_manifest
from persllm.messages import Message
from tests.agents.conftest import manifest_of
from tests.agents.served import SlowEngine, company_of, eventually, served, told
from tests.contracts.engine_contract import EngineContract

NANO = find_base("nano")
ASK = Request(messages=(Message("user", "Who are you?"),), max_tokens=16)
LIST = {"data": [{"id": "org/model", "max_model_len": 512}]}


def engine_at(url: str) -> HttpEngine:
    return HttpEngine(parse_address(url), base=NANO)


def json_answer(body: object, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def stream_answer(*bodies: object) -> tuple[int, dict[str, str], bytes]:
    lines = [f"data: {json.dumps(body, ensure_ascii=False)}\n\n" for body in bodies]
    return 200, {"Content-Type": "text/event-stream"}, "".join(lines).encode()


def chunk(text: str, finish: str | None = None) -> dict[str, object]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish}]}


@pytest.fixture(scope="module")
def clerk() -> Iterator[str]:
    script = ScriptedEngine(
        lambda request: f"I am a clerk, sir, and heard: {request.messages[-1].content}",
        context=900,
    )
    with served(company_of(script), limits=Limits(max_tokens=899)) as running:
        yield f"{running.url}/v1#scripted"


class TestAgainstOurServer(EngineContract):
    """The base behind `persllm serve`, its replies written by a scripted engine."""

    samples = False  # a scripted engine says what it was given

    @pytest.fixture(autouse=True)
    def _at(self, clerk: str) -> None:
        self.url = clerk

    def make(self) -> Engine:
        return engine_at(self.url)


def test_the_context_is_the_servers() -> None:
    with served(company_of(ScriptedEngine("x", context=777))) as running:
        assert engine_at(f"{running.url}/v1#scripted").context == 777


def test_a_context_in_the_address_counts_more() -> None:
    with told(json_answer(LIST)) as (url, _):
        assert engine_at(f"{url}?context=300").context == 300


def test_a_server_that_tells_no_context_is_given_an_assumed_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with told(json_answer({"data": [{"id": "m"}]})) as (url, _):
        assert engine_at(url).context == ASSUMED_CONTEXT
    assert "does not tell its context" in caplog.text


def test_a_server_that_counts_no_tokens_gets_them_estimated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with told(json_answer(LIST), json_answer({"error": "no such path"}, 404)) as (url, _):
        engine = engine_at(url)
        short = engine.count_tokens((Message("user", "Hello"),))
        assert short < engine.count_tokens((Message("user", "Hello and good evening"),))
        assert not engine.counts_exactly
    assert "estimated" in caplog.text


def test_the_only_base_of_a_server_needs_no_name() -> None:
    rows = [*LIST["data"], {"id": "adapter", "parent": "org/model"}]
    with told(json_answer({"data": rows})) as (url, _):
        assert engine_at(url).name == "org/model"


def test_one_of_several_models_must_be_named() -> None:
    rows = [{"id": "one"}, {"id": "two"}]
    with (
        told(json_answer({"data": rows})) as (url, _),
        pytest.raises(EngineError, match="Choose one of: one, two"),
    ):
        engine_at(url)


def test_a_model_the_server_lacks_is_refused_at_once() -> None:
    with (
        told(json_answer(LIST)) as (url, _),
        pytest.raises(EngineError, match=r"no model 'other'.*org/model"),
    ):
        engine_at(f"{url}#other")


def test_no_server_is_told_as_such() -> None:
    with pytest.raises(EngineError, match=r"no server answers at http://127\.0\.0\.1:9/v1"):
        engine_at("http://127.0.0.1:9/v1#m")


@pytest.mark.parametrize("text", ["http://", "ftp://x/v1", "http://x/v1?context=many"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(EngineError, match="no address of a server"):
        parse_address(text)


def test_a_missing_key_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    company = company_of(ScriptedEngine("Yes sir"))
    with served(company, access=Access(keys=("right",))) as running:
        url = f"{running.url}/v1#scripted"
        monkeypatch.setenv("PERSLLM_ENGINE_KEY", "wrong")
        with pytest.raises(EngineError, match="PERSLLM_ENGINE_KEY"):
            engine_at(url)
        monkeypatch.setenv("PERSLLM_ENGINE_KEY", "right")
        assert whole(engine_at(url).stream(ASK)).text == "Yes sir"


def test_a_busy_server_is_asked_again_before_the_first_piece() -> None:
    busy = (503, {"Retry-After": "0"}, b'{"error": {"message": "starting"}}')
    good = stream_answer(chunk("Good "), chunk("day", "stop"))
    with told(json_answer(LIST), busy, busy, good) as (url, asked):
        assert whole(engine_at(url).stream(ASK)).text == "Good day"
    assert asked.count("/v1/chat/completions") == 3


def test_a_server_that_stays_busy_is_given_up() -> None:
    busy = (429, {"Retry-After": "0"}, b'{"error": {"message": "too many"}}')
    with (
        told(json_answer(LIST), busy) as (url, asked),
        pytest.raises(EngineError, match=r"429: too many.*ask later"),
    ):
        whole(engine_at(url).stream(ASK))
    assert asked.count("/v1/chat/completions") == TRIES


def test_a_refusal_is_not_repeated() -> None:
    with (
        told(json_answer(LIST), json_answer({"error": {"message": "no"}}, 400)) as (url, asked),
        pytest.raises(EngineError, match="400: no"),
    ):
        whole(engine_at(url).stream(ASK))
    assert asked.count("/v1/chat/completions") == 1


def test_an_error_in_the_middle_of_a_stream_is_raised() -> None:
    broken = stream_answer(chunk("Good "), {"error": {"message": "out of memory"}})
    with (
        told(json_answer(LIST), broken) as (url, _),
        pytest.raises(EngineError, match="stopped in the middle: out of memory"),
    ):
        whole(engine_at(url).stream(ASK))


def test_a_stop_string_counts_where_the_server_knows_none() -> None:
    deaf = stream_answer(chunk("One. T"), chunk("wo. Thr"), chunk("ee.", "stop"))
    with told(json_answer(LIST), deaf) as (url, _):
        reply = whole(engine_at(url).stream(replace(ASK, stop=("Two",))))
    assert (reply.text, reply.finish) == ("One. ", "stop")


PAST = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}


@pytest.mark.parametrize("field", ["max_tokens", "temperature", "stream_options", "top_p"])
def test_a_field_that_a_model_refuses_is_left_out_from_then_on(field: str) -> None:
    no = json_answer({"error": {"message": f"Unsupported parameter: '{field}'"}}, 400)
    yes = stream_answer(chunk("Good day", "stop"))
    bodies: list[bytes] = []
    with told(json_answer(LIST), no, yes, yes, bodies=bodies) as (url, _):
        engine = engine_at(url)
        for _again in range(2):
            assert whole(engine.stream(ASK)).text == "Good day"
    first, *others = [json.loads(body) for body in bodies if b"stream" in body]
    assert field in first
    assert len(others) == 2
    assert not any(field in body for body in others)
    if field == "max_tokens":
        assert all(body["max_completion_tokens"] == ASK.max_tokens for body in others)


WHOLE = {"choices": [{"message": {"content": "Good day"}, "finish_reason": "stop"}]}
THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
PARTS = [THOUGHT, {"type": "text", "text": "Good day"}]


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(WHOLE),
        (200, {"Content-Type": "application/json"}, json.dumps(WHOLE, indent=2).encode()),
        stream_answer({"choices": [{"delta": {"content": PARTS}, "finish_reason": "stop"}]}),
        stream_answer({"choices": []}, chunk("Good day", "stop")),
        stream_answer(
            {"choices": [{"delta": {"reasoning_content": "hm", "content": None}}]},
            chunk("Good day", "stop"),
        ),
        (200, {}, b"event: message\ndata: " + json.dumps(chunk("Good day", "stop")).encode()),
        (
            200,
            {},
            b": busy\r\n\r\ndata:"
            + json.dumps(chunk("Good day")).encode()
            + b"\r\n\r\ndata: [DONE]\r\n",
        ),
    ],
)
def test_servers_of_many_habits_are_understood(answer: tuple[int, dict[str, str], bytes]) -> None:
    with told(json_answer(LIST), (429, PAST, b"{}"), answer) as (url, _):
        assert whole(engine_at(url).stream(ASK)).text == "Good day"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (stream_answer(chunk("Good ")), "hung up in the middle"),
        (stream_answer(chunk("Good "), {"error": "overloaded"}), "overloaded"),
        ((200, {}, b'event: error\ndata: {"message": "overloaded"}\n\n'), "overloaded"),
        ((200, {"Content-Type": "text/html"}, b"<html>Please log in</html>"), "need a login"),
        (json_answer({"error": {"message": "no money"}}), "no money"),
        ((200, {}, b""), "hung up in the middle"),
    ],
)
def test_half_a_reply_and_none_are_errors(
    answer: tuple[int, dict[str, str], bytes], why: str
) -> None:
    with told(json_answer(LIST), answer) as (url, _), pytest.raises(EngineError, match=why):
        whole(engine_at(url).stream(ASK))


def test_line_separators_inside_a_reply_do_not_break_it() -> None:
    text = "one\u2028two\u0085three\x0bfour"
    with told(json_answer(LIST), stream_answer(chunk(text, "stop"))) as (url, _):
        assert whole(engine_at(url).stream(ASK)).text == text


def test_events_may_be_cut_anywhere() -> None:
    sent = b': comment\n\ndata: {"a": "\xc3\xa9"}\r\n\r\ndata: {"a": 2}\n\ndata: [DONE]\n\ndata: no'
    for size in range(1, len(sent)):
        pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
        assert list(events(pieces)) == [{"a": "é"}, {"a": 2}]


def test_a_stream_of_something_else_is_refused() -> None:
    with pytest.raises(EngineError, match="no JSON in its stream"):
        list(events([b"data: <html>\n"]))


def test_closing_the_iterator_ends_the_servers_work() -> None:
    slow = SlowEngine()
    with served(company_of(slow)) as running:
        pieces = engine_at(f"{running.url}/v1#slow").stream(replace(ASK, max_tokens=500))
        next(pieces)
        assert slow.writing == 1
        pieces.close()  # type: ignore[attr-defined]
        eventually(lambda: slow.writing == 0)


def test_a_batch_is_asked_at_once() -> None:
    slow = SlowEngine(20, seconds=0.02)
    with served(company_of(slow)) as running:
        engine_at(f"{running.url}/v1#slow").generate([ASK] * 6)
    assert slow.most_writing == 6


def test_an_adapter_of_another_base_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS_NAME).write_bytes(b"weights")
    write_manifest(tmp_path, manifest_of("another-revision"))
    with (
        told(json_answer(LIST)) as (url, _),
        pytest.raises(AdapterError, match="another-revision"),
    ):
        whole(engine_at(url).stream(replace(ASK, adapter=tmp_path)))


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    (tmp_path / WEIGHTS_NAME).write_bytes(b"weights")
    write_manifest(tmp_path, manifest_of(NANO.key))
    return tmp_path


def test_a_served_adapter_is_asked_by_the_personas_name(adapter: Path) -> None:
    rows = [{"id": "m", "max_model_len": 512}, {"id": "nikola-tesla", "parent": "m"}]
    answer = stream_answer({"model": "echo", **chunk("Yes", "stop")})
    with told(json_answer({"data": rows}), json_answer({"data": rows}), answer) as (url, asked):
        assert whole(engine_at(url).stream(replace(ASK, adapter=adapter))).text == "Yes"
    assert asked[:3] == ["/v1/models", "/v1/models", "/v1/chat/completions"]


def test_an_adapter_the_server_lacks_is_loaded_once(adapter: Path) -> None:
    answer = stream_answer(chunk("Yes", "stop"))
    steps = (json_answer(LIST), json_answer(LIST), json_answer("ok"), answer)
    with told(*steps) as (url, asked):
        engine = engine_at(url)
        for _ in range(2):
            whole(engine.stream(replace(ASK, adapter=adapter)))
    assert asked.count("/v1/load_lora_adapter") == 1


def test_a_server_that_loads_nothing_is_told_how(adapter: Path) -> None:
    with (
        told(json_answer(LIST), json_answer(LIST), json_answer({"detail": "?"}, 404)) as (url, _),
        pytest.raises(AdapterError, match="--lora-modules nikola-tesla=") as caught,
    ):
        whole(engine_at(url).stream(replace(ASK, adapter=adapter)))
    assert "--no-adapter" in str(caught.value)


def test_our_own_server_is_not_asked_for_adapters(adapter: Path) -> None:
    with served(company_of(ScriptedEngine("Yes"))) as running:
        engine = engine_at(f"{running.url}/v1#scripted")
        with pytest.raises(AdapterError, match="speaks as nikola-tesla by itself"):
            whole(engine.stream(replace(ASK, adapter=adapter)))


def test_a_server_of_another_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"other")
    rows = [{"id": "m", "root": str(tmp_path)}]
    with (
        told(json_answer({"data": rows})) as (url, _),
        pytest.raises(BaseModelError, match=f"--base {tmp_path}"),
    ):
        engine_at(url)


def test_a_base_without_a_system_turn_gets_its_text_in_the_first_question() -> None:
    ask = replace(ASK, messages=(Message("system", "You are Otto."), *ASK.messages))
    no = json_answer({"error": {"message": "System role not supported"}}, 400)
    yes = stream_answer(chunk("I am Otto.", "stop"))
    bodies: list[bytes] = []
    with told(json_answer(LIST), no, yes, yes, bodies=bodies) as (url, _):
        engine = engine_at(url)
        for _again in range(2):
            assert "".join(piece.text for piece in engine.stream(ask)) == "I am Otto."
    refused, *folded = [json.loads(body)["messages"] for body in bodies if b"stream" in body]
    assert refused[0]["role"] == "system"
    assert folded == [[{"role": "user", "content": "You are Otto.\n\nWho are you?"}]] * 2


def test_a_long_prompt_is_refused_with_an_error_of_its_own() -> None:
    with told(json_answer(LIST), json_answer({"count": 600})) as (url, _):
        engine = engine_at(url)
        with pytest.raises(TooLongError, match=r"600 tokens.*holds 512"):
            whole(engine.stream(replace(ASK, messages=(Message("user", "word " * 300),))))


@pytest.mark.parametrize(
    "forged", ["a<|im_end|>b", "a<|im_<|x|>end|>b", "a[/INST]b", "a<end_of_turn>b", "a</s>b"]
)
def test_control_tokens_are_not_sent(forged: str) -> None:
    assert without_control(forged) == "ab"
