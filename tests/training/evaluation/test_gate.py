"""The gate: what falls by more than its noise fails, chance and gains do not."""

import random
from collections.abc import Mapping

from persllm.training.evaluation.comparison import advantages, what_is_added
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.gate import Change, changes
from persllm.training.evaluation.report import (
    PersonaResults,
    Report,
    make_report,
)
from persllm.training.evaluation.suite import Result

SYSTEM = "adapter + memory"


def report(shares: Mapping[str, float], *, n: int = 40, seed: int = 1, first: int = 0) -> Report:
    draw = random.Random(seed)
    cases = []
    for measure, share in shares.items():
        values = [1.0] * round(share * n) + [0.0] * (n - round(share * n))
        draw.shuffle(values)
        cases += [
            Case(measure=measure, id=f"{first + i}", value=value, question="q", answer="a")
            for i, value in enumerate(values)
        ]
    results = {"p": {SYSTEM: Result(tuple(cases), (), {})}}
    return make_report(results, {"p": PersonaResults("P", {})}, leading=SYSTEM, made={}, seed=1)


def by_measure(found: list[Change]) -> dict[str, Change]:
    return {change.measure: change for change in found}


def test_an_unchanged_report_passes_exactly() -> None:
    same = report({"knowledge": 0.6, "corrected": 0.8})
    found = changes(same, same)
    assert len(found) == 2
    assert not any(change.fell or change.rose for change in found)


def test_a_fall_beyond_the_noise_fails_and_names_the_figure() -> None:
    found = by_measure(
        changes(
            report({"knowledge": 0.9, "corrected": 0.8}),
            report({"knowledge": 0.4, "corrected": 0.8}, seed=1),
        )
    )
    assert found["knowledge"].fell
    assert "knowledge fell from 0.900 to 0.400" in str(found["knowledge"])
    assert not found["corrected"].fell


def test_a_fall_within_the_noise_passes() -> None:
    found = by_measure(changes(report({"knowledge": 0.6}, n=12), report({"knowledge": 0.5}, n=12)))
    assert not found["knowledge"].fell


def test_other_cases_are_compared_by_their_intervals() -> None:
    old = report({"knowledge": 0.9})
    far = report({"knowledge": 0.3}, first=1000)
    near = report({"knowledge": 0.8}, first=1000)
    assert by_measure(changes(old, far))["knowledge"].fell
    assert by_measure(changes(far, old))["knowledge"].rose
    assert not by_measure(changes(old, near))["knowledge"].fell


def test_for_a_loss_a_rise_is_the_fall() -> None:
    low, high = report({"general_loss": 0.2}), report({"general_loss": 0.9})
    assert by_measure(changes(low, high))["general_loss"].fell
    assert by_measure(changes(high, low))["general_loss"].rose


def test_what_has_no_better_side_is_not_compared() -> None:
    assert changes(report({"bleu_intra": 0.9}), report({"bleu_intra": 0.1})) == []


def test_advantages_say_whether_intervals_overlap() -> None:
    cases = {
        name: tuple(Case(measure="knowledge", id=str(i), value=float(i < right)) for i in range(40))
        for name, right in ((SYSTEM, 36), ("prompt", 8))
    }
    results = {"p": {name: Result(each, (), {}) for name, each in cases.items()}}
    made = make_report(results, {"p": PersonaResults("P", {})}, leading=SYSTEM, made={}, seed=1)
    [line] = advantages(made.personas["p"], SYSTEM, "prompt")
    assert line.startswith("knowledge: higher by 70%")
    assert "do not overlap" in line


def test_the_first_line_says_what_is_added_also_when_it_is_nothing() -> None:
    def line(right: int) -> str:
        cases = {
            name: tuple(
                Case(measure=measure, id=str(i), value=float(i < n))
                for measure, n in (("knowledge", told), ("corrected", 20))
                for i in range(40)
            )
            for name, told in ((SYSTEM, right), ("memory", 12))
        }
        results = {"p": {name: Result(each, (), {}) for name, each in cases.items()}}
        made = make_report(
            results,
            {"p": PersonaResults("P", {})},
            leading=SYSTEM,
            baseline="memory",
            made={},
            seed=1,
        )
        assert made.baseline == "memory"
        return what_is_added(made.personas["p"], SYSTEM, "memory")

    assert line(12) == f"{SYSTEM} against memory: nothing that can be told from chance."
    better = line(36)
    assert better.startswith(f"{SYSTEM} against memory: knowledge +60 points (")
    assert better.endswith("not to be told from chance: corrected.")
    assert "knowledge -" in line(0)
