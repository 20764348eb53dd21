"""Whether a difference is clear: tests of paired values, and the sentences that say so.

The page, the command line and the reports take their sentences from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.evaluation.resampling import ALPHA, Tested, Values, intervals, max_t
from components.measures import Metrics, is_quality
from components.wording import agree, count, signed

NO_CLEAR_DIFFERENCE = "no clear difference"


@dataclass(frozen=True, slots=True)
class Difference:
    """How a system's mean differs from the baseline's, over the same n queries.

    `before` is the baseline's mean, `after` the system's; `changed` counts the queries on which
    they differ. `low` and `high` bound the 95% interval of the mean difference and `p` is that of
    the same test (`max_t`), both of all `compared` systems at once. `effect` is the mean in
    standard deviations. `least` is the smallest p that so few queries allow, `detectable` the
    difference that these queries would show with a power of 80%. What cannot be known is NaN.
    """

    system: str
    measure: str
    n: int
    changed: int
    before: float
    after: float
    mean: float
    low: float
    high: float
    p: float
    effect: float
    least: float
    detectable: float
    compared: int

    @property
    def distinguishable(self) -> bool:
        """Return whether the difference is clear: p is below 0.05, and 0 outside the interval."""
        return self.p < ALPHA


# ---------------------------------------------------------------- differences


def differences(
    metrics: Mapping[str, Metrics], baseline: str, measure: str
) -> tuple[Difference, ...]:
    """Return how every other system differs from the baseline, tested at once."""
    base = metrics[baseline].per_query
    pairs = {
        system: [(base[q][measure], values[measure]) for q, values in measured.per_query.items()]
        for system, measured in metrics.items()
        if system != baseline and measured.per_query
    }
    return paired(measure, pairs)


def paired(
    measure: str, pairs: Mapping[str, Sequence[tuple[float, float]]]
) -> tuple[Difference, ...]:
    """Return each system's difference; `pairs` are its values before and after, by query.

    All systems have the same queries. They are tested at once: p and intervals are corrected.
    """
    if not pairs:
        return ()
    n = len(next(iter(pairs.values())))
    values = np.array([list(p) for p in pairs.values()], np.float64).reshape(len(pairs), n, 2)
    before, after = values[:, :, 0].T, values[:, :, 1].T
    d = after - before
    tested = max_t(d) if len(d) > 1 else Tested(*np.full((5, len(pairs)), math.nan))
    return tuple(
        _difference(system, measure, before[:, i], after[:, i], tested, i)
        for i, system in enumerate(pairs)
    )


def grouped(
    measure: str,
    pairs: Mapping[str, Sequence[tuple[float, float]]],
    groups: Mapping[str, Sequence[bool]],
) -> dict[tuple[str, str], Difference]:
    """Return each system's difference in each group of queries, by group and system.

    `groups` say for each query, in the order of `pairs`, whether it belongs to them. All systems
    and groups are tested at once; intervals are not computed.
    """
    cells = [(group, system) for group in groups for system in pairs]
    if not cells:
        return {}
    values = {system: np.array(list(both), np.float64) for system, both in pairs.items()}
    inside = np.array([groups[group] for group, _ in cells]).T
    d = np.column_stack([values[system][:, 1] - values[system][:, 0] for _, system in cells])
    tested = max_t(d, inside.astype(np.float64), bounded=False)
    result = {}
    for i, (group, system) in enumerate(cells):
        before, after = values[system][inside[:, i]].T
        result[group, system] = _difference(system, measure, before, after, tested, i)
    return result


def _difference(
    system: str, measure: str, before: Values, after: Values, tested: Tested, i: int
) -> Difference:
    d, n = after - before, len(before)
    mean, spread = (float(d.mean()), float(d.std(ddof=1))) if n > 1 else (float(d.sum()), 0.0)
    return Difference(
        system=system,
        measure=measure,
        n=n,
        changed=int((d != 0).sum()),
        before=float(before.mean()) if n else math.nan,
        after=float(after.mean()) if n else math.nan,
        # gains and losses that cancel leave their rounding
        mean=0.0 if abs(mean) < 1e-12 else mean,
        low=float(tested.low[i]),
        high=float(tested.high[i]),
        p=float(tested.p[i]),
        effect=mean / spread if spread > 1e-12 else math.nan,
        least=float(tested.least[i]),
        detectable=float(tested.detectable[i]),
        compared=tested.p.size,
    )


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
    """Say whether a system differs from the baseline, by how much, and what could be seen."""
    if d.n == 0:
        return f"{d.system}: no judged query, nothing to compare."
    if d.n == 1:
        return (
            f"{d.system}: {d.measure} {d.after:.3f}, was {d.before:.3f} with {baseline}, on this "
            "query."
        )
    if math.isnan(d.mean):
        return f"{d.system}: {d.measure} is not a number on every query, nothing to compare."
    if not d.changed:
        return f"{d.system} and {baseline}: the same {d.measure} on each of {count(d.n, 'query')}."
    if d.distinguishable:
        than = " than " if is_quality(d.measure) else " "
        return (
            f"{d.system} is {direction(d.measure, d.mean)}{than}{baseline}: {signed(d.mean)} "
            f"{d.measure} ({_describe_evidence(d)})."
        )
    return (
        f"{d.system} and {baseline}: {NO_CLEAR_DIFFERENCE} in {d.measure} ({signed(d.mean)}, "
        f"{_describe_evidence(d)}).{_describe_reach(d)}"
    )


def direction(measure: str, change: float) -> str:
    """Return the word for a clear change of a measure: better or worse, above or below."""
    up, down = ("better", "worse") if is_quality(measure) else ("above", "below")
    return up if change > 0 else down


def _describe_evidence(d: Difference) -> str:
    """Return interval, p and n; without an interval where so few queries bound nothing."""
    interval = "" if math.isnan(d.low) else f"95% interval {interval_text(d)}, "
    corrected = f", corrected for {count(d.compared, 'system')}" if d.compared > 1 else ""
    return f"{interval}p {describe_p(d.p, '=')}{corrected}, {count(d.n, 'query')}"


def _describe_reach(d: Difference) -> str:
    """Say which difference the queries would show, or that they could not show any."""
    if d.least >= ALPHA:
        these = count(d.n, "query") + (
            f", of which {d.changed} changed," if d.changed < d.n else ""
        )
        return f" {these} {agree(d.n, 'is', 'are')} too few to show one."
    if math.isnan(d.detectable):
        return ""
    return f" {count(d.n, 'query')} would show a difference of about {d.detectable:.3f}."


def facts(d: Difference) -> dict[str, str]:
    """Return a row of a table of differences: cells by heading, empty where a value is NaN."""
    return {
        "System": d.system,
        f"Change in {d.measure}": signed(d.mean),
        "Verdict": verdict(d),
        "95% interval": interval_text(d),
        "p": "" if math.isnan(d.p) else describe_p(d.p),
        "Effect size": "" if math.isnan(d.effect) else signed(d.effect, 2),
        "n": f"{d.n:,}",
        "Would show": "" if math.isnan(d.detectable) else f"{d.detectable:.3f}",
    }


def verdict(d: Difference, unclear: str = NO_CLEAR_DIFFERENCE, few: str = "") -> str:
    """Return the verdict in a word or two; `few` of fewer than two queries.

    With `few`, that is also said of more queries that are too few to show a difference.
    """
    if d.n < 2 or (few and d.least >= ALPHA and d.changed):
        return few
    return direction(d.measure, d.mean) if d.distinguishable else unclear


def interval_text(d: Difference) -> str:
    """Return the interval with as many digits as show on which side of 0 it lies; empty of NaN."""
    if math.isnan(d.low):
        return ""
    nearest = min(abs(d.low), abs(d.high))
    clear = (p for p in range(3, 7) if not d.distinguishable or round(nearest, p))
    places = next(clear, 7)
    return f"{signed(d.low, places)} to {signed(d.high, places)}"


def describe_p(p: float, sign: str = "") -> str:
    """Return p with as many digits as show on which side of 0.05 it lies; `sign` before a value."""
    if p < 0.001:
        return "< 0.001"
    places = 3 if round(p, 3) != ALPHA or p >= ALPHA else 4
    return f"{sign} {p:.{places}f}".strip()
