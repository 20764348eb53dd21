from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from components.evaluation import significance
from components.evaluation.significance import (
    Difference,
    difference,
    differences,
    facts,
    holm,
    intervals,
    means,
    p_values,
    sentence,
)
from components.measures import Metrics
from components.wording import signed


def with_p(p: float) -> Difference:
    return Difference("s", "m", 10, 0.1, 0.0, 0.2, p, p, 0.5, 0)


def test_small_samples_are_tested_exactly() -> None:
    before, after = [0.1, 0.2, 0.3, 0.4, 0.5], [0.3, 0.5, 0.2, 0.8, 0.9]
    d = np.array(after) - np.array(before)
    means = [abs(np.mean(d * signs)) for signs in itertools.product([1, -1], repeat=5)]
    expected = np.mean([m >= abs(d.mean()) - 1e-12 for m in means])
    found = difference("s", "nDCG@10", before, after)
    assert found.p == pytest.approx(expected)
    assert found.mean == pytest.approx(0.24)
    assert found.effect == pytest.approx(d.mean() / d.std(ddof=1))


def test_the_interval_is_scipys_percentile_bootstrap() -> None:
    d = np.random.default_rng(1).normal(0.05, 0.2, 60)
    found = stats.bootstrap((d,), np.mean, n_resamples=20_000, method="percentile", rng=2)
    expected = found.confidence_interval
    (bounds,) = intervals(d[:, None])
    assert tuple(bounds) == pytest.approx((expected.low, expected.high), abs=0.004)
    assert tuple(bounds) == tuple(intervals(d[:, None])[0]), "the same values, the same interval"


def test_the_randomisation_test_is_scipys() -> None:
    chance = np.random.default_rng(3)
    small, large = chance.normal(0.3, 0.5, 9), chance.normal(0.04, 0.2, 70)
    exact = stats.permutation_test(
        (small,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert p_values(small[:, None])[0] == pytest.approx(exact.pvalue)
    sampled = stats.permutation_test(
        (large,), np.mean, permutation_type="samples", n_resamples=20_000, rng=4
    )
    assert p_values(large[:, None])[0] == pytest.approx(sampled.pvalue, abs=0.015)


def test_systems_tested_together_are_as_alone() -> None:
    values = np.random.default_rng(6).normal(0.02, 0.2, (40, 3))
    for i in range(3):
        alone = values[:, i : i + 1]
        assert intervals(values)[i] == pytest.approx(intervals(alone)[0], abs=1e-12)
        assert p_values(values)[i] == p_values(alone)[0]


def test_means_carry_their_intervals() -> None:
    metrics = {
        "a": Metrics({}, {f"q{i}": {"m": i / 10, "n": 0.5} for i in range(10)}),
        "none": Metrics({}, {}),
    }
    found = means(metrics, ("m", "n"))
    assert list(found) == ["a"]
    assert found["a"]["m"].value == pytest.approx(0.45)
    assert found["a"]["m"].low < 0.45 < found["a"]["m"].high
    assert (found["a"]["n"].low, found["a"]["n"].high, found["a"]["n"].n) == (0.5, 0.5, 10)
    one = means({"a": Metrics({}, {"q": {"m": 0.25}})}, ("m",))["a"]["m"]
    assert (one.value, one.n, math.isnan(one.low)) == (0.25, 1, True)
    assert means({"none": Metrics({}, {})}, ("m",)) == {}


def test_holm_by_hand() -> None:
    found = holm([with_p(0.04), with_p(0.01), with_p(0.03), with_p(0.5)])
    assert [d.holm for d in found] == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert [d.distinguishable for d in found] == [False, True, False, False]
    unknown = holm([with_p(math.nan), with_p(0.02)])
    assert math.isnan(unknown[0].holm)
    assert unknown[1].holm == 0.02


def test_queries_that_are_still_needed_by_hand() -> None:
    found = difference("s", "m", [0.0] * 20, [0.2, 0.0] * 10)
    spread = np.std([0.2, 0.0] * 10, ddof=1)
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert found.more == max(0, math.ceil((z * spread / 0.05) ** 2) - 20)


def test_a_simulated_null_is_called_a_difference_about_five_times_in_a_hundred(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(significance, "RESAMPLES", 299)
    chance = np.random.default_rng(5)
    wrong = sum(
        difference("s", "m", chance.random(25), chance.random(25)).p < 0.05 for _ in range(1000)
    )
    assert 30 <= wrong <= 72  # 50 expected, three standard deviations either side


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([], [], "0 judged query is no evidence"),
        ([0.5], [0.9], "1 judged query is no evidence"),
        ([0.5] * 9, [0.5] * 9, "s equals base in m (95% CI 0.000 to 0.000, n = 9): not dist"),
        ([0.5] * 3, [0.6] * 3, "s beats base by +0.100 m (95% CI +0.100 to +0.100, n = 3): not"),
    ],
)
def test_odd_cases_have_clear_words(before: list[float], after: list[float], words: str) -> None:
    said = sentence(difference("s", "m", before, after), "base")
    assert words in said
    assert "nan" not in said


def test_sentences_say_which_way_and_how_sure() -> None:
    sure = Difference("minilm-l12", "nDCG@10", 50, 0.131, 0.09, 0.17, 0.0001, 0.0001, 1.0, 0)
    assert sentence(sure, "the first stage") == (
        "minilm-l12 beats the first stage by +0.131 nDCG@10 (95% CI +0.090 to +0.170, n = 50): "
        "distinguishable from noise (p < 0.001 after correction)."
    )
    unsure = Difference("x", "nDCG@10", 50, -0.031, -0.066, 0.004, 0.08, 0.08, -0.2, 150)
    assert sentence(unsure, "bm25") == (
        "x loses to bm25 by −0.031 nDCG@10 (95% CI −0.066 to +0.004, n = 50): "
        "not distinguishable from noise; about 150 more queries would show half of it."
    )


def test_correction_that_decides_is_told() -> None:
    torn = Difference("x", "RR@10", 40, 0.05, 0.002, 0.1, 0.04, 0.12, 0.3, 80)
    assert sentence(torn, "bm25") == (
        "x beats bm25 by +0.050 RR@10 (95% CI +0.002 to +0.100, n = 40): not distinguishable from "
        "noise once corrected for the other systems (p = 0.040, then 0.120); about 80 more queries "
        "would show half of it."
    )


def test_an_interval_without_zero_that_the_test_does_not_confirm_is_told() -> None:
    edge = Difference("x", "AP", 20, 0.034, 0.001, 0.072, 0.061, 0.061, 0.4, 165)
    assert sentence(edge, "bm25") == (
        "x beats bm25 by +0.034 AP (95% CI +0.001 to +0.072, n = 20): not distinguishable from "
        "noise by the randomisation test (p = 0.061); about 165 more queries would show half of it."
    )


def test_a_difference_as_a_row_of_a_table() -> None:
    sure = Difference("x", "nDCG@10", 1250, -0.131, -0.17, -0.09, 0.0001, 0.0312, -1.0, 0)
    assert list(facts(sure).items()) == [
        ("System", "x"),
        ("Change in nDCG@10", "−0.131"),
        ("95% CI", "−0.170 to −0.090"),
        ("p", "< 0.001"),
        ("p, Holm", "0.031"),
        ("Effect size", "−1.00"),
        ("n", "1,250"),
        ("More queries for half", "0"),
    ]
    one = difference("x", "m", [0.5], [0.75])
    assert [v for v in facts(one).values() if v] == ["x", "+0.250", "1"]


def test_a_measure_that_is_not_of_quality_is_not_won() -> None:
    d = difference("s", "Judged@10", [0.5, 0.5, 0.5], [0.6, 0.6, 0.6])
    assert sentence(d, "base").startswith("s is above base by +0.100 Judged@10 (95% CI ")
    d = difference("s", "Judged@10", [0.5, 0.5, 0.5], [0.4, 0.4, 0.4])
    assert sentence(d, "base").startswith("s is below base by \N{MINUS SIGN}0.100 Judged@10")


def test_gains_and_losses_that_cancel_are_no_gain() -> None:
    found = difference("x", "m", [0.1, 0.3, 0.2], [0.3, 0.2, 0.1])
    assert found.mean == 0
    assert sentence(found, "base").startswith("x equals base in m (95% CI ")
    assert [signed(v) for v in (-0.0, -0.0004, 0.0004, -0.0006)] == [
        *("0.000", "0.000", "0.000", "−0.001")
    ]


def test_systems_are_paired_with_the_baseline_by_query() -> None:
    base = Metrics({}, {"q1": {"m": 0.1}, "q2": {"m": 0.2}, "q3": {"m": 0.3}})
    other = Metrics({}, {"q3": {"m": 0.5}, "q1": {"m": 0.2}, "q2": {"m": 0.4}})
    empty = Metrics({}, {})
    (found,) = differences({"base": base, "other": other, "none": empty}, "base", "m")
    assert found.system == "other"
    assert found.mean == pytest.approx((0.1 + 0.2 + 0.2) / 3)
