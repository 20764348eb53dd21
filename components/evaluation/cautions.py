"""What a reader must know before believing an evaluation's figures, in sentences."""

from __future__ import annotations

import numpy as np

from components.analysis import quality
from components.domain import Judgments
from components.evaluation.planning import Plan
from components.evaluation.running import Evaluation
from components.pipeline.stages import SATURATED
from components.wording import agree, count


def unjudged(evaluation: Evaluation, judgments: Judgments, system: str, k: int) -> float:
    """Return how many of a system's first k documents are unjudged, a mean over the queries."""
    run = evaluation.run(system)
    counts = [quality.unjudged(list(s), judgments.get(q, {}), k) for q, s in run.items()]
    return float(np.mean(counts)) if counts else 0.0


def cautions(plan: Plan, evaluation: Evaluation, k: int) -> tuple[str, ...]:
    """Return all warnings and remarks, one or two sentences each."""
    return (*warnings(plan, evaluation), *remarks(plan, evaluation, k))


def warnings(plan: Plan, evaluation: Evaluation) -> tuple[str, ...]:
    """Return what may make all figures worthless."""
    complete, planned = evaluation.complete, len(plan.queries)
    lines = list(evaluation.remarks)
    if filter := plan.pipelines.filter:
        lines.append(
            f"Only documents that meet the filter {filter} were searched and judged; "
            f"{count(plan.marginal.outside, 'judgment')} of others are left out. BM25 counts words "
            "over the whole corpus."
        )
    if len(complete) < planned:
        lines.append(
            f"{len(complete):,} of {count(planned, 'query')} "
            f"{agree(len(complete), 'is', 'are')} counted: those that every system ranked. The "
            "others are listed or were not reached; none counts as zero."
        )
    if len(complete) == 1:
        lines.append("One query is an anecdote: it has no interval and proves nothing.")
    first = {q: evaluation.rankings[plan.first_stage][q].documents for q in complete}
    if complete and not any(
        plan.judgments.get(q, {}).get(document, 0) > 0
        for q, documents in first.items()
        for document in documents
    ):
        lines.append(
            "No judged document was found by any system: all values are 0. Check that the "
            "document ids of the judgments are those of the corpus."
        )
    return tuple(lines)


def remarks(plan: Plan, evaluation: Evaluation, k: int) -> tuple[str, ...]:
    """Return what makes single figures less than they seem."""
    rerankers = [system for system in plan.systems if system != plan.first_stage]
    equal = (line for system in rerankers for line in _describe_equal_scores(evaluation, system))
    unscored = (_describe_unscored(evaluation, system) for system in rerankers)
    lines = [_describe_ties(plan, evaluation), *equal, *filter(None, unscored)]
    return (*filter(None, lines), *_describe_unjudged(plan, evaluation, k))


def _describe_ties(plan: Plan, evaluation: Evaluation) -> str:
    """Say on how many queries equal first-stage scores stand on both sides of the cut."""
    tied, of = len(evaluation.ties(plan.first_stage)), len(evaluation.complete)
    if not tied:
        return ""
    return (
        f"On {tied:,} of {count(of, 'query')} ({tied / of:.0%}) the cut after "
        f"{count(plan.pipelines.initial_k, 'candidate')} parts documents with equal scores of "
        f"{plan.first_stage}; a hash of their ids decides which of them are reranked."
    )


def _describe_equal_scores(evaluation: Evaluation, system: str) -> list[str]:
    """Say where a reranker gave all candidates, or half of them, the same score: its highest.

    Equal scores of a run lie some 32-bit floats apart.
    """
    ranked = evaluation.rankings.get(system, {})
    runs = [ranked[q].scores for q in evaluation.complete if q in ranked]
    equal = [
        sum(s[0] - x <= 2e-7 * n * max(abs(s[0]), 1e-30) for n, x in enumerate(s, start=1))
        for s in runs
    ]
    same = sum(n == len(s) > 1 for n, s in zip(equal, runs, strict=True))
    most = sum(SATURATED <= n < len(s) <= 2 * n for n, s in zip(equal, runs, strict=True))
    of = count(len(runs), "query")
    lines = [
        f"{system} gave all candidates the same score on {same:,} of {of}; there its order is the "
        "first stage's.",
        f"{system} gave half of the candidates or more the same score, its highest, on {most:,} of "
        f"{of} (saturation); among those its order is the first stage's.",
    ]
    return [line for n, line in zip((same, most), lines, strict=True) if n]


def _describe_unscored(evaluation: Evaluation, system: str) -> str:
    """Say where a reranker scored fewer documents than it ranked: blank ones are not sent."""
    ranked = evaluation.rankings.get(system, {})
    runs = [ranked[q] for q in evaluation.complete if q in ranked]
    blank = [len(r.documents) - r.usage.pairs for r in runs if r.usage.pairs]
    lost, affected = sum(max(0, n) for n in blank), sum(n > 0 for n in blank)
    if not affected:
        return ""
    return (
        f"{system} was not sent {count(lost, 'blank document')} on {affected:,} of "
        f"{count(len(runs), 'query')}; there they stand last."
    )


def _describe_unjudged(plan: Plan, evaluation: Evaluation, k: int) -> list[str]:
    counts = {s: unjudged(evaluation, plan.judgments, s, k) for s in plan.systems}
    if not any(counts.values()):
        return []
    means = ", ".join(f"{s} {n:.1f}" for s, n in counts.items())
    return [
        f"Documents among the first {k} that nobody judged, on average: {means}. They count as not "
        "relevant, so a system that finds what nobody looked at seems worse than it is; a measure "
        f"over judged documents alone, such as bpref, would not punish it. Judged@{k} says how "
        "much of a ranking is known."
    ]
