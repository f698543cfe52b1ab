"""`ChatPersona.batch` beside as many single calls: the same questions, taken in turns.

    python -m benchmarks.langchain_batch

Prints seconds for sixteen questions by single calls, by LangChain's own way (some threads), and by
`batch`, with the ratio to single calls. No memory, the nano base.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from langchain_core.runnables import Runnable

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.local import LocalEngine
from persllm.bases import find_base
from persllm.persona_catalog import find_persona

QUESTIONS = 16
TOKENS = 48


def main() -> None:
    options = _options()
    engine = LocalEngine(find_base("nano"), kv_bytes=64 << 20)
    chat = ChatPersona(persona=find_persona("nikola-tesla"), engine=engine, max_tokens=TOKENS)
    ways: dict[str, Callable[[list[str]], object]] = {
        "single calls": lambda asked: [chat.invoke(each) for each in asked],
        "LangChain's threads": lambda asked: Runnable.batch(chat, asked),  # type: ignore[arg-type]
        "batch": chat.batch,  # type: ignore[dict-item]
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(options.rounds + 1):
        asked = [f"Round {number}, letter {n}: what do you think?" for n in range(QUESTIONS)]
        for name, way in ways.items():
            started = time.perf_counter()
            way(asked)
            if number:  # the first round warms up
                took[name].append(time.perf_counter() - started)
    single = statistics.median(took["single calls"])
    for name, seconds in took.items():
        middle = statistics.median(seconds)
        print(f"{name:20} {middle:6.2f} s  {single / middle:4.1f}x")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="ChatPersona.batch beside single calls.")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
