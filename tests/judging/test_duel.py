"""Draws, bounds and outcomes equal what is computed by hand, and hold in simulations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from components.judging.betting import Draws, bounds, evidence
from components.judging.drawing import order_of, pool_of
from components.judging.duel import Outcome, _of_queries, ordered, standing

LOG3 = 1 / math.log2(3)


def test_a_pool_has_the_pairs_whose_discounts_differ() -> None:
    before = {"q1": ["a", "b", "c"], "q2": ["a", "b"]}
    after = {"q1": ["b", "a", "c"], "q2": ["a", "b"], "q3": ["x"]}
    pool = pool_of(before, after, ["q1", "q2", "q3"], k=2)
    assert pool.pairs == (("q1", "a"), ("q1", "b"), ("q3", "x"))
    assert pool.weights == pytest.approx([(LOG3 - 1) / 3, (1 - LOG3) / 3, 1 / 3])
    assert pool.expected == pytest.approx([1 + LOG3, 1 + LOG3, 1])
    assert (pool.query.tolist(), pool.queries) == ([0, 0, 2], 3)
    assert pool.mass[2] == pytest.approx(1 / 3)


def test_pairs_are_drawn_with_the_chances_that_are_kept() -> None:
    """Of masses 1, 2, 3 the order c, a, b has the chance 3/6 * 1/3."""
    mass = np.array([1.0, 2.0, 3.0])
    orders = [order_of(mass, seed) for seed in range(4_000)]
    for order in orders[:20]:
        drawn = mass[order.places]
        assert order.chances == pytest.approx(drawn / (6 - np.r_[0, drawn.cumsum()[:-1]]))
    share = np.mean([order.places.tolist() == [2, 0, 1] for order in orders])
    assert share == pytest.approx(1 / 6, abs=0.02)
    assert order_of(mass, 7).places.tolist() == order_of(mass, 7).places.tolist()


def four() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([0.3, -0.2, 0.1, -0.4]),
        np.array([1.0, 0.5, 1.5, 0.7]),
        np.array([0.4, 0.1, 0.2, 0.3]),
        np.array([1.0, 0.5, 0.0, 0.25]),
    )


def orders_of_four() -> list[tuple[list[int], np.ndarray, float]]:
    """Return all orders of four pairs with their chances, and how likely each order is."""
    mass = four()[2]
    result = []
    for places in itertools.permutations(range(4)):
        drawn = mass[list(places)]
        chances = drawn / drawn[::-1].cumsum()[::-1]
        result.append((list(places), chances, float(chances.prod())))
    return result


@pytest.mark.parametrize("n", [1, 2, 3])
def test_estimates_are_unbiased_over_all_orders(n: int) -> None:
    """Also each query's; the mean over all 24 orders by their chances is the sum itself."""
    weights, expected, _, gains = four()
    pool = pool_of({}, {"q1": ["a", "b"], "q2": ["c", "d"]}, ["q1", "q2"])
    total, queries = 0.0, np.zeros(2)
    for places, chances, likely in orders_of_four():
        draws = Draws(weights[places], expected[places], chances, gains[places][:n])
        order = order_of(np.ones(4), 0).__class__(np.array(places), chances)
        parts, noise = _of_queries(pool, order, draws)
        assert noise >= 0
        assert parts.mean() == pytest.approx(draws.estimate)
        total += likely * draws.estimate
        queries += likely * parts
    truth = weights * gains
    assert total == pytest.approx(truth.sum())
    assert queries == pytest.approx([2 * truth[:2].sum(), 2 * truth[2:].sum()])


def test_a_bet_against_the_truth_gains_nothing() -> None:
    """The capital's mean over all orders is 1 after each draw: at the truth itself exactly."""
    weights, expected, _, gains = four()
    truth = float((weights * gains).sum())
    for sign in (1, -1):
        capital = np.zeros(4)
        for places, chances, likely in orders_of_four():
            draws = Draws(sign * weights[places], expected[places], chances, gains[places])
            capital += likely * np.exp(evidence(draws, sign * truth))
        assert capital == pytest.approx(np.ones(4))


def test_bounds_begin_with_all_that_is_possible_and_end_with_the_sum() -> None:
    weights, expected, mass, gains = four()
    chances = mass / mass[::-1].cumsum()[::-1]
    nothing = Draws(weights, expected, chances, gains[:0])
    assert bounds(nothing, nothing) == pytest.approx((-0.6, 0.4))
    everything = Draws(weights, expected, chances, gains)
    assert bounds(everything, everything) == pytest.approx((0.1, 0.1))


def clear_duel() -> tuple[dict[str, list[str]], dict[str, list[str]], list[str]]:
    """Return rankings of 60 queries; the second has the relevant document first, not tenth."""
    queries = [f"q{i}" for i in range(60)]
    others = [f"d{i}" for i in range(9)]
    return {q: [*others, "best"] for q in queries}, {q: ["best", *others] for q in queries}, queries


def test_a_winner_is_named_early_and_in_the_right_direction() -> None:
    before, after, queries = clear_duel()
    for first, second, outcome in (
        (before, after, Outcome.AFTER),
        (after, before, Outcome.BEFORE),
    ):
        pool = pool_of(first, second, queries)
        order = ordered(pool, 5)
        grades = [2 if pool.pairs[i][1] == "best" else 0 for i in order.places]
        looks = [standing(pool, order, grades[:n], 2) for n in range(20, 421, 40)]
        end = next(look for look in looks if look.ended)
        assert end.outcome is outcome
        assert end.graded < 300 and end.pairs == 600
        difference = 2 * (1 - 1 / math.log2(11))
        sign = 1 if outcome is Outcome.AFTER else -1
        for n in range(1, 60):
            quick = standing(pool, order, grades[:n], 2, hidden=True)
            assert quick.outcome is standing(pool, order, grades[:n], 2).outcome
        for look in looks:
            assert look.low <= sign * difference <= look.high
        assert "is better than" in end.sentence("A", "B")
        hidden = standing(pool, order, grades[:3], 2)
        assert not hidden.ended
        assert hidden.sentence("A", "B") == (
            "3 of 600 pairs graded. The difference is hidden until it is clear."
        )


def test_queries_that_disagree_cannot_tell() -> None:
    """One query of five differs: all grades are there, and say nothing of other queries."""
    before = {f"q{i}": ["x", "y"] for i in range(5)}
    after = {q: ["y", "x"] for q in before}
    pool = pool_of(before, after, list(before))
    order = ordered(pool, 1)
    grades = [2 if pool.pairs[i] == ("q0", "y") else 0 for i in order.places]
    end = standing(pool, order, grades, 2)
    assert end.outcome is Outcome.QUERIES
    assert end.estimate == end.low == end.high == pytest.approx(2 * (1 - LOG3) / 5)
    assert "more grades will not help" in end.sentence("A", "B")
    assert standing(pool, order, [1] * 10, 2).outcome is Outcome.SAME


def test_cannot_say_counts_as_the_whole_range() -> None:
    pool = pool_of({"q": ["x", "y"]}, {"q": ["y", "x"]}, ["q"])
    order = ordered(pool, 1)
    grades = [None if pool.pairs[i][1] == "y" else 2 for i in order.places]
    end = standing(pool, order, grades, 2)
    assert (end.low, end.high) == pytest.approx((-2 * (1 - LOG3), 0.0))
    assert end.unclear == 1
    assert end.outcome is Outcome.QUERIES
