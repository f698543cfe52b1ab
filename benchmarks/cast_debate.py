"""A debate of four bundled personas as persllm holds it, with memory, beside PEFT reading anew.

python benchmarks/cast_debate.py [--turns 64] [--every 8] [--int8]

Every request of the debate goes to the local engine; each so-manieth also to PEFT, which must write
the same in fp32 and is counted for all. Time to the first token is a median of eight turns. Prompts
stay short, since personas forget the oldest exchanges; `debate.py` shows speakers that do not.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from speakers import Plain, timed

from persllm.agents.debate import Speaker, hold_debate
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import LOCAL, LOCAL_INT8, Runtime
from persllm.engine import Piece, Request
from persllm.persona_catalog import find_persona

CAST = ("nikola-tesla", "thomas-edison", "ada-lovelace", "charles-darwin")
MOTION = "Machines make people better."
NEAR = 8


class Watched:
    """Passes requests on; notes the CPU seconds to the first token and of the whole reply."""

    def __init__(self, engine: object) -> None:
        self._engine = engine
        self.asked: list[Request] = []
        self.said: list[str] = []
        self.first: list[float] = []
        self.whole: list[float] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the engine's pieces."""
        started = time.process_time()
        pieces = self._engine.stream(request)  # type: ignore[attr-defined]
        text, first = "", 0.0
        for piece in pieces:
            first = first or time.process_time() - started
            text += piece.text
            yield piece
        self.asked.append(request)
        self.said.append(text)
        self.first.append(first)
        self.whole.append(time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=64)
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--int8", action="store_true")
    chosen = parser.parse_args()
    people = [find_persona(name) for name in CAST]
    with tempfile.TemporaryDirectory() as runs:
        engine = LOCAL_INT8 if chosen.int8 else LOCAL
        place = Runtime(RuntimeOptions(base="nano", runs=Path(runs)), engine=engine)
        watched = Watched(place.engine)
        chats = [place.chat(person).model_copy(update={"engine": watched}) for person in people]
        sides = ("for", "against", "for", "against")
        speakers = [Speaker(chat, side) for chat, side in zip(chats, sides, strict=True)]
        plain = Plain(place.base, [place.adapter(person) for person in people])
        naive, same = [], 0
        for turn, _ in enumerate(hold_debate(speakers, motion=MOTION, turns=chosen.turns)):
            if turn % chosen.every == chosen.every // 2:
                (text, _), seconds = timed(lambda: plain.reply(watched.asked[-1]))
                naive.append(seconds)
                same += text.startswith(watched.said[-1])
    stock, ours = statistics.mean(naive) * chosen.turns, sum(watched.whole)
    early, late = watched.first[NEAR - NEAR // 2 :][:NEAR], watched.first[-NEAR:]
    print(f"{chosen.turns} turns: {ours:.1f} s, PEFT {stock:.1f} s, {stock / ours:.2f} times")
    print(
        f"first token near turn {NEAR}: {1000 * statistics.median(early):.0f} ms, in the last "
        f"{NEAR}: {1000 * statistics.median(late):.0f} ms, "
        f"{statistics.median(late) / statistics.median(early):.2f} times"
    )
    print(f"turns with the words of PEFT: {same} of {len(naive)}")


if __name__ == "__main__":
    main()
