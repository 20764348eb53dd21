"""What the lab writes it reads again with the same figures, whatever the ids are."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.corpora import read_candidates, read_qrels
from components.domain import Corpus, Document, Query, Timing, Usage
from components.evaluation import Evaluation, Plan, Ranked, evaluate, plan
from components.evaluation.saved import saved_evaluation
from components.exports.evaluation import write
from components.exports.evaluation_report import EvaluationReport
from components.exports.trec import file_name, read_run
from components.lab import Lab
from components.measures import measure
from components.pipeline import Pipelines

SYSTEM = "minilm-l12"
HARD = [
    *("a b", "a%20b", "a%2520b", "%25XX", "%25", "100%", "#1", "# 1", "%231", " a", "a ", "a  b"),
    *("\u202ea", "a\u2066b", "a\u3000b", "a\u00a0b", "\ufeffa", "é", "e\u0301", "🦊", "قط", "猫"),
    *("query-id", "corpus-id", "Q0", "0", "1.0", "=1+1", "'=1+1", '"a', "a,b", "a;b", "{", "[1"),
    *("a\u200bb", "a\u200eb", "%E2%80%AE", "caf%C3%A9", "%20", "%2520", "-1", "+a", "@a", "nan"),
]
PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12)
IDS = st.one_of(st.sampled_from(HARD), PLAIN.filter(str.strip))
SCORES = st.floats(-1e6, 1e6, width=32)


@st.composite
def evaluated(draw: st.DrawFn) -> tuple[Corpus, Plan, Evaluation]:
    """A corpus with hostile ids, judged in part, with one system's rankings."""
    documents = draw(st.lists(IDS, min_size=2, max_size=6, unique=True))
    names = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    grades = st.dictionaries(st.sampled_from(documents), st.integers(-1, 3))
    judgments: dict[str, Mapping[str, int]] = {name: draw(grades) for name in names}
    judgments[names[0]] = {**judgments[names[0]], documents[0]: 2}
    corpus = Corpus(
        "c",
        tuple(Document(id, "", f"text {n}") for n, id in enumerate(documents)),
        tuple(Query(id, f"query {n}") for n, id in enumerate(names)),
        {query: row for query, row in judgments.items() if row},
        fingerprint="f" * 64,
    )
    one = plan(corpus, Pipelines("bm25", (SYSTEM,), 100))
    evaluation = Evaluation(one.systems)
    for query in one.queries:
        for system in one.systems:
            order = draw(st.permutations(documents))
            scores = sorted(draw(st.sets(SCORES, min_size=len(order), max_size=len(order))))
            ranked = Ranked(tuple(order), tuple(reversed(scores)), Timing(), Usage())
            evaluation.rankings.setdefault(system, {})[query.id] = ranked
    return corpus, one, evaluation


def exactly(scores: tuple[float, ...]) -> object:
    """Return what compares equal to the same 32-bit floats."""
    return pytest.approx(np.float32(scores), rel=0, abs=0)


def report_of(lab: Lab, one: Plan, evaluation: Evaluation) -> EvaluationReport:
    saved = saved_evaluation(one, evaluation, lab.settings)
    return EvaluationReport(saved, evaluation.metrics(one.judgments), lab.settings)


@settings(max_examples=2500, deadline=None)
@given(evaluated())
def test_an_evaluations_folder_read_again_gives_the_same_figures(
    lab: Lab, made: tuple[Corpus, Plan, Evaluation]
) -> None:
    corpus, one, evaluation = made
    report = report_of(lab, one, evaluation)
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, report)
        judgments = read_qrels(folder / "qrels.trec", corpus)
        for system in one.systems:
            file = folder / "runs" / file_name(system)
            candidates = read_candidates(file, corpus)
            again = plan(corpus, Pipelines("bm25", (), 100), judgments, candidates)
            result = evaluate(lab, corpus, again)
            assert result.metrics(again.judgments)["candidates"] == report.metrics[system]
            columns = read_run(file.read_bytes(), file.name, corpus)
            for query, ranked in evaluation.rankings[system].items():
                read = columns[query].documents
                assert [d for d, _ in read] == list(ranked.documents)
                assert np.float32([score for _, score in read]) == exactly(ranked.scores)
            run = {query: dict(column.documents) for query, column in columns.items()}
            assert measure(run, judgments) == report.metrics[system]
    assert judgments == {q: dict(row) for q, row in corpus.judgments.items()}


@settings(max_examples=60, deadline=None)
@given(evaluated())
def test_the_table_by_query_has_the_figures(
    lab: Lab, made: tuple[Corpus, Plan, Evaluation]
) -> None:
    _, one, evaluation = made
    report = report_of(lab, one, evaluation)
    with TemporaryDirectory() as name:
        write(Path(name), report)
        text = (Path(name) / "per_query.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(one.queries) * len(report.ranked)
    for system, metrics in report.ranked.items():
        values = [row for row in rows if row["system"] == system]
        for name in report.names:
            mean = sum(float(row[name]) for row in values) / len(values)
            assert mean == pytest.approx(metrics.mean[name], abs=1e-6)
