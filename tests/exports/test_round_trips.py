"""What the lab writes it reads again with the same figures, whatever the ids are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components import pipeline
from components.analysis.quality import quality
from components.corpora import read_candidates, read_qrels
from components.domain import (
    Comparison,
    Corpus,
    CorpusError,
    Document,
    Failure,
    Query,
    Ranking,
    Scores,
    Timing,
    Usage,
)
from components.evaluation import Evaluation, Plan, Ranked, evaluate, plan
from components.evaluation.saved import saved_evaluation
from components.exports.evaluation import write
from components.exports.evaluation_report import EvaluationReport
from components.exports.recordings import Saved, bundle, columns_for, read_bundle
from components.exports.table_reading import read_comparison
from components.exports.tables import comparison_csv, guarded
from components.exports.trec import comparison_run, file_name, read_run, read_runs
from components.lab import Lab
from components.measures import DEFAULT, measure
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


@contextmanager
def written(lab: Lab, one: Plan, evaluation: Evaluation) -> Iterator[tuple[Path, EvaluationReport]]:
    """Write an evaluation's folder; yield it with what was written."""
    saved = saved_evaluation(one, evaluation, lab.settings)
    report = EvaluationReport(saved, evaluation.metrics(one.judgments), lab.settings)
    with TemporaryDirectory() as name:
        write(Path(name), report)
        yield Path(name), report


@settings(max_examples=80, deadline=None)
@given(evaluated())
def test_an_evaluations_folder_read_again_gives_the_same_figures(
    lab: Lab, made: tuple[Corpus, Plan, Evaluation]
) -> None:
    corpus, one, evaluation = made
    with written(lab, one, evaluation) as (folder, report):
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


@settings(max_examples=25, deadline=None)
@given(evaluated())
def test_the_table_by_query_has_the_figures(
    lab: Lab, made: tuple[Corpus, Plan, Evaluation]
) -> None:
    _, one, evaluation = made
    with written(lab, one, evaluation) as (folder, report):
        text = (folder / "per_query.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(one.queries) * len(report.ranked)
    for system, metrics in report.ranked.items():
        values = [row for row in rows if row["system"] == system]
        for name in report.names:
            mean = sum(float(row[name]) for row in values) / len(values)
            assert mean == pytest.approx(metrics.mean[name], abs=1e-6)


# ---------------------------------------------------------------- comparisons


@st.composite
def compared(draw: st.DrawFn) -> tuple[Corpus, Comparison]:
    """A comparison of a query of a corpus with hostile ids, by two systems; ties are among it."""
    ids = draw(st.lists(IDS, min_size=2, max_size=6, unique=True))
    query = Query(draw(IDS), draw(st.sampled_from(["=a query", "two  words", "a\u202eb"])))
    documents = tuple(Document(id, draw(IDS), "text") for id in ids)
    corpus = Corpus("c", documents, (query,), {query.id: {ids[0]: 1}}, fingerprint="f" * 64)
    scores = st.lists(SCORES, min_size=len(ids), max_size=len(ids))
    ordered = sorted(draw(scores), reverse=True)
    first = pipeline.first_stage_ranking("bm25", documents, ordered, Timing(search_ms=1.5))
    second = pipeline.sort(SYSTEM, first, Scores(np.array(draw(scores))), Timing(rerank_ms=2.5))
    return corpus, Comparison(query.text, first, (second,))


def hits_of(ranking: Ranking | Failure) -> list[tuple[str, int, object]]:
    """Return each hit's document, rank and score as a 32-bit float."""
    assert isinstance(ranking, Ranking)
    return [(hit.document.id, hit.rank, np.float32(hit.score)) for hit in ranking.hits]


@settings(max_examples=80, deadline=None)
@given(compared())
def test_a_comparison_comes_back_from_its_run_its_table_and_its_recording(
    made: tuple[Corpus, Comparison],
) -> None:
    corpus, comparison = made
    (query,), first = corpus.queries, comparison.first_stage
    rankings = (first, *comparison.rankings)
    text = comparison_run(rankings, query.id)
    runs = read_runs(text.encode(), "c.trec", corpus)
    table = comparison_csv(rankings, corpus.judgments[query.id], query.text).encode()
    written = [guarded(id) for id in corpus.by_id]
    if len(set(written)) < len(written):
        with pytest.raises(CorpusError, match="a table writes both"):
            read_comparison(table, "c.csv", corpus)
    else:
        columns = read_comparison(table, "c.csv", corpus)
        for ranking in rankings:
            again = pipeline.place(columns[ranking.system][query.id], first, corpus)
            assert hits_of(again) == hits_of(ranking)
    one = Saved(comparison, 100, "", {}, {}, corpus.judgments[query.id])
    recorded = read_bundle(bundle([one], corpus, datetime(2026, 11, 26, tzinfo=UTC)).encode(), "r")
    column = columns_for(recorded, query.text)
    assert column is not None
    assert column.grades == corpus.judgments[query.id]
    for ranking, kept in zip(rankings, (column.first_stage, *column.columns), strict=True):
        assert hits_of(pipeline.place(kept, first, corpus)) == hits_of(ranking)
        again = pipeline.place(runs[ranking.system][query.id], first, corpus)
        assert [row[:2] for row in hits_of(again)] == [row[:2] for row in hits_of(ranking)]
        assert isinstance(again, Ranking)
        grades = corpus.judgments[query.id]
        assert quality(again, grades, DEFAULT) == quality(ranking, grades, DEFAULT)


HEAD = "system,rank,id,score,first_stage_rank,grade,title,query\n"
FOX = Corpus(
    "c", (Document("a", "", "fox"), Document("b", "", "")), (Query("q", "fox"),), {}, "f" * 64
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "t.csv:1 is not the head"),
        ("system,rank\n", "t.csv:1 is not the head"),
        (f"{HEAD}s,1,a\n", "t.csv, row 2 has 3 cells; expected 8"),
        (f"{HEAD}s,1,a,high,1,,,fox\n", "t.csv, row 2: the score 'high' is no number"),
        (f"{HEAD}s,1,a,1e999,1,,,fox\n", "is no number"),
        (f"{HEAD}s,1,a,1,1,,,fox\ns,2,a,0,1,,,fox\n", "row 3 ranks 'a' a second time"),
        (f"{HEAD}s,1,a,1,1,,,another\n", "ranks queries of c by 0 systems"),
        (HEAD + "".join(f"s{n},1,a,1,1,,,fox\n" for n in range(9)), "by 9 systems"),
    ],
)
def test_a_table_that_is_no_comparison_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read_comparison(text.encode(), "t.csv", FOX)
    assert reason in caught.value.reason


def test_a_hit_without_a_score_stays_behind_the_others() -> None:
    rows = f"{HEAD}s,1,a,-2.5,1,,,fox\ns,2,b,,2,,,fox\n"
    column = read_comparison(rows.encode(), "t.csv", FOX)["s"]["q"]
    assert column.documents == (("a", -2.5), ("b", -2.5))
    assert (column.key, column.date) == ("run:s", "from t.csv")


def test_ids_that_a_table_writes_alike_are_refused() -> None:
    twins = replace(FOX, documents=(Document("=a", "", "x"), Document("'=a", "", "y")))
    with pytest.raises(CorpusError, match="a table writes both '=a' and \"'=a\" as \"'=a\""):
        read_comparison(f"{HEAD}s,1,'=a,1,1,,,fox\n".encode(), "t.csv", twins)
