"""`rerank-lab evaluate`: the rules that count, and folders that are read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Run


def made(
    folder: Path,
    documents: Mapping[str, str],
    queries: Mapping[str, str],
    rows: Sequence[tuple[str, str, int]],
) -> Path:
    """Write a BEIR folder and return it."""
    (folder / "qrels").mkdir(parents=True)
    for name, records in (("corpus", documents), ("queries", queries)):
        lines = (json.dumps({"_id": id, "text": text}) + "\n" for id, text in records.items())
        (folder / f"{name}.jsonl").write_text("".join(lines))
    lines = ("\t".join(map(str, row)) for row in [("query-id", "corpus-id", "score"), *rows])
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Return a folder with a query that is a document, one of zeros, a dangling judgment."""
    return made(
        tmp_path / "odd",
        {"a 1": "green tea", "a%202": "green tea and cups", "b": "black coffee"},
        {"a 1": "green tea", "q": "coffee", "zero": "cups", "gone": "green"},
        [
            ("a 1", "a%202", 1),
            ("q", "b", 1),
            ("q", "away", 1),
            ("zero", "b", 0),
            ("gone", "away", 2),
        ],
    )


def evaluated(run: Run, folder: Path, out: Path, *options: object) -> dict[str, Any]:
    given = ("--first-stage", "bm25", "--corpus", folder, "--out", out, "--json", *options)
    ended = run("evaluate", *given)
    assert ended.code == 0, ended.err
    value = ended.json
    assert json.loads((out / "metrics.json").read_text()) == value["metrics"]
    rules = json.loads((out / "rules.json").read_text())
    assert {key: value[key] for key in rules} == rules
    return value


def test_what_is_left_out_is_named_with_the_mean_that_counting_gives(
    run: Run, odd: Path, tmp_path: Path
) -> None:
    value = evaluated(run, odd, tmp_path / "out")
    assert value["queries"] == 2
    assert value["metrics"]["bm25"]["R@100"] == 1.0
    assert set(value["rules"].values()) == {"left out"}
    assert value["without_relevant"] == ["zero", "gone"]
    assert value["dangling"] == {"q": {"away": 1}, "gone": {"away": 2}}
    assert value["identical"] == ["a 1"]
    means = {rule: row["bm25"]["R@100"] for rule, row in value["means_if_counted"].items()}
    assert means == pytest.approx({"zero_only": 0.5, "dangling": 0.5, "all": 0.375})
    said = " ".join(value["cautions"])
    assert "2 judged queries without a relevant document are left out: 'zero' and 'gone'" in said
    for name in ("report.html", "table.tex", "per_query.csv"):
        text = (tmp_path / "out" / name).read_text()
        assert "2 queries without a relevant document left out" in text.replace("Q", "q"), name
    assert "zero 0 b 0" in (tmp_path / "out" / "qrels.trec").read_text().splitlines()


@pytest.mark.parametrize(
    ("options", "queries", "recall"),
    [
        (("--zero-only",), 4, 0.5),
        (("--dangling",), 3, 0.5),
        (("--zero-only", "--dangling"), 4, 0.375),
        (("--identical",), 2, 1.0),
    ],
)
def test_an_option_counts_it(
    run: Run, odd: Path, tmp_path: Path, options: tuple[str, ...], queries: int, recall: float
) -> None:
    value = evaluated(run, odd, tmp_path / "out", *options)
    assert value["queries"] == queries
    assert value["metrics"]["bm25"]["R@100"] == pytest.approx(recall)
    first = (tmp_path / "out" / "runs" / "bm25.trec").read_text().splitlines()[0]
    assert first.startswith("a%201 Q0 a%201" if "--identical" in options else "a%201 Q0 a%25202")


def test_the_headline_names_the_rule(run: Run, odd: Path, tmp_path: Path) -> None:
    given = ("--first-stage", "bm25", "--corpus", odd, "--out", tmp_path / "out")
    words = " ".join(run("evaluate", *given).out.split())
    assert "2 queries · 2 queries without a relevant document left out;" in words
    words = " ".join(run("evaluate", *given, "--dangling").out.split())
    assert "2 judgments of absent documents counted in the ideal ranking" in words


def test_a_folder_read_again_gives_the_same_figures(run: Run, odd: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    first = evaluated(run, odd, out)
    files = ("--qrels", out / "qrels.trec", "--candidates", out / "runs" / "bm25.trec")
    second = evaluated(run, odd, again, *files)
    assert second["metrics"]["candidates"] == first["metrics"]["bm25"]
    lines = {p: (p / "qrels.trec").read_text().splitlines() for p in (out, again)}
    assert lines[out] == lines[again]


def test_a_tab_in_an_id_is_refused(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "t", {"a\tb": "tea"}, {"q": "tea"}, [("q", "x", 1)])
    ended = run("evaluate", "--corpus", folder, "--out", tmp_path / "out")
    assert ended.code == 2
    assert r"the id 'a\tb'" in ended.err
