"""Many clients of one OpenAI-compatible server: most ask, some hang up, some send garbage."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

QUESTIONS = (
    "Do you like pigeons?",
    "What do you think of alternating current?",
    "Who taught you your trade?",
    "What did you do in the morning?",
    "Were you ever poor?",
    "Is it true that you were born in London?",
)
SHARES = {"stream": 60, "whole": 15, "hang up": 12, "garbage": 13}
CLEAR = range(400, 500)
PATIENCE = 300.0
MOST_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the server."""

    url: str
    models: Sequence[str]
    clients: int
    seconds: float
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """What the clients saw."""

    counts: Counter[str] = field(default_factory=Counter)
    """Answers by kind of request and status."""
    faults: list[str] = field(default_factory=list)
    """What should not have happened."""
    first: list[float] = field(default_factory=list)
    """Seconds to the first text of each stream."""
    tokens: int = 0
    texts: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """How often each answer was given to each question of each model; greedy ones should agree."""


class Clients:
    """Plays one load."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._until = 0.0
        self.outcome = Outcome()

    async def play(self) -> Outcome:
        """Ask until the time is over; returns what was seen."""
        self._until = time.monotonic() + self._load.seconds
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(
            base_url=self._load.url, timeout=PATIENCE, limits=limits, trust_env=False
        ) as http:
            await asyncio.gather(*(self._client(http, n) for n in range(self._load.clients)))
        return self.outcome

    async def _client(self, http: httpx.AsyncClient, number: int) -> None:
        rng = random.Random(self._load.seed * 10_007 + number)
        kinds: dict[str, Callable[[httpx.AsyncClient, random.Random], Awaitable[str]]] = {
            "stream": self._stream,
            "whole": self._whole,
            "hang up": self._hang_up,
            "garbage": self._garbage,
        }
        while time.monotonic() < self._until:
            kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
            try:
                status = await kinds[kind](http, rng)
            except httpx.HTTPError as error:
                self.outcome.faults.append(f"{kind}: {error!r}")
                status = "broken"
            self.outcome.counts[f"{kind} {status}"] += 1
            if status == "429":
                await asyncio.sleep(min(1.0, max(0.0, self._until - time.monotonic())))

    async def _stream(self, http: httpx.AsyncClient, rng: random.Random) -> str:
        body, started = self._body(rng, stream=True), time.monotonic()
        text, ended = "", False
        async with http.stream("POST", CHAT, json=body) as answer:
            if answer.status_code != 200:
                return self._refused("stream", answer.status_code, await answer.aread())
            async for line in answer.aiter_lines():
                ended = ended or line == "data: [DONE]"
                new = _text_of(line)
                if new and not text:
                    self.outcome.first.append(time.monotonic() - started)
                text += new
        self._right("stream", body, text, ended)
        return "200"

    async def _whole(self, http: httpx.AsyncClient, rng: random.Random) -> str:
        body = self._body(rng)
        answer = await http.post(CHAT, json=body)
        if answer.status_code != 200:
            return self._refused("whole", answer.status_code, answer.content)
        said = answer.json()
        self.outcome.tokens += said["usage"]["completion_tokens"]
        choice = said["choices"][0]
        text, finish = choice["message"]["content"], choice["finish_reason"]
        self._right("whole", body, text, finish in {"stop", "length"})
        return "200"

    async def _hang_up(self, http: httpx.AsyncClient, rng: random.Random) -> str:
        body = {**self._body(rng, stream=True), "max_tokens": 256}
        async with http.stream("POST", CHAT, json=body) as answer:
            if answer.status_code != 200:
                return self._refused("hang up", answer.status_code, await answer.aread())
            await anext(answer.aiter_lines())
        return "200"

    async def _garbage(self, http: httpx.AsyncClient, rng: random.Random) -> str:
        good = self._body(rng)
        bodies: list[bytes] = [
            b'{"model": ',
            b"\x00\xff\xfe",
            b"[" * 5000,
            json.dumps({**good, "model": "nobody"}).encode(),
            json.dumps({**good, "max_tokens": 10**12}).encode(),
            json.dumps({**good, "messages": [{"role": "wizard", "content": "x"}]}).encode(),
            json.dumps({**good, "temperature": "hot"}).encode(),
        ]
        huge = {**good, "messages": [{"role": "user", "content": "x" * 10_000_000}]}
        body = json.dumps(huge).encode() if rng.random() < 0.1 else rng.choice(bodies)
        answer = await http.post(CHAT, content=body, headers={"Content-Type": "application/json"})
        return self._refused("garbage", answer.status_code, answer.content)

    def _body(self, rng: random.Random, **more: object) -> dict[str, Any]:
        said = [{"role": "user", "content": rng.choice(QUESTIONS)}]
        model = rng.choice(self._load.models)
        return {"model": model, "messages": said, "max_tokens": MOST_TOKENS, **more}

    def _right(self, kind: str, body: dict[str, Any], text: str, ended: bool) -> None:
        if not ended:
            self.outcome.faults.append(f"{kind}: an answer without end: {text[:80]!r}")
        key = body["model"], body["messages"][0]["content"]
        self.outcome.texts.setdefault(key, Counter())[text] += 1

    def _refused(self, kind: str, status: int, body: bytes) -> str:
        expected = status in CLEAR and (kind == "garbage" or status == 429)
        try:
            clear = bool(json.loads(body)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            clear = False
        if not (expected and clear):
            self.outcome.faults.append(f"{kind}: status {status}: {body[:120]!r}")
        return str(status)


CHAT = "/v1/chat/completions"


def _text_of(line: str) -> str:
    if not line.startswith("data: {"):
        return ""
    choices = json.loads(line[6:]).get("choices") or []
    return "".join(choice.get("delta", {}).get("content") or "" for choice in choices)
