"""Saved evaluations to JSON and back: a head, and a body with every ranking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple
from datetime import datetime
from typing import Any

from components.domain import Count, Failure, Filter, Query, Timing
from components.evaluation.planning import CANDIDATES, Plan
from components.evaluation.rules import Marginal, Rules
from components.evaluation.running import Evaluation, Ranked
from components.evaluation.saved import SavedEvaluation
from components.evaluation.saved_format import VERSION, SavedBody, SavedHead
from components.lab import catalog
from components.measures import Metrics
from components.pipeline import Pipelines


def head_json(saved: SavedEvaluation, metrics: Mapping[str, Metrics]) -> dict[str, Any]:
    """Return what a list needs, and what was run."""
    plan = saved.plan
    return {
        "version": VERSION if plan.pipelines.filter else 1,
        "corpus": plan.corpus,
        "documents": plan.documents,
        "split": plan.split,
        "subset": plan.subset,
        "planned": len(plan.queries),
        "queries": len(saved.evaluation.complete),
        "systems": list(plan.systems),
        "first_stage": plan.first_stage,
        "rerankers": list(plan.pipelines.rerankers),
        "initial_k": plan.pipelines.initial_k,
        "instruction": plan.pipelines.instruction,
        "models": dict(saved.models),
        "means": {system: dict(m.mean) for system, m in metrics.items()},
        "rules": asdict(plan.rules),
        "remarks": saved.evaluation.remarks,
    } | (
        {"filter": list(plan.pipelines.filter.texts), "metadata": plan.metadata}
        if plan.pipelines.filter
        else {}
    )


def body_json(saved: SavedEvaluation) -> dict[str, Any]:
    """Return queries, judgments, rankings and failures; documents by their place in one list."""
    places: dict[str, int] = {}
    runs = {
        system: {
            query: [
                [places.setdefault(d, len(places)) for d in r.documents],
                list(r.scores),
                list(asdict(r.timing).values()),
                asdict(r.usage),
            ]
            for query, r in ranked.items()
        }
        for system, ranked in saved.evaluation.rankings.items()
    }
    return {
        "queries": [[q.id, q.text, list(q.tags)] for q in saved.plan.queries],
        "judgments": {q: dict(grades) for q, grades in saved.plan.judgments.items()},
        "documents": list(places),
        "runs": runs,
        "failures": [
            [system, query, f.reason, f.remedy]
            for system, failures in saved.evaluation.failures.items()
            for query, f in failures
        ],
        "ties": {
            system: {query: r.tied for query, r in ranked.items() if r.tied}
            for system, ranked in saved.evaluation.rankings.items()
            if any(r.tied for r in ranked.values())
        },
        "marginal": _marginal_body(saved.plan.marginal),
    }


def _marginal_body(marginal: Marginal) -> dict[str, Any]:
    return {
        "queries": [[q.id, q.text, list(q.tags)] for q in marginal.queries],
        "judgments": {q: dict(grades) for q, grades in marginal.judgments.items()},
        "dangling": {q: dict(grades) for q, grades in marginal.dangling.items()},
        "identical": marginal.identical,
        "without_candidates": marginal.without_candidates,
        "unasked": astuple(marginal.unasked),
        "drawn": marginal.drawn,
        "outside": marginal.outside,
        "filtered": marginal.filtered,
    }


def loaded(
    id: str, made: str, fingerprint: str, head: SavedHead, body: SavedBody
) -> SavedEvaluation:
    """Return an evaluation from its head and body; raise ValueError or IndexError for damage."""
    first = catalog.DEFAULT_FIRST_STAGE if head.first_stage == CANDIDATES else head.first_stage
    plan = Plan(
        Pipelines(
            first,
            head.rerankers,
            head.initial_k,
            head.instruction,
            filter=Filter.parse(head.filter),
        ),
        _queries(body.queries),
        body.judgments,
        {} if head.first_stage == CANDIDATES else None,
        head.corpus,
        fingerprint,
        head.documents,
        head.split,
        head.subset,
        Rules(**head.rules.model_dump()),
        Marginal(
            **dict(body.marginal)
            | {
                "queries": _queries(body.marginal.queries),
                "unasked": Count(*body.marginal.unasked),
            }
        ),
        head.metadata,
    )
    evaluation = _evaluation(head, body)
    return SavedEvaluation(id, datetime.fromisoformat(made), plan, evaluation, head.models)


def _queries(rows: Iterable[tuple[str, str, tuple[str, ...]]]) -> tuple[Query, ...]:
    return tuple(Query(id, text, tags) for id, text, tags in rows)


def _evaluation(head: SavedHead, body: SavedBody) -> Evaluation:
    evaluation = Evaluation(head.systems, remarks=list(head.remarks))
    for system, ranked in body.runs.items():
        evaluation.rankings[system] = {
            query: Ranked(
                tuple(body.documents[i] for i in places),
                tuple(scores),
                Timing(*times),
                usage,
                body.ties.get(system, {}).get(query, 0),
            )
            for query, (places, scores, times, usage) in ranked.items()
        }
    for system, query, reason, remedy in body.failures:
        evaluation.failures.setdefault(system, []).append((query, Failure(system, reason, remedy)))
    return evaluation
