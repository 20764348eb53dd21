"""Whether documents that nobody judged could turn an evaluation's verdicts over."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from components.analysis.extremes import LEVEL, Hole, Span, span
from components.analysis.unjudged import Unsettled, describe_turning, describe_unjudged, unsettled
from components.evaluation.planning import Plan
from components.evaluation.resampling import ALPHA, RESAMPLES, Values, p_alone
from components.evaluation.running import Evaluation
from components.evaluation.significance import Difference
from components.measures import Metrics, cutoff_of, is_quality

MOST_WHOLE = 200
"""Queries up to which bounds of whole rankings are computed: half a second for each system."""


class Outcome(StrEnum):
    """What the unjudged documents could do to a verdict."""

    ALL_JUDGED = "all judged"
    HOLDS = "holds"
    STAYS = "stays unclear"
    FADES = "could become unclear"
    TURNS = "could be reversed"
    CLEARS = "could become clear"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the unjudged documents could do to one system's verdict.

    `unjudged` counts pairs of a query and a document among the first `k` of either ranking.
    No grades bring the mean difference outside of `low` and `high`. `turning` are pairs, by query
    and document id, whose grades could give it the other sign. `single` is set of one query alone.
    """

    system: str
    measure: str
    k: int | None
    unjudged: int
    low: float
    high: float
    outcome: Outcome
    turning: tuple[tuple[str, str], ...] = ()
    single: Unsettled | None = None

    @property
    def sentence(self) -> str:
        """Say what the unjudged documents could do to the verdict; empty if all are judged."""
        if self.single:
            return self.single.sentence
        many = describe_unjudged(self.unjudged, self.k)
        if math.isnan(self.low):
            return f"That {many} turn it over is not excluded: no bound was computed."
        be = "is" if self.unjudged == 1 else "are"
        return {
            Outcome.ALL_JUDGED: "",
            Outcome.HOLDS: f"It holds whatever {many} {be}.",
            Outcome.STAYS: f"That stays so whatever {many} {be}.",
            Outcome.FADES: f"T{many[1:]} may make it unclear, but cannot reverse it.",
            Outcome.TURNS: f"{describe_turning(len(self.turning), self.unjudged, self.k)} could "
            "reverse it.",
            Outcome.CLEARS: f"T{many[1:]} may make a difference clear.",
            Outcome.UNKNOWN: f"That {many} reverse it is not excluded.",
        }[self.outcome]


def standings(
    plan: Plan,
    evaluation: Evaluation,
    metrics: Mapping[str, Metrics],
    baseline: str,
    differences: Sequence[Difference],
) -> tuple[Standing, ...]:
    """Return what the unjudged documents could do to each verdict; none for other than quality."""
    return tuple(
        _standing(plan, evaluation, metrics, baseline, d)
        for d in differences
        if is_quality(d.measure) and d.n and not math.isnan(d.mean)
    )


def _standing(
    plan: Plan,
    evaluation: Evaluation,
    metrics: Mapping[str, Metrics],
    baseline: str,
    d: Difference,
) -> Standing:
    holes = dict(_holes(plan, evaluation, baseline, d))
    k, n = cutoff_of(d.measure), sum(len(hole.unjudged) for hole in holes.values())
    if not n:
        return Standing(d.system, d.measure, k, 0, d.mean, d.mean, Outcome.ALL_JUDGED)
    if d.n == 1:
        return _of_one_query(d, *next(iter(holes.items())))
    if k is None and len(holes) > MOST_WHOLE:
        return Standing(d.system, d.measure, k, n, math.nan, math.nan, Outcome.UNKNOWN)
    spans = {query: span(hole, d.measure) for query, hole in holes.items()}
    bounded = {query: extremes for query, extremes in spans.items() if extremes is not None}
    if len(bounded) < len(spans):
        return Standing(d.system, d.measure, k, n, math.nan, math.nan, Outcome.UNKNOWN)
    low = np.array([s.least.bound for s in bounded.values()])
    high = np.array([s.greatest.bound for s in bounded.values()])
    base, own = (metrics[s].per_query for s in (baseline, d.system))
    changes = {q: own[q][d.measure] - base[q][d.measure] for q in bounded}
    turning = _turning(bounded, changes, d) if d.distinguishable else ()
    outcome = _outcome(d, low, high, turned=bool(turning))
    return Standing(
        d.system, d.measure, k, n, float(low.mean()), float(high.mean()), outcome, turning
    )


def _of_one_query(d: Difference, query: str, hole: Hole) -> Standing:
    one = unsettled(hole.before, hole.after, hole.grades, d.measure, hole.highest)
    outcomes = (
        (one.holds, Outcome.HOLDS),
        (bool(one.turning), Outcome.TURNS),
        (one.irreversible, Outcome.FADES),
        (True, Outcome.UNKNOWN),
    )
    outcome = next(outcome for true, outcome in outcomes if true)
    turning = tuple((query, document) for document in one.turning)
    n = len(hole.unjudged)
    return Standing(d.system, d.measure, hole.k, n, one.low, one.high, outcome, turning, one)


def _holes(
    plan: Plan, evaluation: Evaluation, baseline: str, d: Difference
) -> Iterator[tuple[str, Hole]]:
    """Yield each query's two rankings down to the cut-off, and its judgments."""
    k = cutoff_of(d.measure)
    highest = max((g for grades in plan.judgments.values() for g in grades.values()), default=1)
    before, after = (evaluation.rankings[system] for system in (baseline, d.system))
    for query in evaluation.complete:
        first, second = (ranked[query].documents[:k] for ranked in (before, after))
        yield query, Hole(first, second, plan.judgments.get(query, {}), max(1, highest), k)


def _outcome(d: Difference, low: Values, high: Values, *, turned: bool) -> Outcome:
    """Return what is proven of a verdict: what holds at the bounds holds between them.

    Tested with others, p is at most that alone and the chance that one of theirs is as great:
    whatever their values, under random signs the sum of a column of length 1 exceeds t with at most
    3.18 times the probability of a standard normal variable (Bentkus and Dzindzalieta 2015). Four
    standard errors stand for the draws.
    """
    p_low, p_high = p_alone(np.column_stack([low, high]))
    if not d.distinguishable:
        stays = (high.sum() <= 0 or p_high >= ALPHA) and (low.sum() >= 0 or p_low >= ALPHA)
        return Outcome.STAYS if stays else Outcome.CLEARS  # corrected p is never below that alone
    nearest, p = (low, p_low) if d.mean > 0 else (-high, p_high)
    if turned:
        return Outcome.TURNS
    if nearest.mean() < -LEVEL:
        return Outcome.UNKNOWN
    t = nearest.sum() / math.sqrt(np.maximum(low**2, high**2).sum())
    tail = (d.compared - 1) * 2 * 3.18 * NormalDist().cdf(-t)
    p += tail + 4 * math.sqrt(tail / RESAMPLES)
    return Outcome.HOLDS if t > 0 and p < ALPHA else Outcome.FADES


def _turning(
    spans: Mapping[str, Span], changes: Mapping[str, float], d: Difference
) -> tuple[tuple[str, str], ...]:
    """Return pairs that give a clear difference the other sign; none where there are not enough.

    `changes` are the queries' differences. Queries are taken by what a document of theirs does on
    average, the most first, as many as it takes.
    """
    sign = 1 if d.mean > 0 else -1
    ends = {q: s.least if d.mean > 0 else s.greatest for q, s in spans.items()}
    against = {q: sign * (changes[q] - end.value) for q, end in ends.items() if end.grades}
    left, pairs = sign * sum(changes.values()), list[tuple[str, str]]()
    for query in sorted(against, key=lambda q: -against[q] / len(ends[q].grades)):
        left -= against[query]
        pairs += ((query, document) for document in ends[query].grades)
        if left < -LEVEL * d.n:
            return tuple(pairs)
    return ()
