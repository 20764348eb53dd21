"""What is written is read back, and any bytes are a corpus or an error."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.corpora import Upload, open_corpus, read_uploads
from components.domain import CorpusError, Document
from tests.support.uploads import BEIR, QRELS, QUERIES, TWO, documents, filled, up, zipped


@settings(max_examples=80, deadline=None)
@given(documents, st.sampled_from(",;\t|"))
@example([Document("1", "\r", 'a\r\nb\n"c"')], ",")
def test_what_is_written_as_csv_is_read_back(rows: list[Document], delimiter: str) -> None:
    """Any text that is valid and not blank, under every delimiter."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["_id", "title", "text"])
    writer.writerows([d.id, d.title, d.text] for d in rows)
    assert read_uploads([up("a.csv", buffer.getvalue())]).documents == tuple(rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(filled, min_size=1), st.sampled_from(["text", "contents", "body", "passage"]))
def test_what_is_written_as_jsonl_is_read_back(rows: list[str], key: str) -> None:
    """Escaped this time, and without ids."""
    content = "".join(json.dumps({key: text}) + "\r\n" for text in rows)
    expected = tuple(Document(f"doc-{n}", "", text) for n, text in enumerate(rows, 1))
    assert read_uploads([up("a.jsonl", content)]).documents == expected


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("a#=-`~>*<! \n\r\t\u2028")), st.sampled_from(["n.md", "n.txt"]))
def test_passages_are_slices_of_the_file(content: str, name: str) -> None:
    """Cutting adds nothing and changes no order."""
    if not content.strip():
        return
    rest = content
    for document in read_uploads([up(name, content)]).documents:
        assert document.title in rest
        assert document.text in rest
        rest = rest[rest.index(document.text) + len(document.text) :]


def survives(*uploads: Upload) -> None:
    """Read an upload: a corpus that can be written down again, or a `CorpusError`."""
    try:
        corpus = read_uploads(uploads)
    except CorpusError as error:
        assert error.reason.encode()
        assert error.remedy
    else:
        assert corpus.documents
        assert all((d.id + d.title + d.text).encode() for d in corpus.documents)
        assert len(corpus.documents) == corpus.report.documents


SUFFIXES = [".jsonl", ".csv", ".tsv", ".md", ".txt", ".zip", ".exe", ""]
scraps = st.lists(
    st.sampled_from(
        [b'"', b",", b";", b"\t", b"|", b"\n", b"\r", b"text", b"id", b"#", b"\xef\xbb\xbf"]
    )
    | st.binary(max_size=6)
).map(b"".join)
values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    "_id id doc_id text contents document title heading metadata tags note".split()
)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=5), st.sampled_from(SUFFIXES), st.binary() | scraps)
def test_any_bytes_are_a_corpus_or_an_error(stem: str, suffix: str, content: bytes) -> None:
    """Under any name, too."""
    survives(Upload(stem + suffix, content))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(fields, values), max_size=3), st.binary(max_size=40))
def test_any_json_is_a_corpus_or_an_error(rows: list[dict[str, object]], noise: bytes) -> None:
    """As documents, as queries, with noise for judgments."""
    content = "\n".join(json.dumps(row) for row in rows)
    survives(up("a.jsonl", content))
    survives(up("a.jsonl", TWO), up("queries.jsonl", content))
    survives(up("a.jsonl", TWO), up("queries.jsonl", QUERIES), up("t.tsv", QRELS.encode() + noise))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.integers(0, 600), st.integers(0, 255), min_size=1, max_size=4))
def test_any_damage_to_a_zip_is_a_corpus_or_an_error(damage: dict[int, int]) -> None:
    """Every header field of a zip may lie."""
    content = bytearray(zipped(BEIR).content)
    for place, value in damage.items():
        content[place % len(content)] = value
    survives(Upload("z.zip", bytes(content)))


def test_a_sample_survives_being_uploaded() -> None:
    """The documents of a sample, written as CSV, have the sample's fingerprint."""
    sample = open_corpus("exceptions")
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows(
        [["id", "title", "text"], *([d.id, d.title, d.text] for d in sample.documents)]
    )
    assert read_uploads([up("x.csv", buffer.getvalue())]).fingerprint == sample.fingerprint
