"""What a run tells while it trains: progress, metrics, and that it has gone wrong."""

import json
import math
import time
from collections import deque
from pathlib import Path

from transformers import TrainerCallback, TrainerControl, TrainerState

from persllm.errors import DataError
from persllm.progress import Progress

DIVERGED = 3.0
"""So many times its first value, and as many nats above it, a loss has diverged."""
BEGINNING = 2
"""Steps of an untrained adapter: the rate of the first one is 0."""
LASTING = 10
"""So many steps a nat above its beginning, a loss has diverged too: what a ruined model says is
as likely as chance, which is a loss of the vocabulary's logarithm and seldom thrice the first."""


class ProgressCallback(TrainerCallback):
    """Passes progress on, keeps the metrics, and stops a run that has gone wrong."""

    def __init__(self, what: str, folder: Path, progress: Progress) -> None:
        self._what, self._progress = what, progress
        self._metrics = folder / "metrics.jsonl"
        self._began = _losses(self._metrics)[:BEGINNING]
        self._latest: deque[float] = deque(maxlen=LASTING)
        self._since, self._tokens = time.monotonic(), 0.0
        self._speed = 0.0

    def on_log(
        self,
        args: object,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        """Keep the metrics and tell how far the run is.

        Raises:
            DataError: The loss is no number, or has grown out of bounds.
        """
        if not logs or not state.is_world_process_zero:
            return
        row = {"step": state.global_step, "time": round(time.time(), 1), **logs}
        self._metrics.parent.mkdir(parents=True, exist_ok=True)
        with self._metrics.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        if "loss" in logs:
            self._check(float(logs["loss"]), state.global_step)
            self._progress(self._line(logs), state.global_step, state.max_steps)

    def _check(self, loss: float, step: int) -> None:
        if len(self._began) < BEGINNING:
            self._began.append(loss)
        self._latest.append(loss)
        first = max(self._began)
        lasts = len(self._latest) == LASTING and min(self._latest) > first + 1
        if math.isfinite(loss) and loss <= DIVERGED * first + DIVERGED and not lasts:
            return
        rate = f"--{self._what.lower()}-rate"
        raise DataError(
            f"{self._what}: the loss became {loss:.4g} at step {step}; it began at {first:.4g}. "
            f"Lower the rate ({rate}) and train again; {self._metrics} holds every step."
        )

    def _line(self, logs: dict[str, float]) -> str:
        tokens, now = logs.get("num_tokens", 0.0), time.monotonic()
        if tokens > self._tokens and now > self._since:
            speed = (tokens - self._tokens) / (now - self._since)
            self._speed = 0.8 * self._speed + 0.2 * speed if self._speed else speed
        self._tokens, self._since = tokens, now
        parts = [f"{self._what} loss {logs['loss']:.3f}"]
        if "rewards/margins" in logs:
            parts.append(f"margin {logs['rewards/margins']:.2f}")
            parts.append(f"accuracy {logs['rewards/accuracies']:.0%}")
        return ", ".join([*parts, f"{self._speed:,.0f} tokens/s"])


def _losses(metrics: Path) -> list[float]:
    """Return the losses that a run which is continued has kept."""
    if not metrics.is_file():
        return []
    rows = []
    for line in metrics.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue  # a kill cut it
    return [float(row["loss"]) for row in rows if "loss" in row]
