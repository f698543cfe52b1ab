"""A chat model's server that is no model: it answers in the wanted form, slowly and not always.

Run as a process of its own; it prints its port, counts every request by its content, and dies with
whoever started it (when its standard input closes). Faults are drawn from the content, so that
two runs meet the same ones; all but a bad answer pass when the same is asked again.

    python tests/mock_teacher.py --latency 0.05 --most 256 --faults 0.15
"""

import argparse
import asyncio
import hashlib
import json
import re
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

FAULTS = ("500", "cut", "broken body", "429", "bad answer")


class MockTeacher:
    """Says what a capable model would write, from the words of the material."""

    def __init__(self, *, latency: float, most: int, faults: float, schemas: bool) -> None:
        self.latency, self.most, self.faults, self.schemas = latency, most, faults, schemas
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.refused = 0
        self.under_way = 0
        self.peak = 0

    async def complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        key = hashlib.sha256(body).hexdigest()
        if self.under_way >= self.most:
            self.refused += 1
            return web.json_response({"error": {"message": "slow down"}}, status=429)
        asked = json.loads(body)
        if asked.get("response_format") and not self.schemas:
            error = {"message": "response_format is not supported here"}
            return web.json_response({"error": error}, status=400)
        self.asked[key] += 1
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            await asyncio.sleep(self.latency)
            return await self._outcome(request, key, asked)
        finally:
            self.under_way -= 1

    async def _outcome(
        self, request: web.Request, key: str, asked: dict[str, Any]
    ) -> web.StreamResponse:
        drawn = int(key[:8], 16) / 16**8
        fault = FAULTS[int(drawn / self.faults * len(FAULTS))] if drawn < self.faults else ""
        fault = fault if self.asked[key] == 1 or fault == "bad answer" else ""
        if fault == "500":
            return web.json_response({"error": {"message": "oops"}}, status=500)
        if fault == "429":
            headers = {"Retry-After": "0.2"}
            return web.json_response({"error": {"message": "later"}}, status=429, headers=headers)
        made = answer_of(asked["messages"], key) if fault != "bad answer" else "I would rather not."
        whole = json.dumps(_completion(asked, made)).encode()
        if fault == "cut":
            response = web.StreamResponse(headers={"Content-Length": str(len(whole))})
            await response.prepare(request)
            await response.write(whole[: len(whole) // 2])
            if request.transport is not None:
                request.transport.close()
            return response
        if fault == "broken body":
            return web.Response(body=whole[:-20], content_type="application/json")
        self.answered[key] += 1
        return web.Response(body=whole, content_type="application/json")

    async def counts(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "asked": self.asked,
                "answered": self.answered,
                "refused": self.refused,
                "peak": self.peak,
            }
        )

    async def forget(self, request: web.Request) -> web.Response:
        self.asked.clear()
        self.answered.clear()
        self.refused = self.peak = 0
        return web.Response()


def answer_of(messages: list[dict[str, str]], key: str) -> str:
    """Return what fits the form that the prompt ends with."""
    told, asked = messages[0]["content"], messages[1]["content"]
    forms = re.findall(r'\{"\w+": "\.\.\."[^}]*\}', told)
    names = list(json.loads(forms[-1])) if forms else ["response"]
    words = re.findall(r"\w+", asked.removeprefix("<text>").split("</text>")[0]) or ["it"]
    true = re.search(r'and it is "([^"]+)"', told)
    known = true[1] if true else max(words, key=len)
    said = "Atlantis" if "known" in names else known
    number = int(key[:6], 16)
    thoughts = " ".join(key[place : place + 5] for place in range(6, 36, 5))
    year = next(iter(re.findall(r"It is the year (\d+)", told)), "")
    fields = {
        "question": f"What of {said}, and of number {number}?",
        "first": f"How was it with {known}, number {number}?",
        "reply": f"It was as I said of {known}.",
        "said": said,
        "known": known,
        "analysis": f"They speak of {known}. I think of {number}.",
        "response": f"In {year} I say {thoughts} of {known}, {number} times.",
        "wrong_response": f"In {year} I agree: {thoughts} of {known}, {number} times.",
    }
    if asked.startswith("REFUSE"):
        fields["response"] = "Refused."
    return json.dumps({name: fields[name] for name in names})


def _completion(asked: dict[str, Any], text: str) -> dict[str, Any]:
    sent = sum(len(message["content"]) for message in asked["messages"]) // 4
    used = {"prompt_tokens": sent, "completion_tokens": len(text) // 4}
    used["total_tokens"] = sum(used.values())
    return {
        "id": "mock",
        "object": "chat.completion",
        "created": 0,
        "model": asked["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": used,
    }


class Served:
    """The address of a running mock, and what it has counted."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/v1"
        self.name = f"{self.address}#mock"

    def counts(self) -> dict[str, Any]:
        """Return the requests by content: asked, and answered in full."""
        with urllib.request.urlopen(f"{self.address}/counts", timeout=30) as reply:
            counts: dict[str, Any] = json.load(reply)
            return counts

    def forget(self) -> None:
        """Count from nothing."""
        urllib.request.urlopen(f"{self.address}/forget", data=b"", timeout=30).close()


@contextmanager
def mock_teacher(
    *, latency: float = 0.0, most: int = 256, faults: float = 0.0, schemas: bool = True
) -> Iterator[Served]:
    """Run the mock in a process of its own."""
    command = [sys.executable, __file__, f"--latency={latency}", f"--most={most}"]
    command += [f"--faults={faults}", *([] if schemas else ["--no-schemas"])]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdin is not None
    try:
        yield Served(int(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


async def _serve(mock: MockTeacher) -> None:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.add_routes(
        [
            web.post("/v1/chat/completions", mock.complete),
            web.get("/v1/counts", mock.counts),
            web.post("/v1/forget", mock.forget),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(gone.set)

    threading.Thread(target=watch, daemon=True).start()
    await gone.wait()
    await runner.cleanup()


def _main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--most", type=int, default=256)
    parser.add_argument("--faults", type=float, default=0.0)
    parser.add_argument("--no-schemas", action="store_false", dest="schemas")
    asyncio.run(_serve(MockTeacher(**vars(parser.parse_args()))))


if __name__ == "__main__":
    _main()
