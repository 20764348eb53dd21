"""Requests in one line, and the pipelines' functions for a lab, a corpus and a request."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from components import pipeline
from components.domain import Comparison, Corpus, Failure, Ranking, Recorded
from components.lab import Lab, catalog
from components.pipeline import (
    NullWatcher,
    PipelineRun,
    Pipelines,
    QueryInput,
    Request,
    ScoringPass,
    Watcher,
)
from components.pipeline.job import ComparisonJob


def asked(
    query: str,
    first_stage: str = catalog.DEFAULT_FIRST_STAGE,
    rerankers: tuple[str, ...] = (catalog.DEFAULT_RERANKER,),
    initial_k: int = 100,
    instruction: str = "",
    *,
    recorded: tuple[Recorded, ...] = (),
    recorded_first: Recorded | None = None,
    deadline_s: float | None = None,
    reuse: bool = False,
) -> Request:
    pipelines = Pipelines(first_stage, rerankers, initial_k, instruction, deadline_s, reuse)
    return Request(pipelines, QueryInput(query, recorded, recorded_first))


def run_of(
    lab: Lab, corpus: Corpus | None, request: Request, watcher: Watcher | None = None
) -> PipelineRun:
    return PipelineRun(lab, corpus, request.pipelines, watcher or NullWatcher())


def compare(
    lab: Lab,
    corpus: Corpus,
    request: Request,
    watcher: Watcher | None = None,
    cached: Mapping[str, Ranking] | None = None,
) -> Coroutine[Any, Any, Comparison]:
    return pipeline.compare(run_of(lab, corpus, request, watcher), request.query, cached)


def compare_candidates(
    lab: Lab,
    corpus: Corpus | None,
    request: Request,
    first: Ranking,
    watcher: Watcher | None = None,
) -> Coroutine[Any, Any, Comparison]:
    run = run_of(lab, corpus, request, watcher)
    return pipeline.compare_candidates(run, request.query, first)


def retrieve(lab: Lab, corpus: Corpus, request: Request, watcher: Watcher | None = None) -> Ranking:
    return pipeline.retrieve(run_of(lab, corpus, request, watcher), corpus, request.query.text)


def rerank_candidates(
    lab: Lab,
    corpus: Corpus | None,
    request: Request,
    first: Ranking,
    system: str,
    watcher: Watcher | None = None,
) -> Ranking:
    run = run_of(lab, corpus, request, watcher)
    return pipeline.rerank_candidates(run, request.query.text, first, system)


def score_texts(
    lab: Lab,
    corpus: Corpus | None,
    request: Request,
    system: str,
    texts: list[str],
    watcher: Watcher | None = None,
) -> ScoringPass:
    run = run_of(lab, corpus, request, watcher)
    return pipeline.score_texts(run, request.query.text, system, texts)


def results(job: ComparisonJob) -> dict[str, Ranking | Failure]:
    """Return what became of a job's rerankers so far, by system."""
    return {r.system: r for r in job.comparison.results} if job.comparison else {}
