"""Evaluation through the engine's batches, beside one question at a time: answers and scores.

python benchmarks/evaluation.py [--rounds 3]

Three ways, interleaved: transformers and PEFT one by one (the plain way), our engine one by one,
our engine's batches as `persllm eval` asks. Medians of wall-clock and CPU seconds. Each way and
round asks in other words, so that no prompt comes again; of each prompt two replies are scored.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from persllm.agents.engines.lean import weights
from persllm.agents.engines.local import LocalEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.bases import find_base
from persllm.persona_catalog import find_persona
from persllm.training.evaluation.systems import Question, Statement, System
from persllm.workflows.eval_systems import PROMPT, base_system

PERSONA = "nikola-tesla"
ASKED = 64


def measured(work: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def questions(part: int) -> list[Question]:
    persona = find_persona(PERSONA)
    return [
        Question(stage=stage.id, text=f"Question {part}.{i}. {text}")
        for i in range(ASKED // (len(persona.questions) * len(persona.stages)) + 1)
        for stage in persona.stages
        for text in persona.questions
    ][:ASKED]


def statements(part: int) -> list[Statement]:
    replies = ("I carried four cents and a plan.", "I carried a sword and a crown of gold.")
    return [
        (question, f"{reply} {question.text}") for question in questions(part) for reply in replies
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with TemporaryDirectory() as folder:
        plain, ours = (
            base_system(
                find_persona(PERSONA),
                Runtime(RuntimeOptions(base="nano", runs=Path(folder)), engine=engine),
            )
            for engine in (plain_engine(), LocalEngine(find_base("nano")))
        )
        ways = (Way("plain", plain, 1), Way("one by one", ours, 1), Way("batches", ours, ASKED * 2))
        for way in ways:
            way.answers(-1, most=2)  # loads and warms
        found = {
            what.__name__: [
                [measured(partial(what, way, len(ways) * part + i)) for i, way in enumerate(ways)]
                for part in range(rounds)
            ]
            for what in (Way.answers, Way.scores)
        }
    for what, rows in found.items():
        report(what, ways, rows)
    report("both", ways, [*map(both, *found.values())])
    print(f"{ASKED} questions to {PROMPT!r} on nano, {rounds} rounds")


def plain_engine() -> LocalEngine:
    """Return the engine that runs what the lean loop does not know: transformers and PEFT."""
    with mock.patch.object(weights, "unknown", lambda model: "it is measured beside"):
        return LocalEngine(find_base("nano"))


@dataclass(frozen=True)
class Way:
    """A system and how many questions it is asked at once."""

    name: str
    system: System
    at_once: int

    def answers(self, part: int, most: int = ASKED) -> None:
        """Ask the questions of a part."""
        asked = questions(part)[:most]
        for start in range(0, len(asked), self.at_once):
            self.system.answer(asked[start : start + self.at_once])

    def scores(self, part: int) -> None:
        """Have the statements of a part scored."""
        assert self.system.score is not None
        given = statements(1000 + part)
        for start in range(0, len(given), self.at_once):
            self.system.score(given[start : start + self.at_once])


Seconds = tuple[float, float]
"""Wall-clock and CPU."""


def both(one: Sequence[Seconds], two: Sequence[Seconds]) -> list[Seconds]:
    """Return the sums, way by way."""
    return [(a[0] + b[0], a[1] + b[1]) for a, b in zip(one, two, strict=True)]


def report(what: str, ways: Sequence[Way], found: Sequence[Sequence[Seconds]]) -> None:
    for i, kind in enumerate(("wall", "CPU")):
        seconds = [statistics.median(row[at][i] for row in found) for at in range(len(ways))]
        told = ", ".join(f"{way.name} {s:.2f} s" for way, s in zip(ways, seconds, strict=True))
        ratios = ", ".join(f"{s / seconds[-1]:.1f}" for s in seconds[:-1])
        print(f"{what}, {kind}: {told}; batches are {ratios} times as fast")


if __name__ == "__main__":
    main()
