"""What an evaluation shows: changes by query and tag, headroom, depth, time and money.

Pure functions of an evaluation; nothing is run here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.analysis import depth
from components.analysis.headroom import best_order
from components.analysis.quality import Change
from components.evaluation.planning import Plan
from components.evaluation.running import Evaluation, Ranked
from components.evaluation.significance import Difference, grouped, verdict
from components.measures import Metrics, measure
from components.wording import signed

# ---------------------------------------------------------------- by query, by tag


def changes(
    plan: Plan, metrics: Mapping[str, Metrics], baseline: str, system: str, name: str
) -> tuple[Change, ...]:
    """Return every query's change, the greatest gain first; ties keep the queries' order."""
    base, other = metrics[baseline].per_query, metrics[system].per_query
    paired = [
        Change(q, base[q.id][name], other[q.id][name])
        for q in plan.queries
        if q.id in base and q.id in other
    ]
    return tuple(sorted(paired, key=lambda c: -c.change))


@dataclass(frozen=True, slots=True)
class Group:
    """The queries with one tag: how many, each system's mean, and its difference from a baseline.

    The differences of all groups and systems are tested at once.
    """

    tag: str
    n: int
    means: Mapping[str, float]
    differences: Mapping[str, Difference]

    def describe(self, system: str) -> str:
        """Return a system's difference with its verdict; empty for the baseline."""
        d = self.differences.get(system)
        return f"{signed(d.mean, 2)} {verdict(d, 'not clear', 'too few')}" if d else ""


def by_tag(
    plan: Plan, metrics: Mapping[str, Metrics], name: str, baseline: str = ""
) -> tuple[Group, ...]:
    """Return the means by tag, the largest group first; a query counts in each of its tags."""
    ranked = {s: m.per_query for s, m in metrics.items() if m.per_query}
    shared = [q for q in plan.queries if ranked and all(q.id in r for r in ranked.values())]
    every = sorted({tag for q in shared for tag in q.tags})
    tags = {tag: [tag in q.tags for q in shared] for tag in every}
    others = {s: r for s, r in ranked.items() if s != baseline and baseline in ranked}
    pairs = {
        s: [(ranked[baseline][q.id][name], r[q.id][name]) for q in shared]
        for s, r in others.items()
    }
    tested = grouped(name, pairs, tags)
    groups = []
    for tag, inside in tags.items():
        mine = [q.id for q, is_in in zip(shared, inside, strict=True) if is_in]
        means = {s: float(np.mean([r[q][name] for q in mine])) for s, r in ranked.items()}
        groups.append(Group(tag, len(mine), means, {s: tested[tag, s] for s in others}))
    return tuple(sorted(groups, key=lambda g: (-g.n, g.tag)))


# ---------------------------------------------------------------- headroom and depth


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Means over the queries: the candidates' recall, and the best order of the same candidates."""

    depth: int
    recall: float
    best: float


def ceiling(plan: Plan, evaluation: Evaluation, name: str) -> Ceiling:
    """Return what no reranker of these candidates can exceed; `name` is the measure of `best`."""
    first, recall = evaluation.run(plan.first_stage), f"R@{plan.depth}"
    best = {q: best_order(scores, plan.judgments.get(q, {})) for q, scores in first.items()}
    return Ceiling(
        plan.depth,
        measure(first, plan.judgments, (recall,)).mean.get(recall, 0.0),
        measure(best, plan.judgments, (name,)).mean.get(name, 0.0),
    )


def sweep(
    plan: Plan,
    evaluation: Evaluation,
    systems: Sequence[str],
    name: str,
    at: Sequence[int] = (),
) -> dict[str, list[tuple[int, float]]]:
    """Return a measure by depth for pointwise systems, whose scores hold at any depth.

    Without depths these are the usual ones. A system that ranked nothing has 0 everywhere.
    """
    first = evaluation.run(plan.first_stage)
    ranks = {q: {d: i for i, d in enumerate(scores, start=1)} for q, scores in first.items()}
    return {
        system: depth.sweep(
            evaluation.run(system), ranks, plan.judgments, name, at or depth.depths(plan.depth)
        )
        for system in systems
    }


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


def stage_times(plan: Plan, evaluation: Evaluation) -> tuple[StageTime, ...]:
    """Return the percentiles of every stage that took any time."""
    times = []
    for system in plan.systems:
        ranked = list(evaluation.rankings.get(system, {}).values())
        first = system == plan.first_stage
        for stage in ("embed", "search") if first else ("rerank", "both stages"):
            values = [_STAGES[stage](r) for r in ranked]
            if any(values):
                p50, p95, p99 = map(float, np.percentile(values, [50, 95, 99]))
                pairs = float(np.mean([r.usage.pairs for r in ranked]))
                tokens = float(np.mean([r.usage.tokens for r in ranked]))
                reused = sum(r.usage.reused > 0 for r in ranked)
                times.append(
                    StageTime(system, stage, p50, p95, p99, len(values), pairs, tokens, reused)
                )
    return tuple(times)


# ---------------------------------------------------------------- worth its price


@dataclass(frozen=True, slots=True)
class TradeOff:
    """A system's quality and its price, in time or money; `dominated` off the Pareto front."""

    system: str
    quality: float
    price: float
    dominated: bool


def pareto(quality: Mapping[str, float], price: Mapping[str, float]) -> tuple[TradeOff, ...]:
    """Return the systems that have a quality and a price, and whether another dominates each.

    A system dominates another if it is no worse in both and better in one.
    """
    shared = [s for s in quality if s in price]

    def beaten(system: str) -> bool:
        q, p = quality[system], price[system]
        return any(
            quality[o] >= q and price[o] <= p and (quality[o] > q or price[o] < p)
            for o in shared
            if o != system
        )

    return tuple(TradeOff(s, quality[s], price[s], beaten(s)) for s in shared)


def median_ms(plan: Plan, evaluation: Evaluation) -> dict[str, float]:
    """Return each system's median of both stages, in milliseconds; without times it is left out."""
    medians = {}
    for system in plan.systems:
        times = [r.timing.total_ms for r in evaluation.rankings.get(system, {}).values()]
        if any(times):
            medians[system] = float(np.median(times))
    return medians


def usd_a_query(plan: Plan, evaluation: Evaluation, hosted: Collection[str]) -> dict[str, float]:
    """Return each system's mean cost a query, US dollars: 0 for what is not `hosted`.

    A hosted one without a price for every query is left out.
    """
    costs = {}
    for system in plan.systems:
        usages = [r.usage for r in evaluation.rankings.get(system, {}).values()]
        prices = [usage.usd for usage in usages if usage.usd is not None]
        if usages and system not in hosted:
            costs[system] = 0.0
        elif usages and len(prices) == len(usages):
            costs[system] = float(np.mean(prices))
    return costs
