"""Asking many things at once: each once, at the pace the server bears, within the budget."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from persllm.errors import BudgetError, DataError, EngineError
from persllm.messages import Message
from persllm.training.data.teachers import asking
from persllm.training.data.teachers.asking import Asker
from persllm.training.data.teachers.errors import Broken, Busy, Unusable
from persllm.training.data.teachers.forms import Form, Plain
from persllm.training.data.teachers.http_model import HttpModel
from persllm.training.data.teachers.model import Reply
from persllm.training.data.teachers.money import Meter, Price, Purse
from persllm.training.data.teachers.pace import Pace
from persllm.training.data.teachers.store import AnswerStore
from tests.mock_teacher import mock_teacher

Does = Callable[[str, int], None]


class ScriptedModel:
    """Answers with the question in capitals, unless the script raises something."""

    name, settings = "scripted", ""

    def __init__(self, does: Does = lambda text, time: None, *, most: int = 10_000) -> None:
        self.does = does
        self.most = most
        self.asked: Counter[str] = Counter()
        self.under_way = self.peak = 0

    async def answer(self, messages: tuple[Message, ...], form: Form) -> Reply:
        text = messages[-1].content
        if self.under_way >= self.most:
            raise Busy("too many")
        self.asked[text] += 1
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            await asyncio.sleep(0.001)
            self.does(text, self.asked[text])
        finally:
            self.under_way -= 1
        return Reply(text.upper(), 100, 10)

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture(autouse=True)
def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.0005)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


def told(text: str) -> tuple[Message, ...]:
    return (Message("system", "s"), Message("user", text))


async def all_of(asker: Asker, texts: list[str]) -> list[Any]:
    calls: list[Coroutine[Any, Any, str]] = [asker.ask(told(text), Plain) for text in texts]
    return list(await asyncio.gather(*calls, return_exceptions=True))


def asker_of(
    model: ScriptedModel, path: Path, *, most: int = 64, meter: Meter | None = None
) -> Asker:
    return Asker(model, AnswerStore(path), most=most, meter=meter or Meter())


async def test_what_two_ask_at_once_is_one_call(path: Path) -> None:
    model = ScriptedModel()
    assert await all_of(asker_of(model, path), ["a", "b", "a", "a"]) == ["A", "B", "A", "A"]
    assert model.asked == {"a": 1, "b": 1}


async def test_what_is_stored_is_never_asked_again(path: Path) -> None:
    await all_of(asker_of(ScriptedModel(), path), ["a", "b"])
    second = ScriptedModel()
    assert await all_of(asker_of(second, path), ["b", "c", "a"]) == ["B", "C", "A"]
    assert second.asked == {"c": 1}


async def test_broken_calls_are_made_again(path: Path) -> None:
    def twice_broken(text: str, time: int) -> None:
        if time < 3:
            raise Broken("cut")

    model = ScriptedModel(twice_broken)
    asker = asker_of(model, path)
    assert await all_of(asker, ["a", "b"]) == ["A", "B"]
    assert model.asked == {"a": 3, "b": 3} and asker.meter.repeated == 4


async def test_one_call_that_never_works_is_given_up_and_the_others_go_on(path: Path) -> None:
    def bad(text: str, time: int) -> None:
        if text == "bad":
            raise Broken("500")

    model = ScriptedModel(bad)
    answers = await all_of(asker_of(model, path, most=2), ["bad", *map(str, range(200))])
    assert isinstance(answers[0], Unusable)
    assert answers[1:] == [str(number) for number in range(200)]
    assert model.asked["bad"] == asking.TRIES


async def test_a_server_that_is_gone_stops_everything_and_says_so(path: Path) -> None:
    def gone(text: str, time: int) -> None:
        raise Broken("connection refused")

    answers = await all_of(asker_of(ScriptedModel(gone), path), list("abc"))
    assert all(isinstance(each, EngineError) for each in answers)
    assert "scripted failed" in str(answers[0]) and "connection refused" in str(answers[0])


async def test_after_a_wrong_key_no_further_call_begins(path: Path) -> None:
    def refused(text: str, time: int) -> None:
        raise EngineError("401: wrong key")

    model = ScriptedModel(refused)
    answers = await all_of(asker_of(model, path, most=4), [str(n) for n in range(100)])
    assert all("wrong key" in str(each) for each in answers)
    assert model.asked.total() <= 4


async def test_the_pace_finds_what_the_server_bears(path: Path) -> None:
    model = ScriptedModel(most=24)
    texts = [str(number) for number in range(1500)]
    asker = asker_of(model, path, most=256)
    assert await all_of(asker, texts) == texts
    assert model.peak <= 24
    assert asker.meter.repeated < len(texts) / 3
    assert set(model.asked.values()) == {1}


async def test_the_pace_opens_to_the_most(path: Path) -> None:
    model = ScriptedModel()
    await all_of(asker_of(model, path, most=48), [str(number) for number in range(600)])
    assert model.peak == 48


async def test_nothing_starts_before_the_time_a_server_names_again_and_again() -> None:
    pace, loop = Pace(8), asyncio.get_running_loop()
    tickets = [await pace.enter() for _ in range(3)]
    before = loop.time()
    for ticket in tickets:
        pace.refused(ticket, wait=0.05)
    pace.leave()
    await pace.enter()
    assert loop.time() - before >= 0.045


async def test_a_call_that_was_told_to_wait_waits(path: Path) -> None:
    moments: list[float] = []

    def wait_first(text: str, time: int) -> None:
        moments.append(asyncio.get_running_loop().time())
        if time == 1:
            raise Busy("later", wait=0.05)

    await all_of(asker_of(ScriptedModel(wait_first), path), ["a"])
    assert moments[1] - moments[0] >= 0.045


async def test_a_refusal_now_and_then_slows_little_and_a_storm_much() -> None:
    rare, storm = Pace(256), Pace(256)
    for pace, every in ((rare, 50), (storm, 2)):
        calls = 0
        for _ in range(60):
            tickets = [await pace.enter() for _ in range(int(pace.limit))]
            for ticket in tickets:
                pace.refused(ticket) if calls % every == 0 else pace.answered()
                pace.leave()
                calls += 1
    assert rare.limit > 200 and storm.limit < 16


async def test_one_bad_moment_steps_down_once() -> None:
    pace = Pace(16)
    tickets = [await pace.enter() for _ in range(16)]
    for ticket in tickets:
        pace.refused(ticket)
        pace.leave()
    assert 15 <= pace.limit < 16


async def test_a_waiting_call_that_is_cancelled_keeps_no_place() -> None:
    pace = Pace(1)
    await pace.enter()
    waiting = asyncio.create_task(pace.enter())
    await asyncio.sleep(0)
    pace.leave()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert pace.under_way == 0
    await asyncio.wait_for(pace.enter(), timeout=1)


async def test_a_budget_is_never_overspent_and_what_was_paid_is_kept(path: Path) -> None:
    price = Price(10.0, 100.0)  # an answer costs 0.002 dollars
    meter = Meter(price, Purse(0.05))
    model = ScriptedModel()
    asker = asker_of(model, path, meter=meter)
    answers = await all_of(asker, [str(number) for number in range(100)])
    stopped = [each for each in answers if isinstance(each, BudgetError)]
    assert stopped and "as much again" in str(stopped[0])
    assert meter.cost is not None and 0 < meter.cost <= 0.05
    assert len(asker.store) == meter.calls == 100 - len(stopped)
    asker = asker_of(second := ScriptedModel(), path, meter=Meter(price, Purse(0.05)))
    await all_of(asker, [str(number) for number in range(100)])
    assert not set(model.asked) & set(second.asked)


async def test_a_purse_is_shared() -> None:
    purse = Purse(1.0)
    purse.reserve(0.6)
    with pytest.raises(BudgetError):
        purse.reserve(0.6)
    purse.release(0.6)
    purse.reserve(0.6)


async def test_a_server_without_schemas_is_asked_without(path: Path) -> None:
    with mock_teacher(schemas=False) as server:
        model = HttpModel(server.address, "mock", name=server.name)
        asker = Asker(model, AnswerStore(path), most=8, meter=Meter())
        answers = await all_of(asker, [str(number) for number in range(12)])
        counts = server.counts()
        await model.close()
    assert not [each for each in answers if isinstance(each, Exception)]
    assert set(counts["answered"].values()) == {1} and len(counts["answered"]) == 12


async def test_an_address_where_nobody_is_is_told(path: Path) -> None:
    model = HttpModel("http://127.0.0.1:9/v1", "m", name="http://127.0.0.1:9/v1#m")
    asker = Asker(model, AnswerStore(path), most=8, meter=Meter())
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9"):
        await asker.ask(told("a"), Plain)
    await model.close()


def test_a_torn_store_keeps_what_was_whole(path: Path) -> None:
    store = AnswerStore(path)
    for number in range(50):
        store.put(bytes([number]), str(number) * 100)
    log = Path(f"{path}-wal")
    torn = path.with_name("torn.sqlite")
    torn.write_bytes(path.read_bytes())
    Path(f"{torn}-wal").write_bytes(log.read_bytes()[:-300])
    kept = AnswerStore(torn)
    assert 48 <= len(kept) <= 49
    assert kept.get(b"\x05") == "5" * 100


def test_a_file_that_is_no_store_is_told(path: Path) -> None:
    path.write_text("this is no database, it is a letter to my aunt " * 40)
    with pytest.raises(DataError, match=r"answers\.sqlite holds no readable answers"):
        AnswerStore(path)
