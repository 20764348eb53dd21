"""Metrics over many queries, through ir_measures, and the runs they are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ir_measures
import numpy as np

from components import pipeline
from components.domain import (
    Cancelled,
    Corpus,
    Failure,
    InputError,
    Judgments,
    LabError,
    Progress,
    Query,
    Ranking,
    no_progress,
)
from components.lab import Lab, no_report
from components.pipeline import Request

MEASURES = ("nDCG@10", "RR@10", "P@10", "R@100")
CANDIDATES = "candidates"
Run = Mapping[str, Mapping[str, float]]
"""Query id -> document id -> score, falling strictly with rank."""


def run_scores(ranking: Ranking) -> dict[str, float]:
    """Return the scores of a ranking, made to fall strictly so that every reader sorts alike.

    TREC tools order equal scores by document id, in 32-bit floats. Where our order says otherwise
    a score is lowered to the next smaller float; where there is none, negated ranks stand in.
    """
    scores: dict[str, float] = {}
    last = np.float32(np.inf)
    with np.errstate(over="ignore"):  # a score beyond 32 bits becomes infinite, and is lowered
        for hit in ranking.hits:
            last = min(np.float32(hit.score), np.nextafter(last, np.float32(-np.inf)))
            scores[hit.document.id] = float(last)
    if ranking.hits and not np.isfinite(last):
        return {hit.document.id: -float(hit.rank) for hit in ranking.hits}
    return scores


@dataclass(frozen=True, slots=True)
class Metrics:
    """Means over the queries and the values they are means of, by measure name."""

    mean: Mapping[str, float]
    per_query: Mapping[str, Mapping[str, float]]


def measure(run: Run, judgments: Judgments, names: Sequence[str] = MEASURES) -> Metrics:
    """Return the measures of a run over exactly the run's queries; an empty ranking counts 0."""
    parsed = [ir_measures.parse_measure(name) for name in names]
    qrels = {q: dict(judgments.get(q, {})) for q in run}
    per_query: dict[str, dict[str, float]] = {q: dict.fromkeys(names, 0.0) for q in run}
    for value in ir_measures.iter_calc(parsed, qrels, {q: dict(s) for q, s in run.items()}):
        per_query[value.query_id][str(value.measure)] = float(value.value)
    mean = {n: float(np.mean([v[n] for v in per_query.values()])) for n in names if per_query}
    return Metrics(mean, per_query)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to evaluate: which queries, against which judgments, from which candidates."""

    request: Request
    queries: tuple[Query, ...]
    judgments: Judgments
    candidates: Mapping[str, Sequence[str]] | None = None

    @property
    def first_stage(self) -> str:
        """Return the key under which the first stage's run is kept."""
        return CANDIDATES if self.candidates is not None else self.request.first_stage


def plan(
    corpus: Corpus,
    request: Request,
    judgments: Judgments | None = None,
    candidates: Mapping[str, Sequence[str]] | None = None,
    max_queries: int | None = None,
) -> Plan:
    """Choose the corpus's judged queries; raise InputError where there is nothing to evaluate."""
    grades = corpus.judgments if judgments is None else judgments
    if not grades:
        raise InputError(
            f"The corpus {corpus.name} has no judgments.",
            "Add qrels/test.tsv to its folder, or name a file with --qrels.",
        )
    usable = [q for q in corpus.queries if any(g > 0 for g in grades.get(q.id, {}).values())]
    if candidates is not None:
        usable = [q for q in usable if q.id in candidates]
    if not usable:
        raise InputError(
            f"No query of {corpus.name} has both a relevant document and candidates.",
            "Check that the query ids of queries.jsonl, the qrels and the candidates agree.",
        )
    return Plan(request, tuple(usable[:max_queries]), grades, candidates)


@dataclass(slots=True)
class Evaluation:
    """The rankings of every system by query, and what failed."""

    systems: tuple[str, ...]
    rankings: dict[str, dict[str, Ranking]] = field(default_factory=dict)
    failures: dict[str, list[tuple[str, Failure]]] = field(default_factory=dict)

    @property
    def complete(self) -> list[str]:
        """Return the queries that can be compared: those that every system ranked.

        A system that ranked none at all is not counted: it must not cost the others their result.
        """
        ranked = [self.rankings[s] for s in self.systems if s in self.rankings]
        return [q for q in self.rankings.get(self.systems[0], {}) if all(q in r for r in ranked)]

    def run(self, system: str) -> dict[str, dict[str, float]]:
        """Return the run of a system over the complete queries; empty if it ranked none."""
        found = self.rankings.get(system, {})
        return {q: run_scores(found[q]) for q in self.complete if q in found}

    def metrics(self, judgments: Judgments) -> dict[str, Metrics]:
        """Return each system's metrics, all over the same queries."""
        return {s: measure(self.run(s), judgments) for s in self.systems}

    def note(self, query: str, result: Ranking | Failure) -> None:
        """Keep a result."""
        if isinstance(result, Ranking):
            self.rankings.setdefault(result.system, {})[query] = result
        else:
            self.failures.setdefault(result.system, []).append((query, result))


def evaluate(
    lab: Lab, corpus: Corpus, chosen: Plan, progress: Progress = no_progress
) -> Evaluation:
    """Run every query through the first stage and the rerankers.

    A query on which a system fails is listed, never counted as a zero: means are taken over the
    queries that all systems ranked.
    """
    rerankers = chosen.request.rerankers
    result = Evaluation((chosen.first_stage, *rerankers))
    if chosen.candidates is None:
        lab.index(corpus, chosen.request.first_stage, no_report)
    for done, query in enumerate(chosen.queries, start=1):
        for outcome in _one_query(lab, corpus, chosen, query):
            result.note(query.id, outcome)
        progress(done, len(chosen.queries))
    return result


def _one_query(lab: Lab, corpus: Corpus, chosen: Plan, query: Query) -> Sequence[Ranking | Failure]:
    request = pipeline.with_query(chosen.request, query.text)
    try:
        first = (
            pipeline.retrieve(lab, corpus, request)
            if chosen.candidates is None
            else _given(corpus, chosen.candidates[query.id][: request.initial_k], query)
        )
    except Cancelled:
        raise
    except LabError as exc:
        return [Failure(chosen.first_stage, exc.reason, exc.remedy)]
    return (first, *pipeline.rerank_all(lab, corpus, request, first))


def _given(corpus: Corpus, ids: Sequence[str], query: Query) -> Ranking:
    """Return candidates from a file as a first stage; their score is their negated rank."""
    documents = corpus.by_id
    unknown = [i for i in ids if i not in documents]
    if unknown:
        raise InputError(
            f"The candidates of query {query.id} name {unknown[0]!r}, which {corpus.name} lacks.",
            "The candidates file must name documents of this corpus.",
        )
    found = [documents[i] for i in ids]
    ranks = [-float(rank) for rank in range(1, len(ids) + 1)]
    return pipeline.first_stage_ranking(CANDIDATES, found, ranks)
