"""Is a difference more than noise? Intervals, tests and words for paired values of queries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from components.evaluation import Metrics

RESAMPLES = 9_999
ALPHA = 0.05
POWER = 0.8
SEED = 20_261_122


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


def difference(
    system: str, measure: str, before: Sequence[float], after: Sequence[float]
) -> Difference:
    """Return one system's difference from the baseline; the values are paired by query."""
    d = np.asarray(after, np.float64) - np.asarray(before, np.float64)
    n, mean = len(d), float(d.mean()) if len(d) else math.nan
    if n < 2:
        unknown = (math.nan,) * 5
        return Difference(system, measure, n, mean, *unknown, None)
    if not np.ptp(d):  # all differences are equal: there is nothing to resample
        p = _p_value(d)
        return Difference(system, measure, n, mean, mean, mean, p, p, math.nan, None)
    low, high = interval(d)
    p, spread = _p_value(d), float(d.std(ddof=1))
    return Difference(
        system, measure, n, mean, low, high, p, p, mean / spread, _more(mean, spread, n)
    )


def interval(d: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95% percentile bootstrap interval of the mean of paired differences."""
    found = stats.bootstrap(
        (d,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(SEED)
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _p_value(d: npt.NDArray[np.float64]) -> float:
    """Return the two-sided p of the paired randomisation test: signs flipped at random."""
    if not np.any(d):
        return 1.0
    found = stats.permutation_test(
        (d,),
        np.mean,
        permutation_type="samples",
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
        vectorized=True,
    )
    return float(found.pvalue)


def _more(mean: float, spread: float, n: int) -> int | None:
    """Return how many further queries would show half this difference with a power of 80%."""
    if not mean:
        return None
    z = stats.norm.ppf(1 - ALPHA / 2) + stats.norm.ppf(POWER)
    return max(0, math.ceil((z * spread / (abs(mean) / 2)) ** 2) - n)


def holm(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return the differences with their p-values corrected by Holm's method, in their order."""
    known = [i for i, d in enumerate(found) if not math.isnan(d.p)]
    corrected = {i: math.nan for i in range(len(found))}
    least = 0.0
    for place, i in enumerate(sorted(known, key=lambda i: found[i].p)):
        least = max(least, min(1.0, found[i].p * (len(known) - place)))
        corrected[i] = least
    return tuple(replace(d, holm=corrected[i]) for i, d in enumerate(found))


def differences(
    metrics: Mapping[str, Metrics], baseline: str, measure: str
) -> tuple[Difference, ...]:
    """Return how every other system differs from the baseline, corrected for their number."""
    base = metrics[baseline].per_query
    return holm(
        [
            difference(
                system,
                measure,
                [base[q][measure] for q in found.per_query],
                [values[measure] for values in found.per_query.values()],
            )
            for system, found in metrics.items()
            if system != baseline and found.per_query
        ]
    )


def sentence(d: Difference, baseline: str) -> str:
    """Say in one sentence whether a system differs from the baseline, and how sure that is."""
    if d.n < 2:
        return f"{d.system}: {d.n} judged query is no evidence; judge more queries."
    sign = "+" if d.mean >= 0 else "−"  # noqa: RUF001
    verb = "beats" if d.mean > 0 else "loses to" if d.mean < 0 else "equals"
    by = f" by {sign}{abs(d.mean):.3f}" if d.mean else " in"
    facts = f"95% CI {_signed(d.low)} to {_signed(d.high)}, n = {d.n}"
    if d.distinguishable:
        judged = f"distinguishable from noise (p = {_p_words(d.holm)} after correction)"
    else:
        judged = "not distinguishable from noise"
        judged += f"; about {d.more:,} more queries would show half of it" if d.more else ""
    return f"{d.system} {verb} {baseline}{by} {d.measure} ({facts}): {judged}."


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")  # noqa: RUF001


def _p_words(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "under 0.001"
