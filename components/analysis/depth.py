"""How many candidates are worth reranking, and which order would have shipped in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import median

from components.analysis.quality import NO_CHANGE
from components.domain import InputError, Judgments, Ranking, Spec
from components.measures import Run, cutoff_of, measure, run_scores
from components.wording import agree, count

ADVICE = (50, 100)
"""The rule of thumb: rerank between so many candidates."""


def check_pointwise(spec: Spec) -> None:
    """Raise InputError for a reranker whose scores depend on the other candidates."""
    if spec.listwise:
        raise InputError(
            f"{spec.label}'s scores depend on the other candidates: with fewer, they would change.",
            "Run it again at that depth, or look at a reranker that scores each on its own.",
        )


def beyond_settled(ranking: Ranking, k: int) -> tuple[str, ...]:
    """Return a warning where more documents are looked at than a ranking's model has sorted."""
    if not ranking.settled < min(k, len(ranking.hits)) or not ranking.settled:
        return ()
    return (f"warning: {k} shown, and only the first {ranking.settled} are sorted",)


def at_depth(ranking: Ranking, depth: int) -> Ranking:
    """Return what a ranking would have been with only the first stage's first `depth` candidates.

    True of pointwise rerankers alone, whose scores stay the same whatever stands beside them.
    """
    remaining = (hit for hit in ranking.hits if 0 < hit.first_stage_rank <= depth)
    hits = tuple(replace(hit, rank=rank) for rank, hit in enumerate(remaining, start=1))
    return replace(ranking, hits=hits)


def depths(most: int) -> tuple[int, ...]:
    """Return the depths worth looking at, up to `most`."""
    steps = (10, 20, 30, 50, 75, 100, 150, 200)
    return tuple(sorted({d for d in steps if d <= most} | ({most} if most else set())))


def sweep(
    run: Run,
    ranks: Mapping[str, Mapping[str, int]],
    judgments: Judgments,
    name: str,
    at: Sequence[int],
) -> list[tuple[int, float]]:
    """Return a measure's mean by depth, from one scoring pass of a pointwise reranker.

    `ranks` are the first stage's, from 1, by query and document. At a smaller depth a query's run
    is what remains of it among the first stage's first candidates.
    """
    most = cutoff_of(name)  # the measure depends on nothing beyond, and copying takes time
    curve = []
    for depth in sorted(set(at)):
        fewer = {
            query: dict(
                islice(((d, s) for d, s in scores.items() if 0 < ranks[query][d] <= depth), most)
            )
            for query, scores in run.items()
        }
        curve.append((depth, measure(fewer, judgments, (name,)).mean.get(name, 0.0)))
    return curve


def sweep_ranking(
    ranking: Ranking, grades: Mapping[str, int], name: str
) -> list[tuple[int, float]]:
    """Return a measure of one query by depth; empty where the query has no relevant document."""
    if not any(grade > 0 for grade in grades.values()):
        return []
    ranks = {hit.document.id: hit.first_stage_rank for hit in ranking.hits}
    at = depths(len(ranking.hits))
    return sweep({"q": run_scores(ranking)}, {"q": ranks}, {"q": grades}, name, at)


def latency_by_depth(
    ranking: Ranking, measured: Mapping[int, Sequence[float]]
) -> list[tuple[int, float]]:
    """Return milliseconds by depth: medians of those measured, and the ranking's own at its depth.

    A measurement at the ranking's own depth stands in its place.
    """
    medians = {depth: median(times) for depth, times in measured.items()}
    return sorted(({len(ranking.hits): ranking.timing.rerank_ms} | medians).items())


def describe_depth(curve: Sequence[tuple[int, float]], system: str, name: str) -> str:
    """Say how many candidates were enough for this query, beside the rule of thumb."""
    if not curve:
        return "No judgments for this query: quality by depth is not known."
    best = max(value for _, value in curve)
    enough = next(depth for depth, value in curve if value >= best - NO_CHANGE)
    low, high = ADVICE
    rule = (
        "less than the rule of thumb"
        if enough < low
        else "within the rule of thumb"
        if enough <= high
        else "more than the rule of thumb"
    )
    return (
        f"For this query {count(enough, 'candidate')} {agree(enough, 'was', 'were')} enough for "
        f"{system} ({name} {best:.2f}): {rule} of {low} to {high}. One query is an anecdote."
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
