"""Parquet, Arrow and Feather files."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pyarrow as pa
import pyarrow.feather
import pytest

from components.corpora import read_uploads
from components.corpora.formats import arrow
from tests.support.given_tables import arrow_stream, feather, parquet
from tests.support.uploads import passages, refusal, up

TABLE = pa.table(
    {
        "docid": [1, 2],
        "heading": ["T", None],
        "contents": ["x", "y"],
        "day": [datetime.date(2024, 2, 29), None],
    }
)


WRITERS = {"c.parquet": parquet, "c.feather": feather, "c.arrow": arrow_stream}
Writer = Callable[[pa.Table], bytes]


@pytest.mark.parametrize("name", WRITERS)
def test_columns_are_told_by_their_names_and_the_others_kept(name: str) -> None:
    corpus = read_uploads([up(name, WRITERS[name](TABLE))])
    assert passages(corpus) == [("1", "T", "x"), ("2", "", "y")]
    assert [dict(d.metadata) for d in corpus.documents] == [{"day": "2024-02-29"}, {}]


@pytest.mark.parametrize("name", WRITERS)
def test_nested_columns_are_left_out_and_named(name: str) -> None:
    nested = {"tags": [["a"], []], "more": [{"n": 1}, {"n": 2}], "picture": [b"\x89PNG", b""]}
    table = pa.table({"id": ["a", "b"], "text": ["x", "y"], **nested})
    corpus = read_uploads([up(name, WRITERS[name](table))])
    assert passages(corpus) == [("a", "", "x"), ("b", "", "y")]
    [warning] = [w for w in corpus.report.warnings if "nested" in w]
    assert warning.startswith(f"{name}:row 1: nested or binary columns are not read: 'tags' (list<")
    assert "'more' (struct<n: int64>) and 'picture' (binary)" in warning
    only = pa.table({"text": [["x"]]})
    assert refusal(up(name, WRITERS[name](only))).startswith(
        f"{name}: expected columns with one value a row; found 'text' (list<"
    )


def test_categories_and_repeated_texts_are_read() -> None:
    texts = pa.array(["a", "b"] * 500).dictionary_encode()
    corpus = read_uploads([up("c.parquet", parquet(pa.table({"text": texts})))])
    assert [d.text for d in corpus.documents] == ["a", "b"] * 500
    assert corpus.documents[999].id == "doc-1000"


def test_what_unpacks_to_too_much_is_refused_before_it_is_decoded() -> None:
    """A text of a megabyte for each of thousands of rows takes a few kilobytes in a file."""
    bomb = parquet(pa.table({"text": ["x" * 900_000] * 3000}))
    assert len(bomb) < 60_000
    assert refusal(up("c.parquet", bomb)) == (
        "c.parquet:row 1: expected values of at most 52,428,800 bytes in all; the file unpacks to "
        "more."
    )
    plain = parquet(pa.table({"text": ["x" * 900_000] * 300}), use_dictionary=False)
    assert refusal(up("c.parquet", plain)).startswith("c.parquet: the file unpacks to 270,")
    stream = arrow_stream(pa.table({"text": pa.array(["x" * 900_000] * 300).dictionary_encode()}))
    assert refusal(up("c.arrow", stream)).startswith("c.arrow:row 1: expected values of at most")


def test_too_many_rows_are_refused_by_the_footer() -> None:
    many = parquet(pa.table({"text": pa.array(["x"] * 500_001)}))
    assert refusal(up("c.parquet", many)) == (
        "c.parquet: the file has 500,001 rows; expected at most 500,000."
    )
    assert refusal(up("c.arrow", arrow_stream(pa.table({"text": ["x"] * 500_001})))).startswith(
        "c.arrow: the file has "
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.parquet", b""),
        ("c.parquet", b"PAR1 and no more"),
        ("c.parquet", parquet(TABLE)[:-20]),
        ("c.feather", feather(TABLE)[:-20]),
        ("c.arrow", arrow_stream(TABLE)[:200]),
        ("c.arrow", b"hello there"),
    ],
)
def test_a_damaged_file_is_named(name: str, content: bytes) -> None:
    begins = repr(content[:8])[1:]
    assert refusal(up(name, content)).startswith(
        f"{name}: expected a Parquet or Arrow file; the file is damaged or none; it begins with "
        f"{begins}"
    )


def test_old_feather_and_columns_twice_are_refused() -> None:
    assert refusal(up("c.feather", b"FEA1\0\0")) == (
        "c.feather: expected Feather version 2 (Arrow); found version 1."
    )
    twice = pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["text", "text"])
    assert refusal(up("c.arrow", arrow_stream(twice))) == (
        f"c.arrow: expected at most {arrow.MAX_COLUMNS:,} columns, each name once; found 'text' "
        "twice."
    )
