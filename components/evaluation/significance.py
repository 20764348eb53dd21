"""Whether a difference is more than noise: intervals, tests and sentences for paired values.

Resampling is done for all systems and measures at once: one draw of queries, or of signs, serves
every column, so that thousands of queries take a tenth of a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from components.measures import Metrics, is_quality
from components.wording import signed

RESAMPLES = 9_999
ALPHA = 0.05
POWER = 0.8
SEED = 20_261_122
_CHUNK = 500
_CACHED_QUERIES = 2_000
"""Queries up to which resamples are cached: 40 MB."""
Values = npt.NDArray[np.float64]
"""Shape (queries, columns)."""
Counts = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a system's mean differs from the baseline's, over the same n queries.

    `low` and `high` are the 95% bootstrap interval of the mean difference, `p` that of the paired
    randomisation test, `holm` the same corrected for the number of systems, `effect` the mean in
    standard deviations. `more` queries would be needed to see half this difference with a power of
    80%. What cannot be known of fewer than two queries, or of no difference at all, is NaN.
    """

    system: str
    measure: str
    n: int
    mean: float
    low: float
    high: float
    p: float
    holm: float
    effect: float
    more: int | None

    @property
    def distinguishable(self) -> bool:
        """Return whether the difference is more than noise after correction."""
        return self.holm < ALPHA


# ---------------------------------------------------------------- resampling


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


def p_values(values: Values) -> Values:
    """Return the two-sided p of each column's mean under random signs, shape (columns,).

    Where all signs can be gone through they are; else the observed ones count as one more draw.
    """
    n, columns = values.shape
    seen = np.abs(values.mean(axis=0))
    least = seen - 1e-12 * np.maximum(1.0, seen)  # sums differ by their rounding alone
    whole = 2**n <= RESAMPLES + 1
    total = 2**n if whole else RESAMPLES
    chance, hits = np.random.default_rng(SEED), np.zeros(columns)
    for rows in _chunks(total):
        signs = _all_signs(rows, n) if whole else _random_signs(chance, rows, n)
        hits += (np.abs(signs @ values / n) >= least).sum(axis=0)
    return np.asarray(hits / total if whole else (hits + 1) / (total + 1), np.float64)


def _chunks(total: int) -> Iterator[slice]:
    return (slice(i, min(i + _CHUNK, total)) for i in range(0, total, _CHUNK))


def _all_signs(rows: slice, n: int) -> Values:
    numbers = np.arange(rows.start, rows.stop)[:, None]
    return np.asarray(1.0 - 2.0 * ((numbers >> np.arange(n)) & 1), np.float64)


def _random_signs(chance: np.random.Generator, rows: slice, n: int) -> Values:
    size = rows.stop - rows.start
    packed = np.frombuffer(chance.bytes(size * ((n + 7) // 8)), np.uint8).reshape(size, -1)
    return np.asarray(1.0 - 2.0 * np.unpackbits(packed, axis=1, count=n), np.float64)


# ---------------------------------------------------------------- differences


def differences(
    metrics: Mapping[str, Metrics], baseline: str, measure: str
) -> tuple[Difference, ...]:
    """Return how every other system differs from the baseline, corrected for their number."""
    base = metrics[baseline].per_query
    changes = {
        system: [values[measure] - base[q][measure] for q, values in measured.per_query.items()]
        for system, measured in metrics.items()
        if system != baseline and measured.per_query
    }
    return holm(_paired(measure, changes))


def difference(
    system: str, measure: str, before: Sequence[float], after: Sequence[float]
) -> Difference:
    """Return one system's difference from the baseline; the values are paired by query."""
    changes = [b - a for a, b in zip(before, after, strict=True)]
    return _paired(measure, {system: changes})[0]


def _paired(measure: str, changes: Mapping[str, Sequence[float]]) -> list[Difference]:
    """Return each system's difference, all over the same queries; of one query NaN but the mean."""
    if not changes:
        return []
    values = np.array(list(changes.values()), np.float64).T
    if len(values) < 2:
        nan = math.nan
        return [
            Difference(s, measure, len(d), d[0] if d else nan, nan, nan, nan, nan, nan, None)
            for s, d in changes.items()
        ]
    bounds, p = intervals(values), p_values(values)
    return [
        _tested(system, measure, values[:, i], bounds[i], float(p[i]))
        for i, system in enumerate(changes)
    ]


def _tested(system: str, measure: str, d: Values, bounds: Values, p: float) -> Difference:
    n, mean, spread = len(d), float(d.mean()), float(d.std(ddof=1))
    mean = 0.0 if abs(mean) < 1e-12 else mean  # gains and losses that cancel, but for rounding
    if not np.ptp(d):  # all differences are equal: there is no spread to speak of
        return Difference(system, measure, n, mean, mean, mean, p, p, math.nan, None)
    low, high = float(bounds[0]), float(bounds[1])
    more = _more(mean, spread, n)
    return Difference(system, measure, n, mean, low, high, p, p, mean / spread, more)


def _more(mean: float, spread: float, n: int) -> int | None:
    """Return how many further queries would show half this difference with a power of 80%."""
    if not mean:
        return None
    normal = NormalDist()
    z = normal.inv_cdf(1 - ALPHA / 2) + normal.inv_cdf(POWER)
    return max(0, math.ceil((z * spread / (abs(mean) / 2)) ** 2) - n)


def holm(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return the differences with their p-values corrected by Holm's method, in their order."""
    tested = [i for i, d in enumerate(differences) if not math.isnan(d.p)]
    corrected = dict.fromkeys(range(len(differences)), math.nan)
    least = 0.0
    for place, i in enumerate(sorted(tested, key=lambda i: differences[i].p)):
        least = max(least, min(1.0, differences[i].p * (len(tested) - place)))
        corrected[i] = least
    return tuple(replace(d, holm=corrected[i]) for i, d in enumerate(differences))


# ---------------------------------------------------------------- means


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over n queries with its 95% bootstrap interval; NaN of fewer than two queries."""

    value: float
    low: float
    high: float
    n: int


def means(metrics: Mapping[str, Metrics], measures: Sequence[str]) -> dict[str, dict[str, Mean]]:
    """Return each system's mean of each measure with its interval; systems without queries none."""
    columns = [
        (system, name, [values[name] for values in measured.per_query.values()])
        for system, measured in metrics.items()
        if measured.per_query
        for name in measures
    ]
    if not columns:
        return {}
    values = np.array([column for _, _, column in columns], np.float64).T
    n = len(values)
    bounds = intervals(values) if n > 1 else np.full((len(columns), 2), math.nan)
    result: dict[str, dict[str, Mean]] = {}
    for (system, name, column), (low, high) in zip(columns, bounds, strict=True):
        mean = Mean(float(np.mean(column)), float(low), float(high), n)
        result.setdefault(system, {})[name] = mean
    return result


# ---------------------------------------------------------------- sentences and tables


def sentence(d: Difference, baseline: str) -> str:
    """Say in one sentence whether a system differs from the baseline, and how sure that is."""
    if d.n < 2:
        return f"{d.system}: {d.n} judged query is no evidence; judge more queries."
    more, less = ("beats", "loses to") if is_quality(d.measure) else ("is above", "is below")
    verb = more if d.mean > 0 else less if d.mean < 0 else "equals"
    by = f" by {signed(d.mean)}" if d.mean else " in"
    interval = f"95% CI {signed(d.low)} to {signed(d.high)}, n = {d.n:,}"
    return f"{d.system} {verb} {baseline}{by} {d.measure} ({interval}): {_describe_noise(d)}."


def _describe_noise(d: Difference) -> str:
    """Say whether the difference is distinguishable from noise, and why where that is in doubt."""
    if d.distinguishable:
        return f"distinguishable from noise (p {_describe_p(d.holm, '=')} after correction)"
    said = "not distinguishable from noise"
    if d.p < ALPHA:  # its interval may well exclude 0
        said += f" once corrected for the other systems (p {_describe_p(d.p, '=')}, then "
        said += f"{_describe_p(d.holm)})"
    elif d.low > 0 or d.high < 0:
        said += f" by the randomisation test (p {_describe_p(d.p, '=')})"
    return said + (f"; about {d.more:,} more queries would show half of it" if d.more else "")


def facts(d: Difference) -> dict[str, str]:
    """Return a row of a table of differences: cells by heading, empty where a value is NaN."""
    tested = not math.isnan(d.low)
    return {
        "System": d.system,
        f"Change in {d.measure}": signed(d.mean),
        "95% CI": f"{signed(d.low)} to {signed(d.high)}" if tested else "",
        "p": _describe_p(d.p) if tested else "",
        "p, Holm": _describe_p(d.holm) if tested else "",
        "Effect size": "" if math.isnan(d.effect) else signed(d.effect, 2),
        "n": f"{d.n:,}",
        "More queries for half": "" if d.more is None else f"{d.more:,}",
    }


def _describe_p(p: float, sign: str = "") -> str:
    return f"{sign} {p:.3f}".strip() if p >= 0.001 else "< 0.001"
