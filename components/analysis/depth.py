"""How many candidates are worth reranking, and which order would have shipped in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.analysis.comparison import ndcg
from components.domain import InputError, Ranking, Spec

ENOUGH = 0.005
"""A difference of nDCG that is called none."""
ADVICE = (50, 100)
"""The rule of thumb: rerank between so many candidates."""


def check_pointwise(spec: Spec) -> None:
    """Raise InputError for a reranker whose scores depend on the other candidates."""
    if spec.listwise:
        raise InputError(
            f"{spec.label} scores a candidate by its company: with fewer, its scores would change.",
            "Run it again at that depth, or look at a reranker that scores each on its own.",
        )


def at_depth(ranking: Ranking, depth: int) -> Ranking:
    """Return what a ranking would have been with only the first stage's first `depth` candidates.

    True of pointwise rerankers alone, whose scores stay the same whatever stands beside them.
    """
    kept = [hit for hit in ranking.hits if 0 < hit.first_stage_rank <= depth]
    hits = tuple(replace(hit, rank=rank) for rank, hit in enumerate(kept, start=1))
    return replace(ranking, hits=hits)


@dataclass(frozen=True, slots=True)
class DepthPoint:
    """Quality and measured latency at one depth; None where it was not judged or not measured."""

    depth: int
    ndcg: float | None
    ms: float | None


def depths(most: int) -> tuple[int, ...]:
    """Return the depths worth looking at, up to `most`."""
    steps = (10, 20, 30, 50, 75, 100, 150, 200)
    return tuple(sorted({d for d in steps if d <= most} | ({most} if most else set())))


def sweep(
    ranking: Ranking,
    grades: Mapping[str, int],
    k: int,
    measured: Mapping[int, float] | None = None,
) -> tuple[DepthPoint, ...]:
    """Return quality by depth from one scoring pass, with the latencies that were measured.

    The pass itself is a measurement of the full depth.
    """
    full = len(ranking.hits)
    ms = {full: ranking.timing.rerank_ms} | dict(measured or {})
    return tuple(
        DepthPoint(d, ndcg(at_depth(ranking, d), grades, k), ms.get(d)) for d in depths(full)
    )


def advice_words(points: Sequence[DepthPoint], name: str, k: int) -> str:
    """Say how many candidates were enough for this query, beside the rule of thumb."""
    judged = [(p.depth, p.ndcg) for p in points if p.ndcg is not None]
    if not judged:
        return "No judgments for this query: quality by depth is not known."
    best = max(value for _, value in judged)
    enough = next(depth for depth, value in judged if value >= best - ENOUGH)
    low, high = ADVICE
    rule = (
        "less than the rule of thumb"
        if enough < low
        else "within the rule of thumb"
        if enough <= high
        else "more than the rule of thumb"
    )
    return (
        f"For this query {enough} candidates were enough for {name} (nDCG@{k} {best:.2f}): {rule} "
        f"of {low} to {high}. One query is an anecdote."
    )


# ---------------------------------------------------------------- deadlines


@dataclass(frozen=True, slots=True)
class Shipped:
    """What would have been shown at a deadline: a system's order, or nothing yet."""

    system: str
    shipped: str
    ms: float


def would_have_shipped(
    first: Ranking, rankings: Sequence[Ranking], deadline_ms: float
) -> tuple[Shipped, ...]:
    """Return, for each reranker, whose order would have been shown after `deadline_ms`.

    Its own if both stages were done, else the first stage's, else nothing (an empty name).
    """
    first_ms = first.timing.total_ms
    fallback = first.system if first_ms <= deadline_ms else ""
    return tuple(
        Shipped(
            r.system, r.system if r.timing.total_ms <= deadline_ms else fallback, r.timing.total_ms
        )
        for r in rankings
    )
