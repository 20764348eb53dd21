"""Results as JSON, with the fields that the command line promises, and how JSON is written."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from components.domain import Comparison, Corpus, Failure, Ranking
from components.evaluation.counting import means_if_counted
from components.exports.evaluation_report import EvaluationReport
from components.measures import is_quality
from components.wording import visible

TIMES = ("embed_ms", "search_ms", "rerank_ms", "load_ms")


def json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON whose hidden characters are escaped, and no others."""
    return visible(json.dumps(value, ensure_ascii=False, indent=indent), keep="\n")


def ranking_json(ranking: Ranking, final_k: int) -> dict[str, Any]:
    """Return a ranking, cut at `final_k`, as the command line promises it, with notes if any.

    A document without a score has null, and one of which its file says more has `details`.
    """
    timing = {name: round(getattr(ranking.timing, name), 3) for name in TIMES}
    return {
        "system": ranking.system,
        "hits": [
            {
                "id": hit.document.id,
                "rank": hit.rank,
                "score": hit.score if hit.scored else None,
                "first_stage_rank": hit.first_stage_rank,
                "title": hit.document.title,
                "text": hit.document.text,
            }
            | ({"details": dict(hit.document.details)} if hit.document.details else {})
            for hit in ranking.hits[:final_k]
        ],
        "timing": timing,
        "truncated": ranking.truncated,
        "cached": ranking.cached,
        "usage": asdict(ranking.usage),
    } | ({"notes": list(ranking.notes)} if ranking.notes else {})


def failure_json(failure: Failure) -> dict[str, str]:
    """Return a failure as the command line promises it."""
    return {"system": failure.system, "reason": failure.reason, "remedy": failure.remedy}


def comparison_json(comparison: Comparison, corpus: Corpus, final_k: int) -> dict[str, Any]:
    """Return a comparison as the command line promises it."""
    return {
        "query": comparison.query,
        "corpus": {
            "name": corpus.name,
            "documents": len(corpus.documents),
            "fingerprint": corpus.fingerprint,
        },
        "first_stage": ranking_json(comparison.first_stage, final_k),
        "rankings": [ranking_json(r, final_k) for r in comparison.rankings],
        "failures": [failure_json(f) for f in comparison.failures],
        "filter": filter_json(comparison.first_stage),
    }


def filter_json(first_stage: Ranking) -> dict[str, Any] | None:
    """Return the conditions that the candidates meet, and how many documents do; null for none."""
    if not first_stage.filter:
        return None
    return {"conditions": list(first_stage.filter.texts), "matching": first_stage.matching}


def rules_json(report: EvaluationReport) -> dict[str, Any]:
    """Return by which rules an evaluation counts, what they leave out, and the means with that."""
    plan, names = report.saved.plan, [name for name in report.names if is_quality(name)]
    marginal, means = plan.marginal, dict[str, dict[str, dict[str, float]]]()
    for name in names:
        for rule, values in means_if_counted(plan, report.saved.evaluation, name).items():
            for system, value in values.items():
                means.setdefault(rule, {}).setdefault(system, {})[name] = value
    return {
        "filter": list(plan.pipelines.filter.texts),
        "outside_filter": {"judgments": marginal.outside, "queries": list(marginal.filtered)},
        "rules": dict(plan.rules.outcomes),
        "without_relevant": [query.id for query in marginal.queries],
        "dangling": {query: dict(row) for query, row in marginal.dangling.items()},
        "identical": list(marginal.identical),
        "without_candidates": list(marginal.without_candidates),
        "unasked": marginal.unasked.number,
        "means_if_counted": means,
    }
