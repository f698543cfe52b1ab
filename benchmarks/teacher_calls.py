"""Teacher calls a second, ours beside LangChain's `ChatOpenAI.abatch`, interleaved in one run.

A mock server in a process of its own, on loopback, takes 50 ms a call, allows 256 at once and
answers 429 beyond; in the second half some calls also fail (500, cut lines, broken bodies, 429).
Ours keeps every answer on disk and asks nothing twice; the server counts.

    python benchmarks/teacher_calls.py --calls 2048 --rounds 3
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from langchain_core.language_models import BaseChatModel

from persllm.messages import Message
from persllm.training.data.teachers.asking import Asker
from persllm.training.data.teachers.forms import Plain
from persllm.training.data.teachers.http_model import HttpModel
from persllm.training.data.teachers.money import Meter
from persllm.training.data.teachers.store import AnswerStore
from tests.mock_teacher import Served, mock_teacher

AT_ONCE = 256
TOLD = 'Answer as a keeper of a lighthouse would.\n{}\nReply with JSON: {{"response": "..."}}'
KNOWN = "The lamp is lit at dusk and put out at dawn, and the log is written between. " * 50


@dataclass(frozen=True)
class Measured:
    """One side, one round."""

    calls: int
    answered: int
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def prompts(count: int, mark: str) -> list[tuple[Message, ...]]:
    told = Message("system", TOLD.format(KNOWN))
    return [(told, Message("user", f"{mark}: what of night {number}?")) for number in range(count)]


async def measured(calls: int, work: Callable[[], Awaitable[list[Any]]]) -> Measured:
    began, processor = time.perf_counter(), time.process_time()
    answers = await work()
    seconds, used = time.perf_counter() - began, time.process_time() - processor
    answered = sum(not isinstance(each, Exception) for each in answers)
    return Measured(calls, answered, seconds, used)


async def ours(server: Served, asked: list[tuple[Message, ...]], kept: Path) -> Measured:
    model = HttpModel(server.address, "mock", name=server.name)
    asker = Asker(model, AnswerStore(kept), most=AT_ONCE, meter=Meter())

    async def work() -> list[Any]:
        calls = (asker.ask(messages, Plain) for messages in asked)
        return await asyncio.gather(*calls, return_exceptions=True)

    found = await measured(len(asked), work)
    await model.close()
    return found


async def langchain(chat: BaseChatModel, asked: list[tuple[Message, ...]]) -> Measured:
    rows = [[message.as_dict() for message in messages] for messages in asked]

    async def work() -> list[Any]:
        config: Any = {"max_concurrency": AT_ONCE}
        inputs: Any = rows
        return list(await chat.abatch(inputs, config, return_exceptions=True))

    return await measured(len(asked), work)


async def compare(calls: int, rounds: int, faults: float) -> None:
    from langchain_openai import ChatOpenAI

    mine: list[Measured] = []
    theirs: list[Measured] = []
    title = f"{faults:.0%} of the calls fail at first" if faults else "no call fails"
    with mock_teacher(latency=0.05, most=256, faults=faults) as server:
        chat = ChatOpenAI(model="mock", base_url=server.address, api_key="none")
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "answers.sqlite"
            await langchain(chat, prompts(8, "warm"))
            await ours(server, prompts(8, "warm"), kept)
            server.forget()
            for number in range(rounds):
                theirs.append(await langchain(chat, prompts(calls // 4, f"theirs {number}")))
                mine.append(await ours(server, prompts(calls, f"ours {number}"), kept))
            counts = server.counts()["answered"]
            again = await ours(server, prompts(calls, "ours 0"), kept)
            repeated = sum(counts.values()) != sum(server.counts()["answered"].values())
            stored = len(AnswerStore(kept)) - 8
    show("LangChain abatch", theirs)
    show("persllm", mine)
    ratio = statistics.median(m.rate / t.rate for m, t in zip(mine, theirs, strict=True))
    print(f"{title}: {ratio:.1f} times the calls a second (median of {rounds})")
    print(
        f"  {sum(m.calls for m in mine):,} asked, {stored:,} answers kept, none twice: "
        f"{max(counts.values()) == 1}; replay {again.rate:,.0f} a second, asks again: {repeated}\n"
    )


def show(name: str, rounds: list[Measured]) -> None:
    rate = statistics.median(each.rate for each in rounds)
    processor = statistics.median(1000 * each.processor / each.answered for each in rounds)
    lost = sum(each.calls - each.answered for each in rounds)
    print(f"{name:>18}: {rate:8,.0f} calls/s, {processor:5.2f} ms processor a call, {lost} lost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2048, help="Of ours a round; theirs a fourth.")
    parser.add_argument("--rounds", type=int, default=3)
    settings = parser.parse_args()
    for faults in (0.0, 0.1):
        asyncio.run(compare(settings.calls, settings.rounds, faults))


if __name__ == "__main__":
    main()
