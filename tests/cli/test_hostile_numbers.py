"""Numbers on the command line and in its files that would become a size."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import HEADER, Run, complained

BM25 = ("--first-stage", "bm25")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("search", "a", "--initial-k", "100001"), "initial_k is 100001; it may be at most 100,0"),
        (("search", "a", "--initial-k", "9" * 400), "initial_k is a number of more than 30 digits"),
        (("search", "a", "--initial-k", "9" * 5000), "an integer"),
        (("search", "a", "--initial-k", "1e9"), "should be a valid integer"),
        (("search", "a", "--initial-k", "NaN"), "should be a valid integer"),
        (("search", "a", "--initial-k", "-1"), "initial_k is -1; it must be at least 1"),
        (("search", "a", "--final-k", "9" * 400), "final_k (a number of more than 30 digits) is l"),
        (
            ("search", "a" * 100_001),
            "The query has 100,001 characters; it may have at most 100,000",
        ),
        (("search", "a", "--instruction", "a" * 100_001), "The instruction has 100,001 characters"),
        (("rerank", "a" * 100_001, "--documents", "x"), "The query has 100,001 characters"),
        (("rerank", "a", "--documents", "x", "--top-k", "9" * 5000), "an integer"),
        (("bench", "--repeats", "1001"), "repeats is 1001; it may be at most 1,000"),
        (("bench", "--repeats", "9" * 400), "repeats is a number of more than 30 digits"),
        (("evaluate", "--out", "x", "--initial-k", "100001"), "it may be at most 100,000"),
        (("evaluate", "--out", "x", "--max-queries", "-5"), "max_queries is -5"),
        (("evaluate", "--out", "x", "--sample", "1e400"), "should be a valid integer"),
        (("evaluate", "--out", "x", "--seed", "0.5"), "should be a valid integer"),
        (("evaluate", "--out", "x", "--depth", "101"), "depth (101) is larger"),
        (("evaluate", "--out", "x", "--measure", "nDCG@" + "9" * 5000), "There is no measure"),
        (("evaluate", "--out", "x", "--measure", "nDCG@1000001"), "up to 1,000,000 for k"),
        (("evaluate", "--out", "x", "--fail-under", f"bm25:AP={'9' * 400}"), "is not SYSTEM:MEASU"),
        (("evaluate", "--out", "x", "--fail-under", "bm25:AP=1e9"), "is not SYSTEM:MEASURE=VALUE"),
        (
            ("evaluate", "--out", "x", "--fail-under", f"bm25:AP={'9' * 100_000}x"),
            "is not SYSTEM:MEASURE=VALUE",
        ),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_a_number_is_bounded(run: Run, arguments: tuple[str, ...], words: str) -> None:
    ended = run(*arguments)
    complained(ended, 2, words)
    assert len(ended.err) < 6000  # Typer repeats what it cannot read


def test_more_than_there_is_means_all(run: Run, folder: Path, tmp_path: Path) -> None:
    """Counts of queries and of results shown cut a list, whatever their size."""
    corpus = ("--corpus", folder, *BM25, "--initial-k", "100000")
    found = run("search", "fox", *corpus, "--final-k", "100000", "--json")
    assert [hit["id"] for hit in found.json["first_stage"]["hits"]] == ["a", "b b"]
    numbers = ("--max-queries", "9" * 30, "--sample", "9" * 30, "--seed", "9" * 30)
    evaluated = run("evaluate", *corpus, *numbers, "--out", tmp_path / "out", "--json")
    assert evaluated.json["queries"] == 2


@pytest.mark.parametrize("grade", ["101", "-101", "1000000000", "1" + "0" * 30, "1e9", "NaN"])
@pytest.mark.parametrize("place", ["qrels", "folder"])
def test_a_grade_that_is_none_is_refused(
    run: Run, folder: Path, tmp_path: Path, grade: str, place: str
) -> None:
    file = folder / "qrels" / "test.tsv" if place == "folder" else tmp_path / "given.tsv"
    file.write_text(f"{HEADER}q1\ta\t1\nq2\tb b\t{grade}\n")
    option = ("--qrels", file) if place == "qrels" else ()
    out = tmp_path / "out"
    ended = run("evaluate", "--corpus", folder, *option, *BM25, "--out", out)
    complained(ended, 2, f"{file.name}:3: the score '{grade[:20]}", "from -100 to 100")
    assert not out.exists()


def test_the_largest_grades_are_evaluated(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text(f"{HEADER}q1\ta\t100\nq1\tb b\t-100\nq2\tb b\t1\n")
    ended = run("evaluate", "--corpus", folder, *BM25, "--out", tmp_path / "out", "--json")
    assert ended.code == 0
