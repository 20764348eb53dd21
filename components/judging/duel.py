"""Which of two rankings is better, with the fewest grades.

Two questions are asked, and both must be answered before anybody is called better. Do these
queries' grades, all of them, favour one ranking? The confidence sequence of `betting` says so from
a part of them. And do the queries agree enough that others like them would favour it too? The
paired test over queries says that, of unbiased estimates of each query's difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from components.evaluation.significance import Difference, paired
from components.judging.betting import Draws, bounds, excludes_zero
from components.judging.drawing import Order, Pool, Values, order_of
from components.wording import count, signed

MEASURE = "DCG@10"
"""With linear gain: a document counts its grade, divided by log2 of its rank plus 1."""
_NORMAL = 1.96
_ROUNDING = 1e-9


class Outcome(StrEnum):
    """What the grades so far say."""

    GO_ON = "go on"
    BEFORE = "the first is better"
    AFTER = "the second is better"
    QUERIES = "the queries cannot tell"
    SAME = "no difference"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a duel is.

    `estimate`, `low` and `high` are of the difference of the mean DCG@10, the second's less the
    first's, in grades; the bounds hold at every look with a chance of 95%. `difference` is the
    paired one over queries, None until the bounds exclude 0 or all pairs are graded. Who judges
    must see none of them before the end.
    """

    graded: int
    pairs: int
    unclear: int
    estimate: float
    low: float
    high: float
    outcome: Outcome
    difference: Difference | None = None

    @property
    def ended(self) -> bool:
        """Return whether no further grade is asked for."""
        return self.outcome is not Outcome.GO_ON

    def sentence(self, before: str, after: str) -> str:
        """Say what came out; of a duel that goes on, only how many grades there are."""
        of = f"{self.graded:,} of {count(self.pairs, 'pair')} graded"
        if not self.ended:
            return f"{of}. The difference is hidden until it is clear."
        numbers = f"{signed(self.estimate)} {MEASURE}, linear gain, of {after} against {before}"
        reach = (
            f"95% confidence sequence {signed(self.low)} to {signed(self.high)}"
            if self.graded < self.pairs
            else "all pairs graded"
        )
        if self.outcome is Outcome.SAME:
            return f"No difference in {MEASURE} between {before} and {after} ({of})."
        if self.outcome is Outcome.QUERIES:
            return (
                f"This corpus's queries cannot tell which is better, more grades will not help: "
                f"{numbers} ({of}; {reach}), but the interval over queries includes 0."
            )
        better, other = (before, after) if self.outcome is Outcome.BEFORE else (after, before)
        return f"{better} is better than {other}: {numbers} ({of}; {reach})."


def ordered(pool: Pool, seed: int) -> Order:
    """Return the order in which a pool's pairs are to be graded."""
    return order_of(pool.mass, seed)


def standing(
    pool: Pool,
    order: Order,
    grades: Sequence[int | None],
    highest: int,
    *,
    hidden: bool = False,
) -> Standing:
    """Return how far a duel is, of the grades of the first pairs in their order.

    None is a pair of which the judge cannot say: it counts as whatever is least certain, any grade
    of the scale. While the difference stays `hidden` its bounds are not computed, which is many
    times faster, and are NaN.
    """
    weights, n = pool.weights[order.places], len(grades)
    unclear = np.array([grade is None for grade in grades], np.bool_)
    gains = np.array([(grade or 0) / highest for grade in grades], np.float64)
    least = np.where(unclear, weights[:n] < 0, gains)
    most = np.where(unclear, weights[:n] > 0, gains)
    middle = np.where(unclear, 0.5, gains)
    expected = pool.expected[order.places]
    of_least, of_most, of_middle = (
        Draws(weights, expected, order.chances, np.asarray(g, np.float64))
        for g in (least, most, middle)
    )
    complete = n == len(weights)
    if hidden and not complete and not excludes_zero(of_least, of_most):
        unknown = (math.nan, math.nan, math.nan)
        return Standing(n, len(weights), int(unclear.sum()), *unknown, Outcome.GO_ON)
    low, high = bounds(of_least, of_most)
    exact = float((weights[:n] * middle).sum())
    estimate = exact if complete else min(max(of_middle.estimate, low), high)
    so_far = Standing(
        *(n, len(weights), int(unclear.sum()), estimate * highest, low * highest, high * highest),
        Outcome.GO_ON,
    )
    if low <= 0 <= high and not complete:
        return so_far
    return _decided(so_far, pool, order, of_middle, highest)


def _decided(so_far: Standing, pool: Pool, order: Order, draws: Draws, highest: int) -> Standing:
    """Return a duel whose bounds exclude 0, or that is at its end, with what the queries say."""
    complete = so_far.graded == so_far.pairs
    parts, noise = _of_queries(pool, order, draws)
    [difference] = paired(MEASURE, {"": [(0.0, float(part)) for part in parts * highest]})
    clear = so_far.low > _ROUNDING or so_far.high < -_ROUNDING
    sure = clear and difference.distinguishable and difference.mean * so_far.estimate > 0
    spread = parts.var(ddof=1) / len(parts) if len(parts) > 1 else math.inf
    settled = math.sqrt(max(spread - noise, 0.0)) * highest
    if complete and max(-so_far.low, so_far.high) < _ROUNDING:
        outcome = Outcome.SAME
    elif sure:
        outcome = Outcome.AFTER if so_far.estimate > 0 else Outcome.BEFORE
    elif complete or abs(so_far.estimate) < _NORMAL * settled:
        outcome = Outcome.QUERIES
    else:  # what blurs the queries' differences is the drawing, which further grades make clearer
        outcome = Outcome.GO_ON
    return Standing(
        *(so_far.graded, so_far.pairs, so_far.unclear, so_far.estimate, so_far.low, so_far.high),
        *(outcome, difference),
    )


def _of_queries(pool: Pool, order: Order, draws: Draws) -> tuple[Values, float]:
    """Return an unbiased estimate of each query's difference, and the variance of their mean.

    The variance is that of the drawing alone: 0 once everything is graded. Each draw gives an
    estimate of all queries: what was drawn, what the rest is expected to be, and the surprise of
    this draw; their mean is taken.
    """
    n, weights = draws.gains.size, draws.weights
    values = np.zeros(weights.size)
    values[:n] = weights[:n] * draws.gains
    noise = 0.0
    if n < weights.size:
        ratio = draws.ratio
        sums = ratio.cumsum()
        surprise = (values[:n] - weights[:n] * ratio * draws.expected[:n]) / draws.chances[:n]
        usual = np.full(weights.size, sums[-1])
        usual[:n] = sums
        totals = draws.drawn + draws.rest
        noise = float(((totals - totals.mean()) ** 2).sum() / n**2)
        values[:n] = values[:n] * (n - 1 - np.arange(n)) + surprise
        values = (values + weights * draws.expected * usual) / n
    sums_of_queries = np.bincount(pool.query[order.places], values, pool.queries)
    return np.asarray(sums_of_queries * pool.queries, np.float64), noise
