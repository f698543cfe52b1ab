"""Agreement figures against values worked by hand."""

import pytest

from persllm.training.evaluation.judging.agreement import (
    fleiss,
    kendall,
    krippendorff,
    ranks,
    sign_test,
    spearman,
)


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert ranks([10, 20, 20, 5]) == [2.0, 3.5, 3.5, 1.0]


def test_spearman_is_as_worked_by_hand() -> None:
    """Rank differences 0, 1, -1, 0: 1 - 6 * 2 / (4 * 15) = 0.8."""
    assert spearman([1, 2, 3, 4], [10, 30, 20, 40]) == pytest.approx(0.8)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)


def test_kendall_counts_pairs_and_takes_ties_off() -> None:
    """Of six pairs five agree and one does not: 4 / 6. One tie on one side: 5 / sqrt(6 * 5)."""
    assert kendall([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(4 / 6)
    assert kendall([1, 2, 3, 4], [1, 2, 2, 3]) == pytest.approx(5 / 30**0.5)


def test_where_nothing_varies_there_is_no_correlation() -> None:
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    assert kendall([1, 1, 1], [1, 2, 3]) is None
    assert spearman([], []) is None


def test_nominal_alpha_is_as_worked_by_hand() -> None:
    """Krippendorff's example of two raters and ten units, binary: alpha = 0.095."""
    one = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    two = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    units = [{"one": float(a), "two": float(b)} for a, b in zip(one, two, strict=True)]
    assert krippendorff(units, level="nominal") == pytest.approx(0.095, abs=0.001)


GAPS = {
    "a": "1 2 3 3 2 1 4 1 2 . . .",
    "b": "1 2 3 3 2 2 4 1 2 5 . 3",
    "c": ". 3 3 3 2 3 4 2 2 5 1 .",
    "d": "1 2 3 3 2 4 4 1 2 5 1 .",
}
"""Krippendorff's example of four raters, twelve units and gaps."""


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_with_gaps_is_krippendorffs_own(level: str, alpha: float) -> None:
    rows = {rater: text.split() for rater, text in GAPS.items()}
    units = [
        {rater: float(row[unit]) for rater, row in rows.items() if row[unit] != "."}
        for unit in range(12)
    ]
    assert krippendorff(units, level=level) == pytest.approx(alpha, abs=0.001)  # type: ignore[arg-type]


def test_raters_who_always_say_the_same_have_no_alpha() -> None:
    assert krippendorff([{"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0}], level="ordinal") is None
    assert krippendorff([{"a": 1.0}], level="nominal") is None


def test_fleiss_kappa_is_as_worked_by_hand() -> None:
    """Two units of three raters: agreement (1 + 1/3) / 2, chance (5/6)^2 + (1/6)^2."""
    kappa = fleiss([{"yes": 3}, {"yes": 2, "no": 1}])
    chance = (5 / 6) ** 2 + (1 / 6) ** 2
    assert kappa == pytest.approx((2 / 3 - chance) / (1 - chance))
    assert fleiss([{"yes": 2}, {"no": 2}]) == 1.0


def test_fleiss_kappa_needs_the_same_number_of_raters() -> None:
    with pytest.raises(ValueError, match="same two or more raters"):
        fleiss([{"yes": 3}, {"yes": 2}])


def test_the_sign_test_is_as_worked_by_hand() -> None:
    """Nine of ten: 2 * (10 + 1) / 1024. Even: 1."""
    assert sign_test(9, 1) == pytest.approx(22 / 1024)
    assert sign_test(5, 5) == 1.0
    assert sign_test(0, 0) == 1.0
