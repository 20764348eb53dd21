"""A comparison and an evaluation of which every text is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from components.advice.monthly import Month
from components.config import Settings
from components.domain import Comparison, Corpus, Document, Failure, Hit, Query, Ranking
from components.evaluation import Evaluation, Plan
from components.evaluation.saved import SavedEvaluation
from components.exports.evaluation import files
from components.exports.evaluation_report import EvaluationReport
from components.exports.summary import summary_html
from components.pipeline import Pipelines

MADE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def compared(text: str) -> tuple[Corpus, Comparison]:
    """Return a comparison of which every text is given."""
    documents = (Document(text, text, text), Document(f"{text} 2", "", text))
    hits = tuple(Hit(d, n, 3.0 - n, n, 3.0 - n) for n, d in enumerate(documents, start=1))
    failure = Failure("jina", text, text)
    comparison = Comparison(text, Ranking("bm25", hits), (Ranking(text, hits), failure))
    return Corpus(text, documents, fingerprint="f" * 64), comparison


def evaluated(text: str) -> dict[str, str]:
    """Return the files of an evaluation of which every text is given."""
    corpus, comparison = compared(text)
    queries = (Query(text, text, (text,)), Query(f"{text} 2", text))
    judgments = {q.id: {text: 1} for q in queries}
    pipelines = Pipelines(f"{text} first", (f"{text} second",), instruction=text)
    plan = Plan(pipelines, queries, judgments, None, text, "f" * 64, 2, text)
    evaluation = Evaluation(plan.systems)
    first, second = plan.systems
    hits = comparison.first_stage.hits
    backwards = tuple(replace(h, rank=n) for n, h in enumerate(hits[::-1], start=1))
    evaluation.note(queries[0].id, Ranking(first, hits))
    evaluation.note(queries[0].id, Ranking(second, backwards))
    evaluation.note(queries[1].id, Ranking(first, hits))
    evaluation.note(queries[1].id, Failure(second, text, text))
    saved = SavedEvaluation("id", MADE, plan, evaluation, {s: text for s in plan.systems})
    metrics = evaluation.metrics(plan.judgments)
    report = EvaluationReport(saved, metrics, Settings(), corpus)
    return dict(files(report)) | {"summary.html": summary_html(report, Month(None, text), MADE)}
