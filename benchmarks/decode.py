"""Speakers at once: tokens a second of the local engine beside PEFT, one reply after another.

python benchmarks/decode.py [--nano | --half] [--repeats 5]

Each side answers fresh prompts of about 130 tokens with 40 tokens, once from the start and once,
where the prompt is read already, from there: "in all" and "writing only". A persona's header is the
same for all who ask it. Both sides run in turn in one process, one thread; printed are medians of
CPU time. Replies in fp32 must be those of PEFT.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from speakers import Plain, random_adapters, random_base, request, timed, words

from persllm.agents.engines.local import LocalEngine
from persllm.bases import find_base
from persllm.engine import Request

ROWS = (1, 4, 16)
TOKENS = 40

Rates = dict[tuple[str, int], tuple[float, float]]
"""Tokens a second in all and writing only, by side and rows."""


def asked(adapters: list[Path], rows: int, seed: int) -> list[Request]:
    count = len(adapters)
    return [
        request(
            words(60, seed + row),
            adapters[row % count],
            tokens=TOKENS,
            header=f"{seed} {rows} {row % count} {words(30, seed)}",
        )
        for row in range(rows)
    ]


def plain_rates(plain: Plain, batch: Sequence[Request]) -> tuple[list[tuple[str, int]], Rates]:
    """Return PEFT's replies and rates; writing is what a reply takes beyond its first token."""
    replies, seconds = timed(lambda: [plain.reply(each) for each in batch])
    _, reading = timed(lambda: [plain.reply(replace(each, max_tokens=1)) for each in batch])
    count = sum(written for _, written in replies)
    later = count - len(batch)
    return replies, {("peft", 1): (count / seconds, later / (seconds - reading))}


def engine_rates(
    engine: LocalEngine, batch: Sequence[Request], *, exact: bool
) -> tuple[list[object], list[float]]:
    """Return the engine's replies and rates; asked again, prompts need not be read."""
    replies, seconds = timed(lambda: engine.generate(batch))
    again, writing = timed(lambda: engine.generate(batch))
    # Reused keys and values are rounded otherwise; in int8 that may flip two tokens as good.
    assert not exact or again == replies, "what was kept changed a reply"
    count = sum(reply.new_tokens for reply in replies)
    return [(r.text, r.new_tokens) for r in replies], [count / seconds, count / writing]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nano", action="store_true", help="the nano base, not the random one")
    parser.add_argument("--half", action="store_true", help="a random one published in fp16")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        made_base = partial(random_base, Path(made) / "base", half=chosen.half)
        base = find_base("nano") if chosen.nano else made_base()
        adapters = random_adapters(base, Path(made), 4)
        plain = Plain(base, adapters)
        engines = {"fp32": LocalEngine(base), "int8": LocalEngine(base, int8=True)}
        rounds: list[Rates] = []
        same: list[bool] = []
        for repeat in range(chosen.repeats + 1):  # the first one warms up
            expected, rates = plain_rates(plain, asked(adapters, 4, 1000 * repeat))
            for kind, engine in engines.items():
                for rows in ROWS:
                    replies, (whole, writing) = engine_rates(
                        engine, asked(adapters, rows, 1000 * repeat), exact=kind == "fp32"
                    )
                    rates[kind, rows] = whole, writing
                    if (kind, rows) == ("fp32", 4):
                        same.append(replies == expected)
            rounds.append(rates)
        print(f"base {base.name}, tokens a second in all / writing only, and times PEFT")
        show(rounds[1:])
        print(f"fp32 batches of four with PEFT's very tokens: {sum(same)} of {len(same)}")


def show(rounds: list[Rates]) -> None:
    stock = [statistics.median(each["peft", 1][part] for each in rounds) for part in (0, 1)]
    for kind, rows in rounds[0]:
        here = [statistics.median(each[kind, rows][part] for each in rounds) for part in (0, 1)]
        times = [rate / plain for rate, plain in zip(here, stock, strict=True)]
        print(
            f"{kind} {rows:3d} rows {here[0]:7.1f} / {here[1]:7.1f}, "
            f"{times[0]:5.2f} / {times[1]:5.2f} times"
        )


if __name__ == "__main__":
    main()
