"""A run and judgments as trec_eval reads them, with its figures computed by hand."""

from __future__ import annotations

import math
from pathlib import Path

import ir_measures
import pytest

from components.corpora import read_candidates, read_qrels
from components.domain import Corpus, Document, Query
from components.evaluation import evaluate, plan
from components.exports.trec import read_run
from components.lab import Lab
from components.pipeline import Pipelines

RUN = """# a comment, and queries in any order
 302\tQ0  FT911-9   7 0.5 mine
301 Q0 FT911-1 1 1.5 mine
301 Q0 FT911-4 2 1.5 mine
301   Q0 FT911-2 3 1.50000001 mine

301 Q0 FT911-3 99 2e0 mine
302 Q0 FT911-1 1 -.5 mine
302 Q0 FT911-2 0 +0.25 mine
"""
QRELS = """# judgments, in any order and with any white space
302 0 FT911-1 1
301\t0\tFT911-1   2
301 0 FT911-2 1
 301 0 FT911-3 0
302 1 FT911-9 0
301 0 FT911-5 1
"""
CORPUS = Corpus(
    "ft",
    tuple(Document(f"FT911-{n}", "", f"text {n}") for n in (1, 2, 3, 4, 5, 9)),
    (Query("301", "a query"), Query("302", "another query")),
    fingerprint="9" * 64,
)
ORDER = {
    # 1.50000001 is 1.5 in 32-bit floats: three ties, which fall by descending id
    "301": ["FT911-3", "FT911-4", "FT911-2", "FT911-1"],
    "302": ["FT911-9", "FT911-2", "FT911-1"],
}
L3, L4, L5 = math.log2(3), math.log2(4), math.log2(5)
BY_HAND = {
    "301": {
        "nDCG@10": (1 / L4 + 2 / L5) / (2 + 1 / L3 + 1 / L4),
        "RR@10": 1 / 3,
        "P@10": 0.2,
        "R@100": 2 / 3,
        "AP": (1 / 3 + 2 / 4) / 3,
        "Judged@10": 3 / 4,
    },
    "302": {
        "nDCG@10": 1 / L4,
        "RR@10": 1 / 3,
        "P@10": 0.1,
        "R@100": 1.0,
        "AP": 1 / 3,
        "Judged@10": 2 / 3,
    },
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return the files of a run and of judgments."""
    run, qrels = tmp_path / "input.mine", tmp_path / "qrels.302"
    run.write_text(RUN)
    qrels.write_text(QRELS)
    return run, qrels


def test_scores_decide_and_ties_fall_by_descending_id(files: tuple[Path, Path]) -> None:
    run, _ = files
    columns = read_run(run.read_bytes(), run.name, CORPUS)
    assert {q: [d for d, _ in column.documents] for q, column in columns.items()} == ORDER
    assert {q: list(row) for q, row in read_candidates(run, CORPUS).items()} == ORDER


def test_the_figures_are_those_of_trec_eval(lab: Lab, files: tuple[Path, Path]) -> None:
    run, qrels = files
    judgments = read_qrels(qrels, CORPUS)
    one = plan(CORPUS, Pipelines("bm25", (), 100), judgments, read_candidates(run, CORPUS))
    metrics = evaluate(lab, CORPUS, one).metrics(one.judgments)["candidates"]
    assert metrics.per_query == {q: pytest.approx(row) for q, row in BY_HAND.items()}
    means = {n: (BY_HAND["301"][n] + BY_HAND["302"][n]) / 2 for n in BY_HAND["301"]}
    assert metrics.mean == pytest.approx(means)


def test_the_values_by_hand_are_those_of_trec_eval() -> None:
    """By trec_eval itself: ir_measures leaves RR@10 to a tool that breaks ties otherwise."""
    names = {"nDCG@10": "nDCG@10", "RR": "RR@10", "P@10": "P@10", "R@100": "R@100", "AP": "AP"}
    rows = [line.split() for line in QRELS.splitlines() if line.strip()[:1].isdigit()]
    given = [line.split() for line in RUN.splitlines() if line.strip()[:1].isdigit()]
    values = ir_measures.pytrec_eval.iter_calc(
        [ir_measures.parse_measure(name) for name in names],
        [ir_measures.Qrel(q, d, int(grade)) for q, _, d, grade in rows],
        [ir_measures.ScoredDoc(q, d, float(score)) for q, _, d, _, score, _ in given],
    )
    for value in values:
        by_hand = BY_HAND[value.query_id][names[str(value.measure)]]
        assert value.value == pytest.approx(by_hand), value
