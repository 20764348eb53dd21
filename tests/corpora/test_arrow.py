"""Parquet, Arrow and Feather files."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
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


def test_every_encoding_of_texts_is_read() -> None:
    """What repeats the beginning of the text before, what keeps lengths apart, and views."""
    texts = [f"a long beginning that all share {number}" for number in range(600)]
    table = pa.table({"id": list(map(str, range(600))), "text": texts})
    for encoding in ("PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"):
        options = {"use_dictionary": False, "column_encoding": {"text": encoding}}
        content = parquet(table, data_page_version="2.0", row_group_size=250, **options)
        assert [d.text for d in read_uploads([up("c.parquet", content)]).documents] == texts
    views = pa.table({"text": pa.array(texts, pa.string_view())})
    for name, write in WRITERS.items():
        if name != "c.feather":
            assert [d.text for d in read_uploads([up(name, write(views))]).documents] == texts


def varint(number: int, length: int = 0) -> bytes:
    """Return a number of Thrift, of at least so many bytes."""
    rest, groups = number << 1, []
    while rest or len(groups) < length:
        groups.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*groups[:-1], groups[-1] & 127])


def test_what_headers_declare_is_refused_before_it_is_unpacked() -> None:
    """Also where a Parquet file's footer lies: its pages say themselves what they unpack to."""
    table = pa.table({"text": ["x" * 1_000_000] * 220})
    before = pa.total_allocated_bytes()
    reason = "the file unpacks to 220,0"
    for packed in (arrow_stream(table, "zstd"), feather(table)):
        assert len(packed) < 2_000_000
        assert refusal(up("c.arrow", packed)).startswith(f"c.arrow: {reason}")
    content = parquet(table, use_dictionary=False, compression="zstd", write_statistics=False)
    size = pq.ParquetFile(pa.py_buffer(content)).metadata.row_group(0).total_byte_size
    true = varint(size)
    assert content.count(true) >= 1
    lying = content.replace(true, varint(64, len(true)))
    assert pq.ParquetFile(pa.py_buffer(lying)).metadata.row_group(0).total_byte_size == 64
    assert refusal(up("c.parquet", lying)).startswith(f"c.parquet: {reason}")
    assert pa.total_allocated_bytes() - before < 1_000_000


def test_texts_that_share_their_bytes_are_refused_before_they_are_copied() -> None:
    shared = "x" * 2_000_000
    options = {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}}
    content = parquet(pa.table({"text": [shared] * 40}), **options, write_statistics=False)
    reason = "row 1: expected values of at most 52,428,800 bytes in all; the file unpacks to more."
    assert len(content) < 200_000
    assert refusal(up("c.parquet", content)) == f"c.parquet:{reason}"
    view = struct.pack("<i4sii", len(shared), b"xxxx", 0, 0)
    buffers = [None, pa.py_buffer(view * 500), pa.py_buffer(shared.encode())]
    views = pa.Array.from_buffers(pa.string_view(), 500, buffers)
    assert refusal(up("c.arrow", arrow_stream(pa.table({"text": views})))) == f"c.arrow:{reason}"


def test_a_parquet_file_of_too_many_parts_is_refused() -> None:
    footer = 9_000_000
    content = b"PAR1" + b"\0" * footer + footer.to_bytes(4, "little") + b"PAR1"
    assert refusal(up("c.parquet", content)) == (
        "c.parquet: the list of columns and row groups has 9,000,000 bytes; expected at most "
        "8,388,608."
    )


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
