"""Speakers at once: tokens a second of the local engine beside PEFT, one reply after another.

python benchmarks/decode.py [--nano] [--repeats 5]

Each side answers fresh prompts of about 130 tokens with 40 tokens. Both sides run in turn in one
process, one thread; printed are medians of CPU time. Replies in fp32 must be those of PEFT.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from speakers import Plain, random_adapters, random_base, request, timed, words

from persllm.agents.engines.local import LocalEngine
from persllm.bases import find_base
from persllm.engine import Request

ROWS = (1, 4, 16)
TOKENS = 40


def asked(adapters: list[Path], rows: int, seed: int) -> list[Request]:
    return [
        request(
            words(60, seed + row),
            adapters[row % len(adapters)],
            tokens=TOKENS,
            header=f"{seed} {row} {words(30, seed)}",
        )
        for row in range(rows)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nano", action="store_true", help="the nano base, not the random one")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        base = find_base("nano") if chosen.nano else random_base(Path(made) / "base")
        adapters = random_adapters(base, Path(made), 4)
        plain = Plain(base, adapters)
        engines = {"fp32": LocalEngine(base), "int8": LocalEngine(base, int8=True)}
        rates: dict[tuple[str, int], list[float]] = {}
        same = total = 0
        for repeat in range(chosen.repeats + 1):  # the first one warms up
            seed = 1000 * repeat
            four = asked(adapters, 4, seed)
            expected, seconds = timed(lambda four=four: [plain.reply(each) for each in four])
            found = {("peft", 1): sum(count for _, count in expected) / seconds}
            for kind, engine in engines.items():
                for rows in ROWS:
                    batch = asked(adapters, rows, seed if rows == 4 else seed + 100 * rows)
                    replies, seconds = timed(lambda e=engine, b=batch: e.generate(b))
                    found[kind, rows] = sum(reply.new_tokens for reply in replies) / seconds
                    if (kind, rows) == ("fp32", 4):
                        same += [(r.text, r.new_tokens) for r in replies] == expected
                        total += 1
            for key, rate in found.items():
                if repeat:
                    rates.setdefault(key, []).append(rate)
        stock = statistics.median(rates["peft", 1])
        print(f"base {base.name}; PEFT one by one {stock:.1f} tokens/s")
        for (kind, rows), seen in rates.items():
            rate = statistics.median(seen)
            print(f"{kind} {rows:3d} rows {rate:7.1f} tokens/s, {rate / stock:5.2f} times PEFT")
        print(f"fp32 batches of four with PEFT's very tokens: {same} of {total}")


if __name__ == "__main__":
    main()
