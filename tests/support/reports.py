"""Evaluations made of letters, and one of which every text is hostile, as their reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser

from components.config import Settings
from components.domain import (
    Corpus,
    Document,
    Failure,
    Hit,
    Judgments,
    Query,
    Ranking,
    Timing,
)
from components.evaluation import Evaluation, Plan
from components.evaluation.saved import SavedEvaluation
from components.exports.evaluation_report import EvaluationReport
from components.pipeline import Pipelines

NASTY = "<script>alert('x')</script>\"&"
MADE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Reader(HTMLParser):
    """Notes a page's tags, its attributes and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def ranking(system: str, documents: Sequence[Document], ms: float = 0.0) -> Ranking:
    hits = (Hit(d, i, 2.5 - i, i, 0.1) for i, d in enumerate(documents, 1))
    return Ranking(system, tuple(hits), Timing(rerank_ms=ms))


def report(
    plan: Plan, evaluation: Evaluation, corpus: Corpus | None = None, baseline: str = ""
) -> EvaluationReport:
    models = {s: f"model of {s}" for s in plan.systems}
    one = SavedEvaluation("id", MADE, plan, evaluation, models)
    return EvaluationReport(one, evaluation.metrics(plan.judgments), Settings(), corpus, baseline)


def nasty() -> EvaluationReport:
    """Return an evaluation whose every text is hostile, with one failure."""
    documents = (Document(f"{NASTY} 1", NASTY, NASTY), Document(f"{NASTY} 2", "", "x"))
    queries = (
        Query(f"{NASTY} q", f"what is {NASTY}", (f"tag {NASTY}",)),
        Query("q2", f"{NASTY} fails"),
    )
    judgments = {q.id: {documents[0].id: 1} for q in queries}
    corpus = Corpus(f"corpus {NASTY}", documents, queries, judgments, "f" * 64)
    asked = Pipelines(f"first {NASTY}", (f"second {NASTY}",))
    plan = Plan(asked, queries, judgments, None, corpus.name, corpus.fingerprint, 2)
    result = Evaluation(plan.systems)
    first, second = plan.systems
    result.note(queries[0].id, ranking(first, documents))
    result.note(queries[0].id, ranking(second, documents[::-1], 1234.5))
    result.note(queries[1].id, ranking(first, documents))
    result.note(queries[1].id, Failure(second, f"reason {NASTY}", f"remedy {NASTY}"))
    return report(plan, result, corpus)


def simple(runs: dict[str, dict[str, str]], judgments: Judgments, **more: str) -> EvaluationReport:
    """Return an evaluation from rankings written as letters, the first system the baseline."""
    systems = list(runs)
    queries = tuple(Query(q, f"text of {q}") for q in judgments)
    plan = Plan(Pipelines(systems[0], tuple(systems[1:])), queries, judgments, corpus="c")
    evaluation = Evaluation(plan.systems)
    for system, ranked_queries in runs.items():
        for query, letters in ranked_queries.items():
            evaluation.note(query, ranking(system, [Document(x, "", x) for x in letters]))
    return report(plan, evaluation, **more)


TWO = {"q": {"x": 1}, "r": {"x": 1}}
ODD = {
    "nothing ranked": simple({"a": {}, "b": {}}, {"q": {"x": 1}}),
    "one query": simple({"a": {"q": "yx"}, "b": {"q": "xy"}}, {"q": {"x": 1}}),
    "all ties": simple({"a": {"q": "x", "r": "x"}, "b": {"q": "x", "r": "x"}}, TWO),
    "alone": simple({"a": {"q": "x", "r": "x"}}, TWO),
    "nothing relevant found": simple({"a": {"q": "yz"}, "b": {"q": "zy"}}, {"q": {"x": 1}}),
    "one never ranked": simple({"a": {"q": "xy"}, "b": {}}, {"q": {"x": 1}}),
    "the baseline is none": simple({"a": {"q": "xy"}, "b": {}}, {"q": {"x": 1}}, baseline="b"),
    "empty rankings": simple({"a": {"q": "", "r": ""}, "b": {"q": "", "r": ""}}, TWO),
}

EIGHT = {f"q{i}": {"x": 1} for i in range(8)}
FIRST, SECOND = dict.fromkeys(EIGHT, "xy"), dict.fromkeys(EIGHT, "yx")
MIXED = {q: "xy" if i % 2 else "yx" for i, q in enumerate(EIGHT)}
"""Eight queries whose one relevant document stands first, second, or each half of the time."""
