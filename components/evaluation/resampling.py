"""Resampling of paired values: bootstrap intervals of means, and one sign-flip test of all columns.

One draw of queries, or of signs, serves all columns at once, with a fixed seed: the same values
give the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

RESAMPLES = 9_999
ALPHA = 0.05
POWER = 0.8
SEED = 20_261_122
_CHUNK = 500
_CACHED_QUERIES = 2_000
"""Queries up to which resamples are cached: 40 MB."""
_ROUNDING = 1e-9
"""Statistics that differ by less are equal: sums of the same numbers differ by their rounding."""
_HALVINGS = 34
"""Halvings of a bracket of a bound: as many as its tenth digit takes."""
Values = npt.NDArray[np.float64]
"""Shape (queries, columns)."""
Counts = npt.NDArray[np.uint16]
Flags = npt.NDArray[np.bool_]


# ---------------------------------------------------------------- bootstrap


def intervals(values: Values) -> Values:
    """Return the 95% percentile bootstrap interval of each column's mean, shape (columns, 2)."""
    n, columns = values.shape
    means = np.empty((RESAMPLES, columns))
    resamples = _cached_resamples(n) if n <= _CACHED_QUERIES else _draw(n)
    for rows, counts in zip(_chunks(RESAMPLES), resamples, strict=True):
        means[rows] = counts @ values / n
    bounds = np.percentile(means, [100 * ALPHA / 2, 100 * (1 - ALPHA / 2)], axis=0)
    return np.asarray(bounds.T, np.float64)


@lru_cache(maxsize=2)
def _cached_resamples(n: int) -> tuple[Counts, ...]:
    return tuple(_draw(n))


def _draw(n: int) -> Iterator[Counts]:
    """Yield how often each of n queries is drawn, chunk by chunk, shape (resamples, n)."""
    chance = np.random.default_rng(SEED)
    for rows in _chunks(RESAMPLES):
        size = rows.stop - rows.start
        drawn = chance.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).astype(np.uint16).reshape(size, n)


def _chunks(total: int) -> Iterator[slice]:
    return (slice(i, min(i + _CHUNK, total)) for i in range(0, total, _CHUNK))


# ---------------------------------------------------------------- signs


def signed_sums(columns: Values, resamples: int = RESAMPLES) -> Values:
    """Return the sum of each column under each pattern of signs, shape (patterns, columns).

    The first pattern leaves all signs as they are. Half of all patterns stand for all, as the
    others are their opposites; where that half has no more than `resamples` + 1 they are gone
    through, else `resamples` random ones follow the first.
    """
    n, patterns = len(columns), resamples + 1
    whole = n - 1 < 31 and 2 ** (n - 1) <= patterns
    patterns = 2 ** (n - 1) if whole else patterns
    chance = np.random.default_rng(SEED)
    sums = np.empty((patterns, columns.shape[1]))
    flipped = np.empty((min(_CHUNK, patterns), n))  # memory that is new for each chunk is slow
    for rows in _chunks(patterns):
        size = rows.stop - rows.start
        if whole:  # the last sign stays: -x is as far off as x
            flipped[:size] = (np.arange(rows.start, rows.stop)[:, None] >> np.arange(n)) & 1
        else:
            packed = np.frombuffer(chance.bytes(size * ((n + 7) // 8)), np.uint8)
            flipped[:size] = np.unpackbits(packed.reshape(size, -1), axis=1, count=n)
        sums[rows] = flipped[:size] @ columns
    total = columns.sum(axis=0)
    sums = total - 2 * sums
    sums[0] = total
    return np.asarray(sums, np.float64)


# ---------------------------------------------------------------- the test


@dataclass(frozen=True, slots=True)
class Tested:
    """The outcome of a test of several columns at once, shape (columns,) each; NaN if not tested.

    `p` is corrected for the number of columns; `low` and `high` are the bounds of the simultaneous
    95% intervals, NaN where so few queries bound nothing. `least` is the smallest p that the
    column could have under any signs, `detectable` the mean difference that the test would show
    with a power of 80%, NaN where it could show none.
    """

    p: Values
    low: Values
    high: Values
    least: Values
    detectable: Values


def max_t(
    values: Values,
    members: Values | None = None,
    resamples: int = RESAMPLES,
    *,
    bounded: bool = True,
) -> Tested:
    """Test whether each column's mean is 0: single-step max-T over sign flips that all share.

    `members`, of the same shape, has 1 for the queries that count in a column and 0 for others.
    Unless `bounded`, no intervals are computed: with hundreds of columns they take seconds.

    A column's statistic is |sum d| / sqrt(sum d²), which grows with Student's |t| and has the same
    divisor under all signs. Its p is the share of sign patterns under which the greatest statistic
    of all columns is at least as large as its own (Westfall and Young 1993, single-step maxT;
    Romano and Wolf 2005 for intervals by inversion). Where the differences of the columns without
    an effect are symmetric about 0, the chance of even one false claim is at most 5%, whatever
    the others are.

    The interval of a column holds each shift x of its values that the same test does not reject,
    the other columns as they are. It holds 0 exactly where p is at least 0.05. Should the shifts
    that are not rejected have gaps, it reaches from the mean to the first gap, or to the one
    beyond 0.
    """
    inside = np.ones_like(values) if members is None else members
    return _Flips.of(values, inside, resamples).tested(bounded=bounded)


@dataclass(frozen=True, slots=True)
class _Flips:
    """Sums under all sign patterns, and the statistics that come of them.

    `sums` and `turns`, shape (patterns, columns), are the sums of values and of signs; `largest`
    is the greatest statistic of each pattern, `others` that of all columns but one.
    """

    values: Values
    inside: Values
    sums: Values
    turns: Values
    statistics: Values
    largest: Values
    others: Values

    @staticmethod
    def of(values: Values, inside: Values, resamples: int) -> _Flips:
        usable = np.isfinite(np.where(inside > 0, values, 0)).all(axis=0)
        d = np.where((inside > 0) & usable, values, 0.0)
        shared = bool((inside == inside[:, :1]).all())
        signs = inside[:, :1] if shared else inside
        both = signed_sums(np.hstack([d, signs]), resamples)
        sums, turns = both[:, : d.shape[1]], both[:, d.shape[1] :]
        norms = np.sqrt((d**2).sum(axis=0))
        statistics = np.abs(sums) / np.where(norms > 0, norms, np.inf)
        top = np.hstack([np.zeros((len(statistics), 1)), statistics])  # one column has no second
        second, largest = np.hsplit(np.partition(top, -2, axis=1)[:, -2:], 2)
        others = np.where(statistics >= largest, second, largest)
        d = np.where(usable, d, math.nan)
        return _Flips(d, inside, sums, turns, statistics, largest, others)

    def tested(self, *, bounded: bool) -> Tested:
        n = self.inside.sum(axis=0)
        mean = self.values.sum(axis=0) / n
        centred = (self.inside * (self.values - mean) ** 2).sum(axis=0)
        spread = np.sqrt(centred / np.maximum(n - 1, 1))
        flat = spread <= 1e-12 * np.maximum(1.0, np.abs(mean))
        spread = np.where(flat, 0.0, spread)
        p = (self.largest >= self.statistics[:1] - _ROUNDING).mean(axis=0)
        least, detectable = self._reach(n, mean, spread)
        low = high = np.full_like(p, math.nan)
        if bounded:
            low, high = (self._bound(side, p, mean, centred, n, flat) for side in (-1.0, 1.0))
        p, least = (np.where(np.isfinite(mean), v, math.nan) for v in (p, least))
        return Tested(p, low, high, least, detectable)

    def _reach(self, n: Values, mean: Values, spread: Values) -> tuple[Values, Values]:
        """Return the p of each column with all its differences of one sign, and what it can show.

        That is, in standard errors, Student's |t| beyond which the test rejects and the normal
        quantile of the power.
        """
        sizes = np.abs(np.nan_to_num(self.values))
        norms = np.sqrt((sizes**2).sum(axis=0))
        most = sizes.sum(axis=0) / np.where(norms > 0, norms, np.inf)
        least = (self.largest >= most - _ROUNDING).mean(axis=0)
        least = np.maximum(least, 1 / len(self.largest))
        critical = np.sort(self.largest[:, 0])[-math.ceil(ALPHA * len(self.largest))]
        left = n - critical**2
        possible = (spread > 0) & (least < ALPHA) & (left > _ROUNDING) & np.isfinite(mean)
        t = critical * np.sqrt((n - 1) / np.where(possible, left, math.nan))
        return least, (t + NormalDist().inv_cdf(POWER)) * spread / np.sqrt(n)

    def _bound(
        self, side: float, p: Values, mean: Values, centred: Values, n: Values, flat: Flags
    ) -> Values:
        """Return the lower (side -1) or upper (side 1) bound of each column's interval."""

        def accepted(x: Values) -> Flags:
            norm = np.sqrt(centred + n * (mean - x) ** 2)
            norm = np.where(norm > 0, norm, math.inf)
            seen = n * np.abs(mean - x) / norm
            own = np.abs(self.sums - x * self.turns) / norm
            hits = np.maximum(own, self.others) >= seen - _ROUNDING
            return np.asarray(hits.mean(axis=0) >= ALPHA)

        own = np.abs(self.turns) / np.sqrt(n)
        limit = np.maximum(own, self.others) >= np.sqrt(n) - _ROUNDING
        unbounded = (limit.mean(axis=0) >= ALPHA) | ~np.isfinite(mean)
        beyond = side * (0 - mean) > 0  # 0 lies on this side of the mean
        rejected = beyond & (p < ALPHA)
        inner = np.where(beyond & ~rejected, 0.0, mean)
        step = side * np.maximum(np.sqrt(centred) / n, 1e-9)
        outer = np.where(rejected, 0.0, inner + step)
        closed = rejected | unbounded | flat
        while (further := accepted(outer) & ~closed).any():
            inner, outer = np.where(further, outer, inner), outer + np.where(further, step, 0)
            step = 2 * step
        for _ in range(_HALVINGS):
            middle = (inner + outer) / 2
            inside = accepted(middle)
            inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
        return np.asarray(np.where(unbounded, math.nan, np.where(flat, mean, inner)), np.float64)


def p_alone(values: Values, resamples: int = RESAMPLES) -> Values:
    """Return each column's p as if it were tested alone, shape (columns,).

    A greater value of any query never makes the p of a positive mean greater: what then goes as
    far as the mean, goes as far before.
    """
    sums = np.abs(signed_sums(values, resamples))
    return np.asarray((sums >= sums[:1] - _ROUNDING * (1 + sums[:1])).mean(axis=0), np.float64)
