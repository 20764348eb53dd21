"""Uploads: which file is what, and what a JSONL file may hold."""

from __future__ import annotations

import json

import pytest

from components.corpora import MAX_BYTES, Upload, read_uploads
from components.corpora.limits import MAX_FILES
from components.domain import Query
from tests.support.uploads import (
    BEIR,
    QRELS,
    QUERIES,
    TWO,
    passages,
    refusal,
    up,
    zipped,
)


def test_a_lone_jsonl_of_any_name_is_the_corpus() -> None:
    """Ids are made where there are none."""
    content = '{"body": "x", "title": "T"}\n\n{"text": "y"}\n{"id": 9, "text": "z"}'
    corpus = read_uploads([up("queries.jsonl", content)])
    assert corpus.name == "queries"
    assert passages(corpus) == [("doc-1", "T", "x"), ("doc-2", "", "y"), ("9", "", "z")]


@pytest.mark.parametrize("key", ["text", "contents", "body", "passage", "content", "document"])
@pytest.mark.parametrize("identity", ["_id", "id", "docid", "doc_id"])
@pytest.mark.parametrize("title", ["title", "heading", "subject"])
def test_jsonl_and_tables_know_the_same_names(key: str, identity: str, title: str) -> None:
    """One list serves every format."""
    row = {identity: "MED-10", title: "T", key: "x"}
    table = "\n".join("\t".join(cells) for cells in (row.keys(), row.values()))
    expected = [("MED-10", "T", "x")]
    assert passages(read_uploads([up("a.jsonl", json.dumps(row))])) == expected
    assert passages(read_uploads([up("a.tsv", table)])) == expected


def test_passages_of_one_document_may_share_its_doc_id() -> None:
    """Then it is no id of theirs, nor where it cannot be one or is a number already given."""
    for values in (["d", "d"], ["d", 1.5], ["d", " "], ["doc-2", None]):
        rows = [{"doc_id": value, "text": "x"} for value in values]
        rows = [{k: v for k, v in row.items() if v is not None} for row in rows]
        corpus = read_uploads([up("a.jsonl", "\n".join(map(json.dumps, rows)))])
        assert [d.id for d in corpus.documents] == ["doc-1", "doc-2"]
    numbered = read_uploads([up("a.jsonl", '{"text": "x"}\n{"doc_id": "d", "text": "y"}')])
    assert [d.id for d in numbered.documents] == ["doc-1", "d"]


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"title": None, "heading": "h"}, ""),
        ({"title": "t", "heading": "h"}, "t"),
        ({"heading": 2, "subject": "s"}, "s"),
        ({"heading": ["h"]}, ""),
        ({"subject": "\0"}, ""),
    ],
)
def test_what_cannot_be_a_title_is_none(fields: dict[str, object], title: str) -> None:
    """Only a field called title must hold one."""
    corpus = read_uploads([up("a.jsonl", json.dumps({"_id": "a", "text": "x", **fields}))])
    assert passages(corpus) == [("a", title, "x")]


def test_a_corpus_with_its_companions() -> None:
    """The order of the files does not matter, nor does the name of the judgments."""
    uploads = [
        up("my.tsv", "\ufeff" + QRELS),
        up("card.md", "Hi"),
        up("wiki.jsonl", TWO),
        up("queries.jsonl", QUERIES),
    ]
    corpus = read_uploads(uploads, "Wiki")
    assert (corpus.name, corpus.card) == ("Wiki", "Hi")
    assert corpus.queries == (Query("q1", "one"),)
    assert corpus.judgments == {"q1": {"b": 1}}
    assert passages(corpus) == [("a", "T", "x"), ("b", "", "y")]


def test_a_table_may_have_companions_too() -> None:
    """The TSV with the header of qrels holds the judgments; the other is the corpus."""
    table = up("c.tsv", "id\ttext\na\tx\nb\ty\n")
    corpus = read_uploads([table, up("t.tsv", QRELS), up("queries.jsonl", QUERIES)])
    assert corpus.judgments == {"q1": {"b": 1}}


@pytest.mark.parametrize(
    "uploads",
    [
        [up("a.jsonl", TWO), up("b.jsonl", TWO)],
        [up("t.tsv", QRELS)],
        [up("a.exe", "x")],
        [up("", "x")],
    ],
)
def test_what_is_not_one_corpus_is_refused(uploads: list[Upload]) -> None:
    """The error names the files."""
    assert refusal(*uploads).startswith(
        "Upload: expected one corpus (.parquet, .arrow, .json, .jsonl, .csv or .tsv; "
    )


def test_too_little_and_too_much_are_refused() -> None:
    """No file, too many files, too many bytes, a zip with company."""
    assert refusal().endswith("found 0 files, 0 of them zips, of 0 bytes.")
    many = [up(f"{n}.txt", "x") for n in range(MAX_FILES + 1)]
    assert refusal(*many).endswith("found 2,001 files, 0 of them zips, of 2,001 bytes.")
    assert len(read_uploads(many[:-1]).documents) == 2000
    assert refusal(Upload("a.txt", bytes(MAX_BYTES + 1))).endswith("of 52,428,801 bytes.")
    assert refusal(zipped(BEIR), up("a.md", "x")).startswith("Upload: expected one zip, or 1 to")


def test_a_bad_line_is_named_in_an_upload_as_in_a_folder() -> None:
    """A grade that is none, for one; names are made harmless."""
    halves = QRELS.replace("\t1\n", "\t0.5\n")
    files = [up("a.jsonl", '{"text": "x"}'), up("queries.jsonl", QUERIES), up("t.tsv", halves)]
    assert refusal(*files).startswith("t.tsv:2: the score '0.5' is not a whole number.")
    assert refusal(up("a\n\ud800.jsonl", "{")).startswith("a??.jsonl:1: not valid JSON at column 2")


def test_loose_files_of_judgments_are_splits_by_their_names() -> None:
    """Without one that is called test, the first by name is looked at."""
    files = [up("a.jsonl", TWO), up("queries.jsonl", QUERIES)]
    other = QRELS.replace("b", "a")
    corpus = read_uploads([*files, up("train.tsv", QRELS), up("dev.tsv", other)])
    assert corpus.splits == {"dev": {"q1": {"a": 1}}, "train": {"q1": {"b": 1}}}
    assert (corpus.split, corpus.judgments) == ("dev", {"q1": {"a": 1}})
