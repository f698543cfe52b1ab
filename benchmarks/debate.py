"""A debate of four: the local engine, which keeps what each speaker heard, beside reading anew.

python benchmarks/debate.py [--turns 8 24 64] [--every 8] [--int8]

The plain way is PEFT: switch the adapter, read the whole transcript, write the turn. It is measured
at every so-manieth turn and counted for all of them; the engine is measured at each. In fp32 both
must write the same. Time to the first token is the engine's, at turns 8, 24 and 64.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from speakers import Plain, random_adapters, random_base, timed, words

from persllm.agents.engines.local import LocalEngine
from persllm.engine import Piece, Request, whole
from persllm.messages import Message

SPEAKERS = 4
TOKENS = 40
WORDS_A_TURN = 30


def heard(turn: int, adapters: list[Path]) -> Request:
    """Return what the speaker of a turn is asked: all turns before, its own as its own."""
    speaker = turn % SPEAKERS
    messages = [Message("system", f"You are speaker {speaker}. {words(40, speaker)}")]
    waiting = [f"The motion: {words(40, 99)}"]
    for earlier in range(turn):
        said = words(WORDS_A_TURN, earlier)
        if earlier % SPEAKERS == speaker:
            messages.append(Message("user", "\n".join(waiting)))
            messages.append(Message("assistant", said))
            waiting = []
        else:
            waiting.append(f"Speaker {earlier % SPEAKERS}: {said}")
    messages.append(Message("user", "\n".join(waiting)))
    return Request(messages=tuple(messages), adapter=adapters[speaker], max_tokens=TOKENS)


def speak(engine: LocalEngine, asked: Request) -> tuple[list[Piece], float]:
    """Return the pieces of a turn and the CPU seconds to the first one."""
    started = time.process_time()
    pieces = engine.stream(asked)
    first = next(pieces)
    seconds = time.process_time() - started
    return [first, *pieces], seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, nargs="+", default=[8, 24, 64])
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--int8", action="store_true")
    chosen = parser.parse_args()
    longest = max(chosen.turns)
    with tempfile.TemporaryDirectory() as made:
        base = random_base(Path(made) / "base")
        adapters = random_adapters(base, Path(made), SPEAKERS)
        plain, engine = Plain(base, adapters), LocalEngine(base, int8=chosen.int8)
        plain.reply(heard(0, adapters))
        ours: list[float] = []
        naive: dict[int, float] = {}
        first: list[float] = []
        same: list[bool] = []
        for turn in range(longest):
            asked = heard(turn, adapters)
            (pieces, latency), seconds = timed(lambda asked=asked: speak(engine, asked))
            ours.append(seconds)
            first.append(latency)
            if turn % chosen.every == chosen.every // 2:
                expected, naive[turn] = timed(lambda asked=asked: plain.reply(asked))
                reply = whole(iter(pieces))
                same.append((reply.text, reply.new_tokens) == expected)
        kind = "int8" if chosen.int8 else "fp32"
        for turns in chosen.turns:
            measured = [seconds for turn, seconds in naive.items() if turn < turns]
            stock, here = statistics.mean(measured) * turns, sum(ours[:turns])
            near = first[max(0, turns - SPEAKERS) : turns]
            print(
                f"{kind} {turns:3d} turns: {here:6.1f} s, read anew {stock:6.1f} s, "
                f"{stock / here:5.2f} times; first token {1000 * statistics.median(near):5.0f} ms"
            )
        print(f"turns with the very tokens of PEFT: {sum(same)} of {len(same)}")
        print(f"keys and values kept: {engine.occupancy.kv_bytes >> 20} MiB")


if __name__ == "__main__":
    main()
