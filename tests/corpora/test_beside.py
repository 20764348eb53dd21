"""Queries and judgments in files of their own, for documents that are in no file."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pytest

from components.corpora import read_beside
from components.domain import CorpusError

IDS = {"a", "b", "two words"}


def present(ids: Collection[str]) -> set[str]:
    return IDS & set(ids)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_run_of_judgments_in_trec_form_with_queries(tmp_path: Path) -> None:
    queries = write(tmp_path / "q.jsonl", json.dumps({"_id": "1", "text": "x"}))
    qrels = write(tmp_path / "judged.qrels", "1 0 a 2", "1 0 two%20words 1", "1 0 z 1", "2 0 b 1")
    beside = read_beside(queries, qrels, present)
    assert beside.splits == {"test": {"1": {"a": 2, "two words": 1}}}
    assert beside.dangling == {"test": {"1": {"z": 1}}}
    assert beside.unasked["test"].number == 1


def test_queries_of_any_table_and_no_judgments(tmp_path: Path) -> None:
    queries = write(tmp_path / "q.csv", "id,text", "1,first", "2,second")
    beside = read_beside(queries, None, present)
    assert [(query.id, query.text) for query in beside.queries] == [("1", "first"), ("2", "second")]
    assert beside.splits == {}
    assert read_beside(None, None, present).queries == ()


def test_judgments_that_name_queries_by_their_text_bring_them(tmp_path: Path) -> None:
    header = "query,docid,relevance"
    qrels = write(tmp_path / "judged.csv", header, "how to x,a,1", "why y,b,0", "why y,a,1")
    beside = read_beside(None, qrels, present)
    assert [query.text for query in beside.queries] == ["how to x", "why y"]
    [judged] = beside.splits.values()
    assert list(judged.values()) == [{"a": 1}, {"b": 0, "a": 1}]


@pytest.mark.parametrize(
    ("queries", "qrels", "reason"),
    [
        ("none.jsonl", None, "the file cannot be read"),
        ("q.pdf", None, "queries are not read from a file with this ending"),
        (None, "empty", "no file holds judgments"),
        (None, "none.tsv", "the file cannot be read"),
        (None, "odd.tsv", "expected"),
    ],
)
def test_mistakes_are_named(
    tmp_path: Path, queries: str | None, qrels: str | None, reason: str
) -> None:
    write(tmp_path / "q.pdf", "x")
    write(tmp_path / "odd.tsv", "no judgments here")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=reason):
        read_beside(
            tmp_path / queries if queries else None, tmp_path / qrels if qrels else None, present
        )
