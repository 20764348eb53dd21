"""What an evaluation shows: changes by query and tag, headroom, depth, time, money, cautions.

Pure functions of an evaluation; nothing is run here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from components.analysis.depth import depths
from components.domain import Judgments, Query
from components.evaluation import Evaluation, Plan, Ranked
from components.measures import Metrics, measure

# ---------------------------------------------------------------- by query, by tag


@dataclass(frozen=True, slots=True)
class Change:
    """One query's measure under the baseline and under a system."""

    query: Query
    before: float
    after: float

    @property
    def change(self) -> float:
        """Return what the system adds; negative where it is worse."""
        return self.after - self.before


def changes(
    plan: Plan, metrics: Mapping[str, Metrics], baseline: str, system: str, name: str
) -> tuple[Change, ...]:
    """Return every query's change, the greatest gain first; ties keep the queries' order."""
    base, other = metrics[baseline].per_query, metrics[system].per_query
    found = [
        Change(q, base[q.id][name], other[q.id][name])
        for q in plan.queries
        if q.id in base and q.id in other
    ]
    return tuple(sorted(found, key=lambda c: -c.change))


@dataclass(frozen=True, slots=True)
class Group:
    """The queries with one tag: how many, and each system's mean."""

    tag: str
    n: int
    means: Mapping[str, float]


def by_tag(plan: Plan, metrics: Mapping[str, Metrics], name: str) -> tuple[Group, ...]:
    """Return the means by tag, the largest group first; a query counts in each of its tags."""
    ranked = {s: m.per_query for s, m in metrics.items() if m.per_query}
    shared = [q for q in plan.queries if ranked and all(q.id in r for r in ranked.values())]
    groups = []
    for tag in sorted({tag for q in shared for tag in q.tags}):
        mine = [q.id for q in shared if tag in q.tags]
        means = {s: float(np.mean([r[q][name] for q in mine])) for s, r in ranked.items()}
        groups.append(Group(tag, len(mine), means))
    return tuple(sorted(groups, key=lambda g: (-g.n, g.tag)))


# ---------------------------------------------------------------- headroom and depth


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Means over the queries: the candidates' recall, and the best order of the same candidates."""

    depth: int
    recall: float
    best: float


def ceiling(plan: Plan, found: Evaluation, name: str) -> Ceiling:
    """Return what no reranker of these candidates can exceed; `name` is the measure of `best`."""
    first, depth = found.run(plan.first_stage), plan.depth
    at_depth = f"R@{depth}"
    recall = measure(first, plan.judgments, (at_depth,)).mean.get(at_depth, 0.0)
    oracle = {q: _best_order(scores, plan.judgments.get(q, {})) for q, scores in first.items()}
    return Ceiling(depth, recall, measure(oracle, plan.judgments, (name,)).mean.get(name, 0.0))


def _best_order(scores: Mapping[str, float], grades: Mapping[str, int]) -> dict[str, float]:
    order = sorted(scores, key=lambda document: -grades.get(document, 0))
    return {document: -float(rank) for rank, document in enumerate(order, start=1)}


def sweep(
    plan: Plan,
    found: Evaluation,
    systems: Sequence[str],
    name: str,
    at: Sequence[int] = (),
) -> dict[str, list[tuple[int, float]]]:
    """Return a measure by depth for pointwise systems, whose scores do not depend on company.

    A smaller depth is what they would have made of the first stage's first candidates.
    """
    wanted, base = at or depths(plan.depth), found.run(plan.first_stage)
    places = {q: {d: i for i, d in enumerate(scores)} for q, scores in base.items()}
    last = int(name.partition("@")[2] or 0) or None  # the measure looks no further
    curves: dict[str, list[tuple[int, float]]] = {}
    for system in systems:
        run = found.run(system)
        for depth in sorted(set(wanted)):
            cut = {q: _within(scores, places[q], depth, last) for q, scores in run.items()}
            value = measure(cut, plan.judgments, (name,)).mean.get(name, 0.0)
            curves.setdefault(system, []).append((depth, value))
    return curves


def _within(
    scores: Mapping[str, float], places: Mapping[str, int], depth: int, last: int | None
) -> dict[str, float]:
    """Return the first `last` of the documents that the first stage had among its first `depth`."""
    return dict(islice(((d, s) for d, s in scores.items() if places[d] < depth), last))


# ---------------------------------------------------------------- time


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage of one system, in milliseconds over n queries; warm, one system at a time.

    `pairs` and `tokens` are means a query. `reused` of the n times were measured in an earlier run.
    """

    system: str
    stage: str
    p50: float
    p95: float
    p99: float
    n: int
    pairs: float
    tokens: float
    reused: int


_STAGES: Mapping[str, Callable[[Ranked], float]] = {
    "embed": lambda r: r.timing.embed_ms,
    "search": lambda r: r.timing.search_ms,
    "rerank": lambda r: r.timing.rerank_ms,
    "both stages": lambda r: r.timing.total_ms,
}


def stage_times(plan: Plan, found: Evaluation) -> tuple[StageTime, ...]:
    """Return the percentiles of every stage that took any time."""
    times = []
    for system in plan.systems:
        ranked = list(found.rankings.get(system, {}).values())
        first = system == plan.first_stage
        for stage in ("embed", "search") if first else ("rerank", "both stages"):
            values = [_STAGES[stage](r) for r in ranked]
            if any(values):
                times.append(_stage_time(system, stage, values, ranked))
    return tuple(times)


def _stage_time(
    system: str, stage: str, values: Sequence[float], ranked: Sequence[Ranked]
) -> StageTime:
    p50, p95, p99 = (float(p) for p in np.percentile(values, [50, 95, 99]))
    pairs, tokens = (
        float(np.mean([getattr(r.usage, name) for r in ranked])) for name in ("pairs", "tokens")
    )
    reused = sum(r.usage.reused > 0 for r in ranked)
    return StageTime(system, stage, p50, p95, p99, len(values), pairs, tokens, reused)


# ---------------------------------------------------------------- worth its price


@dataclass(frozen=True, slots=True)
class Point:
    """A system's quality beside what it takes; `dominated` where another is as good for less."""

    system: str
    quality: float
    price: float
    dominated: bool


def points(quality: Mapping[str, float], price: Mapping[str, float]) -> tuple[Point, ...]:
    """Return the systems that have both, and whether another one dominates each.

    One dominates another if it is no worse in both and better in one.
    """
    shared = [s for s in quality if s in price]

    def beaten(system: str) -> bool:
        q, p = quality[system], price[system]
        return any(
            quality[o] >= q and price[o] <= p and (quality[o] > q or price[o] < p)
            for o in shared
            if o != system
        )

    return tuple(Point(s, quality[s], price[s], beaten(s)) for s in shared)


def median_ms(plan: Plan, found: Evaluation) -> dict[str, float]:
    """Return each system's median of both stages, in milliseconds; without times it is left out."""
    medians = {}
    for system in plan.systems:
        times = [r.timing.total_ms for r in found.rankings.get(system, {}).values()]
        if any(times):
            medians[system] = float(np.median(times))
    return medians


def usd_a_query(plan: Plan, found: Evaluation, hosted: Collection[str]) -> dict[str, float]:
    """Return each system's mean cost a query, US dollars: 0 for what is not `hosted`.

    A hosted one without a price for every query is left out.
    """
    costs = {}
    for system in plan.systems:
        paid = [r.usage.usd for r in found.rankings.get(system, {}).values()]
        known = [usd for usd in paid if usd is not None]
        if paid and system not in hosted:
            costs[system] = 0.0
        elif paid and len(known) == len(paid):
            costs[system] = float(np.mean(known))
    return costs


# ---------------------------------------------------------------- cautions


def unjudged(found: Evaluation, judgments: Judgments, system: str, k: int) -> float:
    """Return how many of a system's first k documents nobody judged, a mean over the queries."""
    run = found.run(system)
    counts = [sum(d not in judgments.get(q, {}) for d in list(s)[:k]) for q, s in run.items()]
    return float(np.mean(counts)) if counts else 0.0


def cautions(plan: Plan, found: Evaluation, k: int) -> tuple[str, ...]:
    """Return what a reader must know before believing the figures, one sentence each."""
    return (*warnings(plan, found), *remarks(plan, found, k))


def warnings(plan: Plan, found: Evaluation) -> tuple[str, ...]:
    """Return what may make all figures worthless."""
    complete, planned = found.complete, len(plan.queries)
    said = []
    if len(complete) < planned:
        said.append(
            f"{len(complete):,} of {planned:,} queries are counted: those that every system "
            "ranked. The others are listed or were not reached; none counts as zero."
        )
    if len(complete) == 1:
        said.append("One query is an anecdote: it has no interval and proves nothing.")
    if complete and not _any_judged(plan, found):
        said.append(
            "No judged document was found by any system: all values are 0. Check that the "
            "document ids of the judgments are those of the corpus."
        )
    return tuple(said)


def remarks(plan: Plan, found: Evaluation, k: int) -> tuple[str, ...]:
    """Return what makes single figures less than they seem."""
    constant = (line for s in plan.systems if (line := _constant(plan, found, s)))
    return (*constant, *_unjudged_words(plan, found, k))


def _any_judged(plan: Plan, found: Evaluation) -> bool:
    return any(
        plan.judgments.get(q, {}).get(d, 0) > 0
        for q in found.complete
        for d in found.rankings[plan.first_stage][q].documents
    )


def _constant(plan: Plan, found: Evaluation, system: str) -> str:
    """Say where a reranker gave all candidates the same score; a file's candidates have none."""
    if system == plan.first_stage:
        return ""
    runs = [found.rankings[system][q].scores for q in found.complete if system in found.rankings]
    same = sum(len(s) > 1 and s[0] - s[-1] <= 2e-7 * len(s) * max(abs(s[0]), 1e-30) for s in runs)
    if not same:
        return ""
    return (
        f"{system} gave all candidates the same score on {same:,} of {len(runs):,} queries; there "
        "its order is the first stage's."
    )


def _unjudged_words(plan: Plan, found: Evaluation, k: int) -> list[str]:
    counts = {s: unjudged(found, plan.judgments, s, k) for s in plan.systems}
    if not any(counts.values()):
        return []
    words = ", ".join(f"{s} {n:.1f}" for s, n in counts.items())
    return [
        f"Documents among the first {k} that nobody judged, on average: {words}. They count as not "
        "relevant, so a system that finds what nobody looked at seems worse than it is; a measure "
        f"over judged documents alone, such as bpref, would not punish it. Judged@{k} says how "
        "much of a ranking is known."
    ]
