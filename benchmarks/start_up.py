"""How long `persllm --help` takes, beside a bare Python, median of warm runs.

python benchmarks/start_up.py
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    persllm = [str(Path(sys.executable).with_name("persllm")), "--help"]
    bare = [sys.executable, "-c", "pass"]
    seconds(persllm)
    pairs = [(seconds(persllm), seconds(bare)) for _ in range(RUNS)]
    ours, plain = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"persllm --help {ours:.3f} s, bare python {plain:.3f} s, ratio {ours / plain:.1f}")


if __name__ == "__main__":
    main()
