"""Hundreds of damaged files of each format: a corpus or one clear line, never a traceback.

What is read of a whole file is counted: documents in are documents kept.
"""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.corpora import read_uploads
from components.domain import CorpusError
from tests.support.given_documents import docx, html, paragraph, pdf
from tests.support.given_tables import arrow_stream, feather, parquet
from tests.support.uploads import filled, up

TABLE = pa.table(
    {"id": ["a", "b", "c"], "text": ["x", "y\n", "z" * 50], "n": [1, 2, 3], "l": [[1], [], None]}
)
ROWS = [{"_id": str(n), "text": f"text {n}", "tags": ["a", {"b": None}]} for n in range(3)]
WHOLE = {
    "a.json": json.dumps({"n": 1, "documents": ROWS}).encode(),
    "a.jsonl.gz": gzip.compress("\n".join(map(json.dumps, ROWS)).encode()),
    "a.parquet": parquet(TABLE, row_group_size=2),
    "a.feather": feather(TABLE),
    "a.arrow": arrow_stream(TABLE),
    "a.pdf": pdf("One page.\nAnd a line (here).", "Two."),
    "a.docx": docx(paragraph("Title", "Heading1"), paragraph("Some text.")),
    "a.html": html("T", ("One", "text &amp; more"), ("Two", "<b>x</b><script>y</script>")),
    "a.md": b"# One\n\ntext\n\n## Two\n\n- more\n",
    "a.csv": b'id,text\na,"x, y"\nb,z\n',
    "a.tsv": b"id\ttext\na\tx\nb\ty\n",
}
damages = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "drop", "double"]), st.integers(0, 10**6), st.binary()
    ),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, damage: list[tuple[str, int, bytes]]) -> bytes:
    """Return a file in which bytes are set, dropped or doubled, or which is cut."""
    for kind, where, noise in damage:
        at = where % (len(content) + 1)
        match kind:
            case "set":
                content = content[:at] + noise + content[at + len(noise) :]
            case "cut":
                content = content[:at]
            case "drop":
                content = content[:at] + content[at + 1 + len(noise) :]
            case _:
                content = content[:at] + content[max(0, at - 16) :]
    return content


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damage=damages)
def test_a_damaged_file_is_a_corpus_or_one_line(
    name: str, damage: list[tuple[str, int, bytes]]
) -> None:
    """The line names the file, and can be printed."""
    try:
        corpus = read_uploads([up(name, damaged(WHOLE[name], damage))])
    except CorpusError as error:
        assert error.reason.startswith((name.removesuffix(".gz"), "a: ", "Upload: "))
        assert error.remedy.endswith(".")
        assert str(error).isprintable()
    else:
        assert corpus.documents
        assert len(corpus.by_id) == len(corpus.documents) == corpus.report.documents


@settings(max_examples=100, deadline=None)
@given(st.lists(filled, min_size=1, max_size=20))
def test_as_many_documents_are_kept_as_are_written(texts: list[str]) -> None:
    """In every format that holds one a row, each with its text as it is."""
    table = pa.table({"text": texts})
    files = {
        "a.json": json.dumps(texts).encode(),
        "a.json.gz": gzip.compress(json.dumps([{"text": text} for text in texts]).encode()),
        "a.parquet": parquet(table, row_group_size=2),
        "a.feather": feather(table),
        "a.arrow": arrow_stream(table),
    }
    for name, content in files.items():
        assert [d.text for d in read_uploads([up(name, content)]).documents] == texts
