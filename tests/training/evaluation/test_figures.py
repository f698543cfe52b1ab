"""Figures, intervals and differences whose values are known by hand."""

import pytest

from persllm.training.evaluation.figures import (
    difference,
    figure_of,
    harmonic_figure,
)


def test_a_figure_is_the_mean_and_its_interval_holds_it() -> None:
    figure = figure_of([1.0] * 30 + [0.0] * 10)
    assert figure.value == 0.75
    assert figure.n == 40
    # the normal approximation says 0.75 +- 0.134
    assert figure.low == pytest.approx(0.616, abs=0.03)
    assert figure.high == pytest.approx(0.884, abs=0.03)


def test_the_same_seed_gives_the_same_interval_and_more_cases_a_narrower_one() -> None:
    few, many = [0.0, 1.0] * 10, [0.0, 1.0] * 100
    assert figure_of(few, seed=3) == figure_of(few, seed=3)
    wide, narrow = figure_of(few), figure_of(many)
    assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_a_share_without_spread_gets_wilson_s_interval() -> None:
    assert figure_of([1.0] * 5).low == pytest.approx(0.566, abs=1e-3)
    assert figure_of([0.0] * 5).high == pytest.approx(0.434, abs=1e-3)
    assert figure_of([]).n == 0


def test_the_harmonic_mean_needs_both_sides() -> None:
    assert harmonic_figure([1.0, 1.0, 0.0, 0.0], [1.0] * 4).value == pytest.approx(2 / 3)
    assert harmonic_figure([1.0] * 4, [0.0] * 4).value == 0.0
    assert harmonic_figure([1.0], []).n == 0


def test_differences_are_taken_case_by_case() -> None:
    right = {str(i): 1.0 for i in range(20)}
    half = {str(i): float(i % 2) for i in range(20)}
    found = difference(right, half)
    assert found is not None
    assert found.figure.value == 0.5
    assert found.apart
    same = difference(half, half)
    assert same is not None
    assert same.figure.value == same.figure.low == same.figure.high == 0
    assert not same.apart
    assert same.overlap


def test_few_or_other_cases_tell_nothing_apart() -> None:
    few = difference({"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 0.0})
    assert few is not None
    assert not few.apart
    assert difference({"a": 1.0}, {"b": 1.0}) is None
