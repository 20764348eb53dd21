"""Judgments and candidates: exact readings, and errors that name file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.corpora import coverage, read_candidates, read_qrels
from components.corpora.judgment_forms import form_of
from components.corpora.judgments import Coverage, Fitted, Pair, fit, read_pairs
from components.domain import Corpus, CorpusError, Count, Document, Query
from tests.support.folders import HEADER
from tests.support.uploads import up


@pytest.mark.parametrize(
    "content",
    [
        HEADER + "q1\td 1\t2\nq1\td2\t0\nq2\td2\t-1\n",
        "\ufeffQuery_ID\tcorpus-id\tScore\r\nq1\td 1\t2\r\n\r\nq1\td2\t 0 \r\nq2\td2\t-1",
    ],
)
def test_qrels_in_three_columns(tmp_path: Path, content: str) -> None:
    """Ids may hold spaces; line ends and the header's case do not matter."""
    path = tmp_path / "x.tsv"
    path.write_bytes(content.encode())
    assert read_qrels(path) == {"q1": {"d 1": 2, "d2": 0}, "q2": {"d2": -1}}


def test_qrels_in_four_columns(tmp_path: Path) -> None:
    """TREC's form has an iteration in its second column, and any white space."""
    path = tmp_path / "x.qrels"
    path.write_text("q1 0 d1 2\nq1\tQ0\td2\t0\n  q2 0  d2 +1 \n")
    assert read_qrels(path) == {"q1": {"d1": 2, "d2": 0}, "q2": {"d2": 1}}


def test_candidates_come_in_order_of_rank(tmp_path: Path) -> None:
    """The order of the lines does not matter, except between equal ranks."""
    path = tmp_path / "x.tsv"
    path.write_text(
        "query-id\tcorpus-id\trank\nq1\tc\t10\nq1\ta\t2\nq2\tz\t0\nq1\tb\t2\nq1\ta\t2\n"
    )
    assert read_candidates(path) == {"q1": ("a", "b", "c"), "q2": ("z",)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "1: the file holds no rows."),
        (b"\n\n", "1: the file holds no rows."),
        (HEADER.encode(), "1: the file holds no rows."),
        (b"q1 0 d1 1\nq1 d2 1\n", "2: expected 4 columns, all filled; found 3: 'q1', 'd2', '1'."),
        (HEADER.encode() + b"q1\td1\n", "2: expected 3 columns, all filled; found 2: 'q1', 'd1'."),
        (HEADER.encode() + b"\nq1\td1\t1\t1\n", "3: expected 3 columns, all filled; found 4: "),
        (HEADER.encode() + b"\td1\t1\n", "2: expected 3 columns, all filled; found 3: '', 'd1', "),
        (HEADER.encode() + b"q1\td1\t0.5\n", "2: the score '0.5' is not a whole number."),
        (
            HEADER.encode() + "q1\td1\t\u0661\n".encode(),
            "2: the score '\u0661' is not a whole number.",
        ),
        (HEADER.encode() + b"q1\td1\t1_0\n", "2: the score '1_0' is not a whole number."),
        (HEADER.encode() + b"q1\td1\t" + b"9" * 5000, f"2: the score '{'9' * 59}…' is not a who"),
        (
            HEADER.encode() + b"q1\td1\t1\nq1\td2\t1\nq1\td1\t0\n",
            "4: query 'q1' with document 'd1' has 0 here and 1 at ",
        ),
        (HEADER.encode() + b"q1\t\xff\t1\n", "2: the byte 0xff at offset 28 of the file is not va"),
    ],
)
def test_bad_qrels_are_named_by_file_and_line(tmp_path: Path, content: bytes, reason: str) -> None:
    """The path is named as it was given."""
    path = tmp_path / "x.tsv"
    path.write_bytes(content)
    with pytest.raises(CorpusError) as caught:
        read_qrels(path)
    assert caught.value.reason.startswith(f"{path}:{reason}")
    assert caught.value.remedy.endswith(".")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("q1\td1\t-1", "2: the rank '-1' is not a whole number from 0 or 1 upward."),
        ("q1\td1\tx", "2: the rank 'x' is not a whole number from 0 or 1 upward."),
        ("q1\td1", "2: expected 3 columns, all filled; found 2"),
        ("q1\td1\t1\nq1\td1\t2", "3: query 'q1' with document 'd1' has 2 here and 1 at "),
        ("", "1: the file holds no rows."),
    ],
)
def test_bad_candidates_are_named_by_file_and_line(tmp_path: Path, lines: str, reason: str) -> None:
    """A qrels file is no candidate file either."""
    path = tmp_path / "x.tsv"
    path.write_text(f"query-id\tcorpus-id\trank\n{lines}")
    with pytest.raises(CorpusError) as caught:
        read_candidates(path)
    assert caught.value.reason.startswith(f"{path}:{reason}")
    path.write_text("q1 0 d1 1\n")
    with pytest.raises(CorpusError, match="expected the header query-id, corpus-id, rank"):
        read_candidates(path)


def test_judgments_of_a_larger_collection_are_counted() -> None:
    """Queries and documents are counted once each."""
    corpus = Corpus("c", (Document("a", "", "x"), Document("b", "", "y")), (Query("q1", "one"),))
    judgments = {"q1": {"a": 1, "z": 0}, "q2": {"z": 1, "y": 1}, "q3": {"b": 1}}
    assert coverage(judgments, corpus) == Coverage(3, 2, 4, 2)
    with pytest.raises(CorpusError) as caught:
        coverage({"q9": {"a": 1}, "q8": {}}, corpus)
    assert caught.value.reason == (
        "None of the judged queries (2) is among the 1 query of the corpus 'c'; the first is 'q9'."
    )


def test_judgments_of_what_is_not_there_are_left_out_and_counted() -> None:
    """The first is the example; those of unknown documents are kept aside."""
    pairs = [Pair("q", d, 1, f"x:{n}") for n, d in enumerate("dez", 2)] + [Pair("r", "d", 2, "x:5")]
    fitted = fit(pairs, {"d", "e"}, {"q"})
    assert fitted.judgments == {"q": {"d": 1, "e": 1}}
    assert fitted.dangling == {"q": {"z": 1}}
    assert fitted.left_out == Count(2, "x:4: document 'z'")
    assert fit(pairs[:2], {"d", "e"}, {"q"}) == Fitted({"q": {"d": 1, "e": 1}})


def test_lines_taken_apart_at_once_are_those_taken_apart_one_by_one() -> None:
    """Blocks of usual lines, with others in between; a fault in the last keeps its place."""
    lines = [f"q{n % 7} 0 d{n} {n % 3}" for n in range(60_000)]
    lines[100], lines[200], lines[30_000] = "# a comment", "", " q1\t0  d30000 +1.0 \r"
    pairs = {
        form: read_pairs(up("j.txt", "\n".join(text)), form_of("j.txt", "\n".join(text).encode()))
        for form, text in {
            "trec": lines,
            "tab": ["query-id\tcorpus-id\tscore", *(f"q {n % 7}\td{n}\t{n % 3}" for n in range(9))],
        }.items()
    }
    usual = [n for n in range(60_000) if n not in (100, 200)]
    assert [pair.where for pair in pairs["trec"]] == [f"j.txt:{n + 1}" for n in usual]
    grades = [1 if n == 30_000 else n % 3 for n in usual]
    assert [pair.value for pair in pairs["trec"]] == grades
    assert [pair.document for pair in pairs["trec"]] == [f"d{n}" for n in usual]
    assert pairs["trec"][29_998].query == "q1"
    assert pairs["tab"][8] == ("q 1", "d8", 2, "j.txt:10")
    lines[59_999] = "q1 0 d1"
    content = "\n".join(lines)
    with pytest.raises(
        CorpusError, match=r"^j\.txt:60000: expected 4 columns, all filled; found 3"
    ):
        read_pairs(up("j.txt", content), form_of("j.txt", content.encode()))
