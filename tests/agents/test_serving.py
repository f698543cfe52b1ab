"""`persllm serve` as clients see it: OpenAI's shapes, refusals, users, and hanging up."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from langchain_openai import ChatOpenAI
from openai import BadRequestError, OpenAI

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.serving.limits import Access, Limits
from persllm.engine import Request
from persllm.errors import EngineError
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from tests.agents.served import SlowEngine, company_of, eventually, served
from tests.contracts.memory_contract import HashedWords, new_persona

REPLY = "[Analysis] He asks of pigeons. [Response] I feed them, sir."
SAID = [{"role": "user", "content": "Do you like pigeons?"}]
SMALL = Limits(body_bytes=20_000)


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine(REPLY)


@pytest.fixture(scope="module")
def url(engine: ScriptedEngine) -> Iterator[str]:
    with served(company_of(engine), limits=SMALL) as running:
        yield running.url


def post(url: str, body: object, **more: Any) -> httpx.Response:  # noqa: ANN401 (httpx's own)
    return httpx.post(f"{url}/v1/chat/completions", json=body, timeout=30, **more)


def ask(url: str, **fields: object) -> httpx.Response:
    return post(url, {"model": "nikola-tesla", "messages": SAID, **fields})


def streamed(url: str, **fields: object) -> list[dict[str, Any]]:
    lines = ask(url, stream=True, **fields).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


def test_base_personas_and_stages_are_listed(url: str) -> None:
    rows = httpx.get(f"{url}/v1/models").json()["data"]
    assert [(row["id"], row["parent"]) for row in rows] == [
        ("scripted", None),
        ("nikola-tesla", "scripted"),
        ("nikola-tesla@early", "scripted"),
        ("nikola-tesla@late", "scripted"),
    ]


def test_one_model_can_be_looked_up(url: str) -> None:
    assert httpx.get(f"{url}/v1/models/nikola-tesla@late").json()["id"] == "nikola-tesla@late"
    assert httpx.get(f"{url}/v1/models/nobody").status_code == 404


def test_a_persona_answers_without_its_analysis(url: str) -> None:
    body = ask(url).json()
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "I feed them, sir."}
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["persllm"]["analysis"] == "He asks of pigeons."
    usage = body["usage"]
    assert usage["completion_tokens"] == len(REPLY.split())
    assert usage["completion_tokens_details"] == {"reasoning_tokens": len(REPLY.split()) - 4}
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_joined_is_the_whole_answer(url: str) -> None:
    events = streamed(url)
    deltas = [event["choices"][0]["delta"] for event in events]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("content", "") for delta in deltas) == "I feed them, sir."
    assert [e["choices"][0]["finish_reason"] for e in events][-2:] == [None, "stop"]
    assert len({event["id"] for event in events}) == 1


def test_a_stream_counts_tokens_only_where_asked(url: str) -> None:
    assert all(event["choices"] for event in streamed(url))
    counted = streamed(url, stream_options={"include_usage": True})[-1]
    assert counted["choices"] == []
    assert counted["usage"]["completion_tokens"] == len(REPLY.split())


def test_the_name_alone_is_the_first_stage(url: str, engine: ScriptedEngine) -> None:
    for model, year in (("nikola-tesla", "1893"), ("nikola-tesla@late", "1937")):
        ask(url, model=model)
        assert f"It is {year}:" in engine.asked[-1].messages[0].content


def test_the_base_gets_messages_as_they_are(url: str, engine: ScriptedEngine) -> None:
    ask(url, model="scripted")
    assert [m.as_dict() for m in engine.asked[-1].messages] == SAID


def test_a_system_message_becomes_the_scene(url: str, engine: ScriptedEngine) -> None:
    parts = [{"type": "text", "text": "Do you"}, {"type": "text", "text": "like pigeons?"}]
    rows = [{"role": "system", "content": "It rains."}, {"role": "user", "content": parts}]
    assert post(url, {"model": "nikola-tesla", "messages": rows}).status_code == 200
    system, turn = engine.asked[-1].messages
    assert system.content.startswith("You are Nikola Tesla.")
    assert system.content.endswith("\nIt rains.")
    assert turn.content == "Do you\nlike pigeons?"


def test_sampling_fields_reach_the_engine(url: str, engine: ScriptedEngine) -> None:
    ask(url, temperature=0.5, top_p=0.25, seed=7)
    asked = engine.asked[-1]
    assert (asked.temperature, asked.top_p, asked.seed) == (0.5, 0.25, 7)
    ask(url, model="scripted", max_completion_tokens=9, stop=["sir"])
    assert (engine.asked[-1].max_tokens, engine.asked[-1].stop) == (9, ("sir",))


@pytest.mark.parametrize(
    ("fields", "said", "finish"),
    [
        ({"stop": ["pigeons"]}, "I feed them, sir.", "stop"),
        ({"stop": ["them"]}, "I feed ", "stop"),
        ({"max_tokens": 2}, "I feed ", "length"),
        ({"max_completion_tokens": 2}, "I feed ", "length"),
    ],
)
def test_stop_and_most_tokens_mean_the_reply_and_not_the_analysis(
    url: str, fields: dict[str, Any], said: str, finish: str
) -> None:
    choice = ask(url, **fields).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (said, finish)
    deltas = [event["choices"][0]["delta"] for event in streamed(url, **fields)]
    assert "".join(delta.get("content", "") for delta in deltas) == said


def test_fields_that_nobody_knows_are_ignored(url: str) -> None:
    assert ask(url, min_p=0.1, logit_bias={}, presence_penalty=0, chat_id="x").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("logprobs", True),
        ("tools", [{"type": "function", "function": {"name": "add"}}]),
        ("functions", [{"name": "add"}]),
        ("response_format", {"type": "json_object"}),
        ("max_tokens", 0),
        ("max_tokens", 10**400),
        ("max_tokens", "many"),
        ("temperature", -1),
        ("temperature", 3),
        ("top_p", 0),
        ("stop", ["x"] * 17),
        ("messages", []),
        ("messages", "Hello"),
        ("messages", [{"role": "tool", "content": "4"}]),
        ("messages", [{"role": "user", "content": [{"type": "image_url"}]}]),
        ("messages", [{"role": "user", "content": "a " * 5000}]),
        ("user", "x" * 65),
        ("user", "two\nlines"),
        ("model", None),
    ],
)
def test_a_wrong_field_is_refused_by_name(url: str, field: str, value: object) -> None:
    for stream in (False, True):
        answer = ask(url, **{"stream": stream, field: value})
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["param"] == field
        assert error["message"]
        assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_a_limit_beyond_the_servers_is_the_servers(
    url: str, engine: ScriptedEngine, field: str
) -> None:
    assert ask(url, model="scripted", **{field: 10**6}).status_code == 200
    assert engine.asked[-1].max_tokens == engine.context // 2


SCENE = {"role": "system", "content": "It rains."}
OPENED = {"role": "assistant", "content": "Good evening."}
NUDGE = {"role": "system", "content": "[Write the next reply only as Nikola Tesla.]"}


@pytest.mark.parametrize(
    ("rows", "turn"),
    [
        ([SCENE, OPENED, *SAID], "Do you like pigeons?"),
        ([SCENE, *SAID, NUDGE], "Do you like pigeons?"),
        ([SCENE, *SAID, OPENED, NUDGE], NUDGE["content"]),
        ([SCENE, *SAID, OPENED], "Please go on."),
        ([SCENE, *SAID, OPENED, {"role": "user", "content": " "}], "Please go on."),
        ([SCENE], "Hello."),
        ([{"role": "user", "content": ""}], "Hello."),
    ],
)
def test_a_last_turn_that_is_not_the_users_is_answered_and_not_remembered(
    rows: list[dict[str, str]], turn: str
) -> None:
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    engine = ScriptedEngine("Yes sir")
    with served(company_of(engine, memory=store, recall=0)) as running:
        answer = post(running.url, {"model": "nikola-tesla", "messages": rows, "user": "ann"})
    assert answer.status_code == 200
    assert engine.asked[-1].messages[-1].content.endswith(turn)
    assert store.count() == 0  # neither nudges nor questions


CALL = {"id": "1", "type": "function", "function": {"name": "t", "arguments": "{}"}}
THOUGHT = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Good evening."}]
KEPT_OF_OTHERS: dict[str, list[dict[str, Any]]] = {
    "a tool's answer": [
        {"role": "user", "content": "Time?"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "12:00"},
        {"role": "assistant", "content": "Noon."},
        *SAID,
    ],
    "a function's answer": [{"role": "function", "name": "f", "content": "x"}, *SAID],
    "a thought": [{"role": "assistant", "content": THOUGHT}, *SAID],
    "an empty turn to be filled": [*SAID, {"role": "assistant", "content": ""}],
    "an empty turn in between": [*SAID, {"role": "assistant", "content": None}, *SAID],
}


@pytest.mark.parametrize("what", KEPT_OF_OTHERS)
def test_what_clients_keep_of_other_models_is_left_out(
    url: str, engine: ScriptedEngine, what: str
) -> None:
    answer = post(url, {"model": "nikola-tesla", "messages": KEPT_OF_OTHERS[what]})
    assert answer.status_code == 200, answer.text
    turns = engine.asked[-1].messages
    assert turns[-1].role == "user"
    assert turns[-1].content.endswith("Do you like pigeons?")
    assert not [turn for turn in turns if turn.content in ("", "12:00", "x", "hm")]


@pytest.mark.parametrize(
    "fields",
    [
        {"user": 12},
        {"stream": True, "stream_options": {"include_usage": None}},
        {"messages": [{**SAID[0], "name": "A" * 70}]},
        {"messages": [{**SAID[0], "name": "Ann\nSmith"}]},
        {"messages": [{**SAID[0], "name": ""}]},
    ],
)
def test_what_clients_write_loosely_is_understood(
    url: str, engine: ScriptedEngine, fields: dict[str, Any]
) -> None:
    assert ask(url, **fields).status_code == 200
    assert "Ann\nSmith" not in engine.asked[-1].messages[-1].content


def test_a_long_scene_is_shortened_and_not_refused(url: str, engine: ScriptedEngine) -> None:
    rows = [{"role": "system", "content": "It rains. " * 1000}, *SAID]
    answer = post(url, {"model": "nikola-tesla", "messages": rows})
    assert answer.status_code == 200
    system = engine.asked[-1].messages[0].content
    assert "It rains." in system
    assert len(system.split()) < engine.context // 3


def test_all_wrong_fields_are_listed_at_once(url: str) -> None:
    message = ask(url, temperature="hot", max_tokens=-1).json()["error"]["message"]
    assert "temperature" in message
    assert "max_tokens" in message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"model": "\xff"}', b"[" * 9000])
def test_what_is_no_json_object_is_refused(url: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{url}/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_a_page_that_posts_without_asking_is_refused(url: str) -> None:
    headers = {"Content-Type": "text/plain"}
    answer = httpx.post(f"{url}/v1/chat/completions", content=b"{}", headers=headers)
    assert answer.status_code == 415


def test_an_unknown_model_is_told_the_known_ones(url: str) -> None:
    answer = ask(url, model="nikola-tesla@middle")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"
    assert "nikola-tesla@late" in answer.json()["error"]["message"]


def test_a_path_that_is_none_is_told_in_the_same_shape(url: str) -> None:
    answer = httpx.get(f"{url}/v1/no-such-thing")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "no_such_path"


def test_a_body_too_large_is_refused_and_the_server_goes_on(url: str) -> None:
    answer = ask(url, padding="x" * 10_000_000)
    assert answer.status_code == 413
    assert ask(url).status_code == 200


def test_health_readiness_and_options_need_no_key() -> None:
    company = company_of(ScriptedEngine(REPLY))
    with served(company, access=Access(keys=("one", "two"))) as running:
        for path in ("/health", "/ready", "/metrics"):
            assert httpx.get(running.url + path).status_code == 200
        assert httpx.options(f"{running.url}/v1/chat/completions").status_code == 204


def test_only_who_has_a_key_may_ask() -> None:
    with served(company_of(ScriptedEngine(REPLY)), access=Access(keys=("one", "two"))) as running:
        for key, status in (("one", 200), ("two", 200), ("three", 401), ("", 401)):
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            body = {"model": "nikola-tesla", "messages": SAID}
            assert post(running.url, body, headers=headers).status_code == status
            assert httpx.get(f"{running.url}/v1/models", headers=headers).status_code == status


def test_a_page_may_ask_only_where_its_origin_was_named() -> None:
    asking = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}
    company = company_of(ScriptedEngine(REPLY))
    with served(company, access=Access(origins=("https://page.example",))) as running:
        answer = httpx.options(f"{running.url}/v1/chat/completions", headers=asking)
    assert answer.headers["access-control-allow-origin"] == "https://page.example"
    with served(company) as running:
        answer = httpx.options(f"{running.url}/v1/chat/completions", headers=asking)
    assert "access-control-allow-origin" not in answer.headers


CAT = {"model": "nikola-tesla", "messages": [{"role": "user", "content": "My cat is Mia"}]}
WHICH = [{"role": "user", "content": "What is my cat called?"}]
MIA = "The visitor's cat is called Mia."


@contextmanager
def remembering() -> Iterator[tuple[str, Callable[..., str]]]:
    """Yield an address, and what tells of a cat and returns what the persona was then told."""
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    engine = ScriptedEngine("Yes sir")
    with served(company_of(engine, memory=store)) as running:

        def told(headers: dict[str, Any] | None = None, **fields: object) -> str:
            answer = post(running.url, {**CAT, **fields}, headers=headers)
            assert answer.status_code == 200, answer.text
            return engine.asked[-1].messages[-1].content

        yield running.url, told


def test_what_a_user_says_is_recalled_for_that_user_only() -> None:
    with remembering() as (_, told):
        told({"X-Persllm-User": "u1", "X-Persllm-User-Name": "Ann"})
        assert MIA in told(user="u1", messages=WHICH)
        assert "Mia" not in told(user="u2", messages=WHICH)
        assert "Mia" not in told(messages=WHICH)


def test_an_id_is_never_told_as_a_name() -> None:
    with remembering() as (_, told):
        told(user="65fa0b")
        prompt = told(user="65fa0b", messages=WHICH)
        assert MIA in prompt
        assert "65fa0b" not in prompt


def test_open_webuis_users_are_told_apart_by_id_and_named_by_name() -> None:
    def alex(number: int) -> dict[str, Any]:
        return {"X-OpenWebUI-User-Id": f"id-{number}", "X-OpenWebUI-User-Name": "Zo%C3%AB%20B"}

    with remembering() as (_, told):
        told(alex(1))
        assert MIA in told(alex(1), messages=WHICH)
        named = [{"role": "user", "content": "What is my name?"}]
        assert "The visitor's name is Zoë B." in told(alex(1), messages=named)
        assert "Mia" not in told(alex(2), messages=WHICH)


@pytest.mark.parametrize(
    "name", ["A" * 70, "Zoë".encode(), "Zoë".encode("latin-1"), quote("张三李四王五赵六"), "a\tb"]
)
def test_a_name_of_any_kind_may_ask(name: str | bytes) -> None:
    with remembering() as (_, told):
        told({"X-OpenWebUI-User-Name": name})
        assert MIA in told({"X-OpenWebUI-User-Name": name}, messages=WHICH)


@pytest.mark.parametrize("metadata", [None, {"task": "title_generation"}])
def test_what_open_webui_asks_for_itself_goes_to_the_base_and_is_not_remembered(
    metadata: object,
) -> None:
    store = ChromaMemory(open_client(None), new_persona(), HashedWords())
    engine = ScriptedEngine("<think>Cats.</think>A cat", context=300)
    task = "### Task:\nGenerate a title.\n" + "USER: my cat\n" * 200
    rows = [{"role": "user", "content": task}]
    with served(company_of(engine, memory=store)) as running:
        body = {"model": "nikola-tesla", "messages": rows, "user": "u1", "metadata": metadata}
        answer = post(running.url, body)
    assert answer.json()["choices"][0]["message"]["content"] == "A cat"
    (asked,) = engine.asked[-1].messages
    assert asked.content.startswith("### Task:\nGenerate a title.")
    assert store.count() == 0


def _fails(request: Request) -> str:
    raise EngineError("the card is on fire")


def test_an_engine_that_fails_is_a_fault_of_the_server() -> None:
    with served(company_of(ScriptedEngine(_fails))) as running:
        for stream in (False, True):
            answer = ask(running.url, stream=stream)
            assert answer.status_code == 502
            assert "on fire" in answer.json()["error"]["message"]


def test_who_finds_no_place_is_told_when_to_come_back() -> None:
    slow = SlowEngine(40)
    limits = Limits(at_once=1, waiting=1)
    with served(company_of(slow), limits=limits) as running:
        answers: list[httpx.Response] = []
        threads = [
            threading.Thread(target=lambda: answers.append(ask(running.url, model="slow")))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    codes = [answer.status_code for answer in answers]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (codes.count(200), codes.count(429)) == (2, 4)
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert slow.most_writing == 1


def test_who_waits_too_long_is_told_to_come_back() -> None:
    limits = Limits(at_once=1, wait_seconds=0.1)
    with served(company_of(SlowEngine(100_000)), limits=limits) as running, begun(running.url):
        assert ask(running.url, model="slow").status_code == 429


def test_a_reply_that_takes_too_long_is_ended() -> None:
    limits = Limits(reply_seconds=0.2)
    with served(company_of(SlowEngine(4000)), limits=limits) as running:
        assert ask(running.url, model="slow").json()["choices"][0]["finish_reason"] == "length"


def _long(**fields: object) -> dict[str, object]:
    return {"model": "slow", "messages": SAID, "stream": True, **fields}


@contextmanager
def begun(url: str) -> Iterator[None]:
    """Read the beginning of a long reply; hang up when the block is left."""
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=_long()) as answer:
        lines = answer.iter_lines()
        next(lines)
        yield


def test_hanging_up_in_a_stream_ends_the_work_and_frees_the_place() -> None:
    slow = SlowEngine(100_000)
    with served(company_of(slow), limits=Limits(at_once=1)) as running:
        with begun(running.url):
            assert slow.writing == 1
        eventually(lambda: slow.writing == 0)
        slow.words = 3
        assert ask(running.url, model="slow").status_code == 200


def test_hanging_up_before_the_answer_ends_the_work_and_frees_the_place() -> None:
    slow = SlowEngine(100_000)
    with served(company_of(slow), limits=Limits(at_once=1)) as running:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{running.url}/v1/chat/completions", json=_long(stream=False), timeout=0.5)
        eventually(lambda: slow.writing == 0)
        slow.words = 3
        assert ask(running.url, model="slow").status_code == 200


def test_hanging_up_while_waiting_leaves_the_queue() -> None:
    slow = SlowEngine(100_000)
    with served(company_of(slow), limits=Limits(at_once=1)) as running, begun(running.url):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{running.url}/v1/chat/completions", json=_long(), timeout=0.5)
        eventually(lambda: "persllm_waiting 0.0" in httpx.get(f"{running.url}/metrics").text)
        assert slow.most_writing == 1


KILLED = """
import sys, httpx
body = {"model": "slow", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
with httpx.stream("POST", sys.argv[1], json=body, timeout=60) as answer:
    for line in answer.iter_lines():
        print(line, flush=True)
"""


def test_a_client_killed_in_the_middle_frees_its_place() -> None:
    slow = SlowEngine(100_000)
    with served(company_of(slow), limits=Limits(at_once=1)) as running:
        command = [sys.executable, "-c", KILLED, f"{running.url}/v1/chat/completions"]
        client = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert client.stdout is not None
        client.stdout.readline()
        assert slow.writing == 1
        client.send_signal(signal.SIGKILL)
        client.wait()
        eventually(lambda: slow.writing == 0)
        slow.words = 3
        assert ask(running.url, model="slow").status_code == 200
        assert "persllm_hung_up_total 1.0" in httpx.get(f"{running.url}/metrics").text
        assert "persllm_running 0.0" in httpx.get(f"{running.url}/metrics").text


def test_a_server_told_to_stop_lets_replies_end() -> None:
    slow = SlowEngine(60)
    got: list[str] = []
    with served(company_of(slow)) as running:

        def read() -> None:
            with httpx.stream("POST", f"{running.url}/v1/chat/completions", json=_long()) as answer:
                for line in answer.iter_lines():
                    got.append(line)

        reader = threading.Thread(target=read)
        reader.start()
        eventually(lambda: len(got) > 2)
        running.server.handle_exit(signal.SIGTERM, None)
        reader.join()
    assert got[-2] == "data: [DONE]"
    assert sum("word" in line for line in got) == 60


def test_a_server_told_to_stop_ends_replies_that_take_too_long() -> None:
    slow = SlowEngine(100_000)
    with served(company_of(slow), limits=Limits(drain_seconds=1)) as running:
        reader = threading.Thread(target=lambda: _ignore_end(running.url))
        reader.start()
        eventually(lambda: slow.writing == 1)
        running.server.handle_exit(signal.SIGTERM, None)
        eventually(lambda: slow.writing == 0)
    reader.join()


def _ignore_end(url: str) -> None:
    try:
        post(url, _long())
    except httpx.HTTPError:
        return


def test_replies_and_tokens_are_counted(url: str) -> None:
    ask(url)
    page = httpx.get(f"{url}/metrics").text
    assert 'persllm_requests_total{model="nikola-tesla",status="200"}' in page
    assert 'persllm_tokens_total{kind="reply"}' in page
    assert "persllm_first_text_seconds_count" in page


def test_openais_own_client_connects(url: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    assert "nikola-tesla" in [model.id for model in client.models.list()]
    rows: Any = SAID
    whole = client.chat.completions.create(model="nikola-tesla", messages=rows)
    assert whole.choices[0].message.content == "I feed them, sir."
    parts = client.chat.completions.create(model="nikola-tesla", messages=rows, stream=True)
    text = "".join(part.choices[0].delta.content or "" for part in parts)
    assert text == "I feed them, sir."
    with pytest.raises(BadRequestError, match="one choice is offered"):
        client.chat.completions.create(model="nikola-tesla", messages=rows, n=3)


def test_the_responses_api_answers_openais_own_client(url: str, engine: ScriptedEngine) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    talk: Any = [*SAID, OPENED, {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]
    for given in ("Hi", talk):
        reply = client.responses.create(
            model="nikola-tesla@late", input=given, instructions="It rains."
        )
        assert (reply.output_text, reply.status) == ("I feed them, sir.", "completed")
        assert reply.usage is not None
        assert reply.usage.output_tokens_details.reasoning_tokens == len(REPLY.split()) - 4
        system, *_, last = engine.asked[-1].messages
        assert system.content.endswith("\nIt rains.")
        assert last.content == "Hi"
    short = client.responses.create(model="nikola-tesla", input="Hi", max_output_tokens=2)
    assert short.incomplete_details is not None
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    with pytest.raises(BadRequestError, match="no talk is kept here"):
        client.responses.create(model="nikola-tesla", input="Hi", previous_response_id="resp_1")
    with pytest.raises(BadRequestError, match="reads text only"):
        picture: Any = [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]
        client.responses.create(model="nikola-tesla", input=picture)


def test_the_responses_api_streams(url: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    with client.responses.stream(model="nikola-tesla", input="Hi") as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output_text == "I feed them, sir."
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == "I feed them, sir."
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"


def test_langchains_client_speaks_the_responses_api_too(url: str) -> None:
    chat = ChatOpenAI(
        model="nikola-tesla",
        base_url=f"{url}/v1",
        api_key=lambda: "any",
        use_responses_api=True,
    )
    assert chat.invoke("Do you like pigeons?").text == "I feed them, sir."
    assert "".join(chunk.text for chunk in chat.stream("Do you?")) == "I feed them, sir."


def test_langchains_own_client_connects(url: str) -> None:
    chat = ChatOpenAI(model="nikola-tesla@late", base_url=f"{url}/v1", api_key=lambda: "any")
    reply = chat.invoke("Do you like pigeons?")
    assert reply.text == "I feed them, sir."
    assert "".join(chunk.text for chunk in chat.stream("Do you?")) == "I feed them, sir."
