"""Generated files of every format: a corpus or an error, and no row is lost in silence."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.corpora import Upload, preview_columns, read_uploads
from components.corpora.trec import decode_id, encode_id, ids_of
from components.domain import Corpus, CorpusError
from tests.support.uploads import zipped

MANY = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
names = st.sampled_from(
    ["_id", "id", "doc_id", "Ticket No", "title", "name", "text", "Body", "url", "metadata", "x y"]
)
cells = st.text(st.sampled_from("ab1 \"',;|#.é%"), max_size=12)
values = st.one_of(
    cells, st.integers(-5, 5), st.booleans(), st.none(), st.lists(cells, max_size=2), st.floats()
)


def read(*uploads: Upload) -> Corpus | None:
    """Return an upload's corpus; None where it is refused in words."""
    try:
        for upload in uploads:
            preview_columns(upload)
        corpus = read_uploads(uploads)
    except CorpusError as error:
        assert error.reason
        assert error.remedy.endswith(".")
        assert "\n" not in str(error)
        return None
    report = corpus.report
    kept = sum(file.rows for file in report.files if file.part == "documents")
    assert len(corpus.documents) == report.documents == kept
    assert len({document.id for document in corpus.documents}) == len(corpus.documents)
    assert {file.name for file in report.files} >= {u.name for u in uploads if u.suffix != ".zip"}
    return corpus


@MANY
@given(st.lists(st.dictionaries(names, values, max_size=5), max_size=6))
def test_rows_of_jsonl(rows: list[dict[str, object]]) -> None:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    corpus = read(Upload("a.jsonl", content))
    if corpus:
        assert len(corpus.documents) == len(rows)
        for document, row in zip(corpus.documents, rows, strict=True):
            held = {document.id, document.title, document.text, *document.metadata.values()}
            assert all(v in held for v in row.values() if isinstance(v, str) and v)


@MANY
@given(
    st.lists(names, min_size=1, max_size=4, unique=True),
    st.lists(st.lists(cells, min_size=4, max_size=4), max_size=5),
    st.sampled_from([(",", ".csv"), (";", ".csv"), ("\t", ".csv"), ("|", ".csv"), ("\t", ".tsv")]),
    st.booleans(),
)
def test_rows_of_tables(
    header: list[str], rows: list[list[str]], form: tuple[str, str], excel: bool
) -> None:
    """A TSV is written without quotes, as it is read."""
    delimiter, suffix = form
    width = len(header)
    buffer = io.StringIO(newline="")
    if suffix == ".tsv":
        buffer.write("".join("\t".join(row[:width]) + "\n" for row in [header, *rows]))
    else:
        buffer.write(f"sep={delimiter}\n" if excel else "")
        writer = csv.writer(buffer, delimiter=delimiter)
        writer.writerows([header, *(row[:width] for row in rows)])
    corpus = read(Upload(f"a{suffix}", buffer.getvalue().encode()))
    filled = [row[:width] for row in rows if any(map(str.strip, row[:width]))]
    if corpus and width > 1:
        assert len(corpus.documents) == len(filled)
        for document, row in zip(corpus.documents, filled, strict=True):
            held = {document.id, document.title, document.text, *document.metadata.values()}
            assert all(cell in held for cell in row if cell)


@MANY
@given(
    st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("abz"), st.integers(-1, 3))),
    st.sampled_from(["qrels.tsv", "qrels.txt", "qrels/dev.trec", "qrels.csv", "j.jsonl"]),
    st.booleans(),
)
def test_rows_of_judgments(rows: list[tuple[str, str, int]], name: str, header: bool) -> None:
    """Judgments in are judgments kept and judgments counted."""
    rows = list({(query, document): (query, document, g) for query, document, g in rows}.values())
    delimiter = {"qrels.tsv": "\t", "qrels.csv": ","}.get(name)
    lines = [f"{q} 0 {d} {g}" for q, d, g in rows]
    if delimiter:
        top = [["query-id", "corpus-id", "score"]] if header else []
        lines = [delimiter.join(map(str, row)) for row in [*top, *rows]]
    elif name == "j.jsonl":
        lines = [json.dumps({"query_id": q, "doc_id": d, "score": g}) for q, d, g in rows]
    files = {
        "corpus.jsonl": '{"_id": "a", "text": "x"}\n{"_id": "b", "text": "y"}\n',
        "queries.jsonl": '{"_id": "p", "text": "x"}\n{"_id": "q", "text": "y"}\n',
        name: "".join(f"{line}\n" for line in lines),
    }
    corpus = read(zipped(files))
    if corpus is None:
        assert not rows
        return
    kept = sum(len(grades) for split in corpus.splits.values() for grades in split.values())
    dangling = sum(count.number for count in corpus.report.dangling.values())
    assert kept + dangling == len(rows)


@settings(max_examples=300, deadline=None)
@given(st.text(), st.sets(st.text()))
def test_an_id_is_read_as_it_was_written(id: str, others: set[str]) -> None:
    """Whatever it holds, and whatever other ids there are."""
    token = encode_id(id)
    assert len(token.split()) == (1 if id else 0)
    assert not token.startswith("#")
    assert decode_id(token) == id
    if "%" in token:
        written = {encode_id(other) for other in {id, *others}}
        read_back = {ids_of(written, {id, *others}).get(t, t) for t in written}
        assert read_back == {id, *others}
