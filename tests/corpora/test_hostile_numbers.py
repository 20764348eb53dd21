"""Numbers in files of a corpus that would become a size: refused, with file and line."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from components.corpora import Upload, read_candidates, read_qrels, read_uploads
from components.corpora.opening import read_folder
from components.domain import CorpusError
from tests.support.folders import HEADER, QUERIES, TWO, folder_of

BEYOND = ["101", "-101", "999999999"]
"""Whole numbers that are no grade."""
NO_NUMBER = ["1000000000", "1" + "0" * 30, "9" * 5000, "1e9", "1.5", "NaN", "inf", "0x10", "1_0"]
FORMS = {"three columns": (HEADER + "q1\ta\t{}\n", 2), "four columns": ("q1 0 a {}\n", 1)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("grade", [*BEYOND, *NO_NUMBER], ids=lambda g: g[:12])
def test_a_grade_that_is_none_is_refused(tmp_path: Path, form: str, grade: str) -> None:
    content, line = FORMS[form]
    path = tmp_path / "x.tsv"
    path.write_text(content.format(grade))
    with pytest.raises(CorpusError) as caught:
        read_qrels(path)
    assert caught.value.reason.startswith(f"{path}:{line}: the score {grade[:50]!r}"[:-1])
    assert len(caught.value.reason) < len(str(path)) + 200
    if grade in BEYOND:
        assert "is not a grade: an integer from -100 to 100" in caught.value.reason


@pytest.mark.parametrize("form", FORMS)
def test_the_largest_grades_are_read(tmp_path: Path, form: str) -> None:
    content, _ = FORMS[form]
    path = tmp_path / "x.tsv"
    for grade in (100, -100, 0):
        path.write_text(content.format(grade))
        assert read_qrels(path) == {"q1": {"a": grade}}


@pytest.mark.parametrize("grade", BEYOND)
def test_a_folder_and_its_zip_refuse_it(tmp_path: Path, grade: str) -> None:
    split = f"{HEADER}q1\ta\t1\nq2\tb\t{grade}\n"
    folder = folder_of(tmp_path / "c", corpus=TWO, queries=QUERIES, test=split)
    with pytest.raises(CorpusError, match=r"^qrels/test\.tsv:3: the score '.*' is not a grade"):
        read_folder(folder)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for path in folder.rglob("*.*"):
            packed.write(path, path.relative_to(folder).as_posix())
    with pytest.raises(CorpusError, match=r"qrels/test\.tsv:3: the score '.*' is not a grade"):
        read_uploads([Upload("c.zip", data.getvalue())])


def test_a_rank_of_candidates_may_be_larger_than_a_grade(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("query-id\tcorpus-id\trank\nq1\tb\t101\nq1\ta\t100\n")
    assert read_candidates(path) == {"q1": ("a", "b")}


# ---------------------------------------------------------------- lengths and counts


def uploaded(queries: str = "", corpus: str = TWO) -> None:
    files = [Upload("corpus.jsonl", corpus.encode())]
    read_uploads([*files, *([Upload("queries.jsonl", queries.encode())] if queries else [])])


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"text": "x" * 100_001}, "'text' has 100,001 characters; a query has at most 100,000"),
        ({"text": "x", "metadata": {"note": "n" * 10_001}}, "'note' has 10,001 characters"),
        ({"text": "x", "metadata": {"tags": ["t" * 513]}}, "'tags' has 513 characters"),
        ({"text": "x", "metadata": {"tags": ["t"] * 101}}, "'tags' holds 101 tags"),
    ],
)
def test_a_query_that_is_too_long_is_refused(fields: dict[str, object], what: str) -> None:
    uploaded(json.dumps({"_id": "q1", "text": "x" * 100_000}))
    with pytest.raises(CorpusError) as caught:
        uploaded(json.dumps({"_id": "q1", **fields}))
    assert caught.value.reason.startswith("queries.jsonl:1: ")
    assert what in caught.value.reason


def test_a_title_that_is_too_long_is_refused() -> None:
    title = "t" * 10_000
    uploaded(corpus=json.dumps({"_id": "a", "title": title, "text": "x"}))
    with pytest.raises(CorpusError, match=r"^corpus.jsonl:1: .*'title' has 10,001 characters"):
        uploaded(corpus=json.dumps({"_id": "a", "title": title + "t", "text": "x"}))


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "1" + "0" * 4301])
def test_an_id_of_thousands_of_digits_is_refused(number: str) -> None:
    with pytest.raises(CorpusError, match=r"^corpus.jsonl:1: .*4300 digits"):
        uploaded(corpus=f'{{"_id": {number}, "text": "x"}}')


@pytest.mark.parametrize("number", ["9" * 4300, "1e400", "NaN", "Infinity", "1.5"])
def test_an_id_that_is_no_whole_number_or_too_long_is_refused(number: str) -> None:
    with pytest.raises(CorpusError, match=r"^corpus\.jsonl:1: the"):
        uploaded(corpus=f'{{"_id": {number}, "text": "x"}}')


def test_a_table_of_too_many_columns_is_refused() -> None:
    def table(columns: int) -> Upload:
        names = ",".join(["text", *(f"c{i}" for i in range(1, columns))])
        return Upload("t.csv", f"{names}\nx{',' * (columns - 1)}\n".encode())

    read_uploads([table(1000)])
    with pytest.raises(CorpusError, match=r"^t.csv:1: the table has 1,001 columns; at most 1,000"):
        read_uploads([table(1001)])
