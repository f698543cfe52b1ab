"""Evaluation through the engine's batches beside one question at a time: answers and scores.

python benchmarks/evaluation.py [--rounds 3]

Both sides ask the same questions of the same engine, interleaved; medians of wall-clock and of CPU
time. The engine keeps no answer, and each round asks in other words so that no prompt comes again.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from persllm.agents.workplace import Workplace
from persllm.cast import find_persona
from persllm.training.evaluation.systems import Question, Statement, System
from persllm.ui.compared import PROMPT, base_system

PERSONA = "nikola-tesla"
ASKED = 64


def measured(work: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def questions(part: int) -> list[Question]:
    persona = find_persona(PERSONA)
    return [
        Question(stage=stage.id, text=f"Question {part}.{i}. {text}", max_tokens=48)
        for i in range(ASKED // (len(persona.questions) * len(persona.stages)) + 1)
        for stage in persona.stages
        for text in persona.questions
    ][:ASKED]


def statements(part: int) -> list[Statement]:
    reply = "I carried four cents, some poems and a plan for a flying machine."
    return [(question, f"{reply} {question.text}") for question in questions(part)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with TemporaryDirectory() as folder:
        place = Workplace(base_name="nano", runs=Path(folder))
        system = base_system(find_persona(PERSONA), place)
        system.answer(questions(-1)[:2])  # loads and warms
        report("answers", [answers_round(system, part) for part in range(rounds)])
        report("scores", [scores_round(system, part) for part in range(rounds)])
    print(f"{ASKED} questions to {PROMPT!r} on nano, {rounds} rounds")


def answers_round(system: System, part: int) -> tuple[tuple[float, float], tuple[float, float]]:
    def alone() -> None:
        for question in questions(2 * part):
            system.answer([question])

    def together() -> None:
        system.answer(questions(2 * part + 1))

    return measured(alone), measured(together)


def scores_round(system: System, part: int) -> tuple[tuple[float, float], tuple[float, float]]:
    assert system.score is not None
    score = system.score

    def alone() -> None:
        for statement in statements(1000 + 2 * part):
            score([statement])

    def together() -> None:
        score(statements(1000 + 2 * part + 1))

    return measured(alone), measured(together)


def report(what: str, found: list[tuple[tuple[float, float], tuple[float, float]]]) -> None:
    for i, kind in enumerate(("wall", "CPU")):
        alone = statistics.median(one[i] for one, _ in found)
        together = statistics.median(both[i] for _, both in found)
        print(
            f"{what}, {kind}: one by one {alone:.2f} s, batches {together:.2f} s, "
            f"ratio {alone / together:.1f}"
        )


if __name__ == "__main__":
    main()
