"""`rerank-lab evaluate`: its files, its JSON object and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import HEADER, Run

RANKED = "query-id\tcorpus-id\trank\n"


@pytest.mark.models
def test_evaluate(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run(
        *("evaluate", "--corpus", folder, "--first-stage", "bm25", "--reranker", "minilm-l12"),
        *("--out", out, "--json"),
    )
    assert ended.code == 0
    value = ended.json
    assert (value["queries"], value["failures"], value["out"]) == (2, [], str(out))
    assert value["metrics"] == json.loads((out / "metrics.json").read_text())
    bm25 = value["metrics"]["bm25"]
    assert [bm25[m] for m in ("nDCG@10", "RR@10", "P@10", "R@100", "AP")] == [1, 1, 0.1, 1, 1]
    lines = (out / "runs" / "bm25.trec").read_text().splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["q1", "Q0", "a", "1"],
        ["q1", "Q0", "b%20b", "2"],
        ["q2", "Q0", "b%20b", "1"],
    ]
    assert (out / "runs" / "minilm-l12.trec").is_file()
    assert "<!doctype html>" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("limit", "code", "words"),
    [
        ("bm25:nDCG@10=0.9", 0, ""),
        ("bm25:P@10=0.5", 1, "bm25 P@10 0.1000 is under 0.5000."),
        ("bm25:nDCG@10", 2, "is not SYSTEM:MEASURE=VALUE"),
        ("bm25:MAP=0.5", 2, "There is no measure 'MAP'"),
        ("bm25:P@3=0.5", 1, "bm25 P@3 0.3333 is under 0.5000."),
        ("voyage:nDCG@10=0.5", 2, "which is not evaluated"),
    ],
)
def test_evaluate_fails_under_a_limit(
    run: Run, folder: Path, tmp_path: Path, limit: str, code: int, words: str
) -> None:
    ended = run(
        *("evaluate", "--corpus", folder, "--first-stage", "bm25", "--out", tmp_path / "out"),
        *("--fail-under", limit),
    )
    assert ended.code == code
    assert words in ended.err


@pytest.mark.models
def test_evaluate_says_whether_a_difference_is_clear(run: Run, tmp_path: Path) -> None:
    ended = run(
        *("evaluate", "--corpus", "helpdesk", "--first-stage", "bge-small", "--reranker", "bm25"),
        *("--out", tmp_path / "out", "--json"),
    )
    (line,) = ended.json["verdicts"]
    assert line.startswith("bm25 is worse than bge-small: ")
    assert "95% interval" in line
    assert "90 queries" in line
    assert line.replace("&", "&amp;") in (tmp_path / "out" / "report.html").read_text()


def test_evaluate_with_candidates_and_other_judgments(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    qrels, candidates = tmp_path / "more.tsv", tmp_path / "candidates.tsv"
    qrels.write_text(f"{HEADER}q1\tb b\t1\nq1\televen\t1\nq7\ta\t1\n")
    candidates.write_text(f"{RANKED}q1\tb b\t2\nq1\tc\t1\n")
    ended = run(
        *("evaluate", "--corpus", folder, "--qrels", qrels, "--candidates", candidates),
        *("--reranker", "bm25", "--out", tmp_path / "out", "--json"),
    )
    assert ended.code == 0
    assert ended.json["queries"] == 1
    assert ended.json["metrics"]["candidates"]["RR@10"] == 0.5
    assert ended.json["metrics"]["bm25"]["RR@10"] == 1.0
    assert ended.json["metrics"]["bm25"]["R@100"] == 1.0  # "eleven" is left out
    assert "Of 2 judged queries 1 and of 3 judged documents 1 are not in [red]corpus;" in (
        ended.err
    )


def test_evaluate_of_a_few_queries_as_a_table(run: Run, tmp_path: Path) -> None:
    ended = run(
        *("evaluate", "--corpus", "exceptions", "--first-stage", "bm25", "--max-queries", 2),
        *("--out", tmp_path / "out"),
    )
    assert ended.code == 0
    assert "nDCG@10" in ended.out
    assert "2 queries" in ended.out
    assert len(json.loads((tmp_path / "out/per_query.json").read_text())["bm25"]) == 2


def test_evaluate_with_a_system_that_fails(
    run: Run, ghost: str, folder: Path, tmp_path: Path
) -> None:
    ended = run(
        *("evaluate", "--corpus", folder, "--first-stage", "bm25", "--reranker", ghost),
        *("--reranker", "bm25", "--out", tmp_path / "out", "--json"),
    )
    assert ended.code == 1
    assert ended.json["queries"] == 2
    assert ended.json["metrics"]["bm25"]["RR@10"] == 1.0
    assert ended.json["metrics"][ghost] == {}
    assert [(f["system"], f["query"]) for f in ended.json["failures"]] == [
        (ghost, "q1"),
        (ghost, "q2"),
    ]
