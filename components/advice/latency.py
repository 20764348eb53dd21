"""Measures rerankers on this machine: repeated scoring passes over the same candidates."""

from __future__ import annotations

from collections.abc import Sequence

from components import pipeline
from components.domain import Corpus
from components.lab import Lab, StepReport, no_report
from components.pipeline import PipelineRun, Pipelines

ROUNDS = 3
"""Scoring passes of each reranker."""


def measure(
    lab: Lab, corpus: Corpus, keys: Sequence[str], candidates: int, report: StepReport = no_report
) -> dict[str, list[float]]:
    """Rerank the candidates of the corpus's opening query, ROUNDS times with each reranker.

    The rerankers take turns. Returns milliseconds by key; the lab notes them in `lab.measured`.
    Hosted rerankers are billed. Raises LabError where one fails.
    """
    query = corpus.opening_query
    run = PipelineRun(lab, corpus, Pipelines(rerankers=tuple(keys), initial_k=candidates))
    first = pipeline.retrieve(run, corpus, query)
    return pipeline.repeat(run, query, first, keys, ROUNDS, report)
