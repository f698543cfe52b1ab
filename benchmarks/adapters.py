"""Sixty-four adapters in memory: what they cost in bytes and in speed, beside four.

python benchmarks/adapters.py [--repeats 5]

Bytes are those of the process, before and after; speed is that of a batch of four and of sixteen
requests, over the same four adapters while four or 64 are loaded, and over others of the 64.
Sixteen rows of sixteen adapters also read sixteen headers where four adapters read four.
"""

import argparse
import gc
import statistics
import tempfile
from pathlib import Path

from speakers import Plain, random_adapters, random_base, request, timed, words

from persllm.agents.engines.local import LocalEngine
from persllm.manifest import WEIGHTS_NAME

MANY, FEW = 64, 4
TOKENS = 24
KEPT = 128 << 20
"""Bytes of keys and values."""


def resident() -> int:
    """Return the bytes of memory this process holds (Linux)."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS"))


def rate(engine: LocalEngine, adapters: list[Path], rows: int, seed: int) -> float:
    """Return tokens a second over prompts of which nothing was kept, whoever was asked before."""
    header = f"{seed} {words(30, seed)}"
    batch = [
        request(words(40, seed + row), adapters[row % len(adapters)], tokens=TOKENS, header=header)
        for row in range(rows)
    ]
    replies, seconds = timed(lambda: engine.generate(batch))
    return sum(reply.new_tokens for reply in replies) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        base = random_base(Path(made) / "base")
        adapters = random_adapters(base, Path(made), MANY)
        few, many = LocalEngine(base, kv_bytes=KEPT), LocalEngine(base, kv_bytes=KEPT)
        for seed in range(3):  # fills what is kept, so that only adapters can grow
            rate(few, adapters[:FEW], 16, seed)
            rate(many, adapters[:FEW], 16, seed)
        before = resident()
        for adapter in adapters[FEW:]:
            list(many.stream(request("?", adapter, tokens=1)))
        cost = resident() - before
        files = sum((each / WEIGHTS_NAME).stat().st_size for each in adapters[FEW:])
        print(f"{MANY - FEW} more adapters: {cost >> 20} MiB, their files {files >> 20} MiB")
        seen: dict[str, list[float]] = {}
        for repeat in range(chosen.repeats):
            for rows in (4, 16):
                seed = 100 * repeat + rows
                sides = {
                    f"{rows} rows, 4 of 4": (few, adapters[:FEW]),
                    f"{rows} rows, 4 of 64": (many, adapters[:FEW]),
                    f"{rows} rows, {rows} others of 64": (many, adapters[-rows:]),
                }
                shift = repeat % len(sides)  # whoever comes first in a round is at an advantage
                for name, (engine, used) in [*sides.items()][shift:] + [*sides.items()][:shift]:
                    seen.setdefault(name, []).append(rate(engine, used, rows, seed))
        for name, rates in seen.items():
            stock = statistics.median(seen[name.split(",")[0] + ", 4 of 4"])
            middle = statistics.median(rates)
            print(f"{name}: {middle:6.1f} tokens/s, {middle / stock:4.2f} of 4 of 4")
        asked = request(words(40, 5), adapters[-1], tokens=TOKENS)
        reply = many.generate([asked])[0]
        expected = Plain(base, adapters[-1:]).reply(asked)
        print(f"tokens of PEFT: {(reply.text, reply.new_tokens) == expected}")


if __name__ == "__main__":
    main()
