"""The sign-flip test against brute force and SciPy, its level, its power, and its intervals."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from components.evaluation.resampling import intervals, max_t, signed_sums

Values = npt.NDArray[np.float64]


def brute(values: Values, shift: float = 0.0, column: int = 0) -> list[float]:
    """Return each column's p with Student's t over every sign pattern; `column` is shifted."""
    d = values.copy()
    d[:, column] -= shift

    def greatest(rows: Values) -> list[float]:
        result = []
        for x in rows.T:
            mean, spread = abs(x.mean()), x.std(ddof=1)
            flat = spread < 1e-12 * max(1.0, mean)
            result.append((math.inf if mean > 1e-12 else 0.0) if flat else mean / spread)
        return result

    seen = greatest(d)
    patterns = [np.array(s)[:, None] for s in itertools.product([1, -1], repeat=len(d))]
    most = [max(greatest(d * signs)) for signs in patterns]
    return [float(np.mean([m >= t * (1 - 1e-9) for m in most])) for t in seen]


def test_p_by_hand() -> None:
    """Of 1, 2 and 3 only all signs alike go as far: 2 of 8; of 1, 1 and -1 all 8 do."""
    tested = max_t(np.array([[1.0, 1.0], [2.0, 1.0], [3.0, -1.0]])[:, :1])
    assert tested.p[0] == tested.least[0] == 2 / 8
    assert math.isnan(tested.low[0]), "three queries bound nothing"
    assert max_t(np.array([[1.0], [1.0], [-1.0]])).p[0] == 1.0


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    st.integers(2, 7).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(-4, 6), min_size=n, max_size=n), min_size=1, max_size=3
        )
    )
)
def test_corrected_p_is_that_of_every_pattern_gone_through(columns: list[list[int]]) -> None:
    values = np.array(columns, np.float64).T / 10
    assert max_t(values).p == pytest.approx(brute(values))


def test_one_column_is_scipys_paired_randomisation_test() -> None:
    chance = np.random.default_rng(3)
    small, large = chance.normal(0.3, 0.5, 9), chance.normal(0.04, 0.2, 70)
    exact = stats.permutation_test(
        (small,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert max_t(small[:, None]).p[0] == pytest.approx(exact.pvalue)
    sampled = stats.permutation_test(
        (large,), np.mean, permutation_type="samples", n_resamples=20_000, rng=4
    )
    assert max_t(large[:, None]).p[0] == pytest.approx(sampled.pvalue, abs=0.015)


def test_an_interval_holds_what_the_test_does_not_reject() -> None:
    values = np.random.default_rng(8).normal([0.3, 0.1], 0.4, (9, 2)).round(2)
    tested = max_t(values)
    for column in range(2):
        for bound, out in ((tested.low[column], -1), (tested.high[column], 1)):
            assert brute(values, bound - out * 1e-6, column)[column] >= 0.05
            assert brute(values, bound + out * 1e-6, column)[column] < 0.05


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 4), st.floats(0, 2))
def test_verdict_and_interval_never_contradict(seed: int, n: int, k: int, effect: float) -> None:
    """With values as measures have them: few different ones, many of them 0."""
    chance = np.random.default_rng(seed)
    values = chance.choice([-0.5, -0.1, 0, 0, 0, 0.1, 0.5], (n, k)) + effect / n * (seed % 2)
    tested = max_t(values, resamples=299)
    outside = (tested.low > 0) | (tested.high < 0)
    assert (outside == (tested.p < 0.05)).all()
    assert (tested.p[np.isnan(tested.low)] >= 0.05).all()
    bounded = ~np.isnan(tested.low)
    assert (tested.low <= values.mean(axis=0) + 1e-9)[bounded].all()
    assert (tested.high >= values.mean(axis=0) - 1e-9)[bounded].all()


def test_one_interval_is_close_to_students() -> None:
    d = np.random.default_rng(1).normal(0.05, 0.2, 80)
    tested = max_t(d[:, None])
    low, high = stats.t.interval(0.95, 79, d.mean(), stats.sem(d))
    assert (tested.low[0], tested.high[0]) == pytest.approx((low, high), abs=0.003)


def test_more_columns_make_wider_intervals() -> None:
    values = np.random.default_rng(6).normal(0.02, 0.2, (40, 4))
    alone, together = max_t(values[:, :1]), max_t(values)
    assert together.p[0] > alone.p[0]
    assert together.low[0] < alone.low[0] < alone.high[0] < together.high[0]
    doubled = max_t(values[:, [0, 0]])
    assert doubled.p == pytest.approx([alone.p[0]] * 2), "the same column twice costs nothing"


@pytest.mark.parametrize(("n", "p"), [(2, 0.5), (5, 0.0625), (6, 0.03125)])
def test_the_least_p_of_so_few_queries(n: int, p: float) -> None:
    tested = max_t(np.full((n, 1), 0.1))
    assert tested.p[0] == tested.least[0] == p
    assert math.isnan(tested.low[0]) == (p > 0.05)


def test_columns_without_spread_or_with_holes() -> None:
    """Eight equal gains leave two patterns of 256; zeros and NaN are in nobody's way."""
    tested = max_t(np.array([[0.1, 0.0, math.nan]] * 8))
    assert tested.p[:2].tolist() == [2 / 256, 1.0]
    assert (tested.low[0], tested.high[0]) == (pytest.approx(0.1), pytest.approx(0.1))
    assert (tested.low[1], tested.high[1]) == (0, 0)
    assert np.isnan([tested.p[2], tested.low[2], tested.least[2]]).all()
    assert np.isnan(tested.detectable).all()


def test_only_members_count() -> None:
    """The first column as if it were of its six members alone, beside one of zeros."""
    values = np.array([0.1, 0.2, 0.3, 0.1, 0.4, 0.2, 9.0, -9.0])[:, None]
    members = np.array([1.0] * 6 + [0.0] * 2)[:, None]
    part, alone = max_t(values, members), max_t(values[:6])
    assert part.p[0] == alone.p[0] == 2 / 64
    assert part.low[0] == pytest.approx(alone.low[0], abs=1e-8)
    assert part.detectable[0] == pytest.approx(alone.detectable[0])


def test_the_chance_of_one_false_claim_about_three_systems_is_at_most_5_percent() -> None:
    """Skewed in size and correlated, but symmetric; and one more system that really is better."""
    chance, wrong, missed = np.random.default_rng(5), 0, 0
    runs = 300
    for _ in range(runs):
        common = chance.standard_t(3, (25, 1))
        values = 0.1 * (common + chance.standard_t(3, (25, 3)))
        tested = max_t(np.hstack([values, values[:, :1] + 0.3]), resamples=199)
        wrong += bool((tested.p[:3] < 0.05).any())
        truth = np.array([0, 0, 0, 0.3])
        missed += bool(((tested.low > truth) | (tested.high < truth)).any())
    most = 0.05 * runs + 3 * math.sqrt(0.05 * 0.95 * runs)
    assert wrong <= most
    assert missed <= most


def test_what_the_queries_would_show_is_shown_four_times_out_of_five() -> None:
    chance, clear, runs = np.random.default_rng(9), 0, 250
    for _ in range(runs):
        noise = chance.normal(0, 0.2, (30, 1))
        shift = max_t(noise, resamples=199).detectable[0]
        clear += bool(max_t(chance.normal(shift, 0.2, (30, 1)), resamples=199).p[0] < 0.05)
    assert 0.8 * runs - 25 < clear < 0.8 * runs + 25


def test_what_the_queries_would_show_by_hand() -> None:
    """About 1.96 + 0.84 standard errors for one column of many queries."""
    d = np.random.default_rng(2).normal(0.5, 0.2, (400, 1))
    expected = (1.96 + 0.8416) * d.std(ddof=1) / 20
    assert max_t(d).detectable[0] == pytest.approx(expected, rel=0.02)
    assert max_t(d + 3).detectable[0] == pytest.approx(expected, rel=0.02), "whatever the mean"


def test_sums_under_signs() -> None:
    sums = signed_sums(np.array([[1.0], [2.0], [4.0]]))
    assert sums[:, 0].tolist() == [7.0, 5.0, 3.0, 1.0]
    many = signed_sums(np.ones((40, 2)), 99)
    assert many.shape == (100, 2)
    assert many[0].tolist() == [40, 40]
    assert (many[:, 0] == many[:, 1]).all(), "the same signs for every column"


def test_the_interval_of_a_mean_is_scipys_percentile_bootstrap() -> None:
    d = np.random.default_rng(1).normal(0.05, 0.2, 60)
    found = stats.bootstrap((d,), np.mean, n_resamples=20_000, method="percentile", rng=2)
    expected = found.confidence_interval
    (bounds,) = intervals(d[:, None])
    assert tuple(bounds) == pytest.approx((expected.low, expected.high), abs=0.004)
    assert tuple(bounds) == tuple(intervals(d[:, None])[0]), "the same values, the same interval"


def test_means_resampled_together_are_as_alone() -> None:
    values = np.random.default_rng(6).normal(0.02, 0.2, (40, 3))
    for i in range(3):
        assert intervals(values)[i] == pytest.approx(intervals(values[:, [i]])[0], abs=1e-12)
