"""Texts to rerank and candidates in every usual form."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.corpora import (
    Upload,
    read_candidates,
    read_texts,
    read_uploads,
)
from components.domain import Corpus, CorpusError
from tests.support.uploads import up


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.json", '["one {", "two"]'),
        ("d.json", '[{"text": "one {"}, {"text": "two"}]'),
        ("d.json", '{"query": "q", "documents": ["one {", "two"]}'),
        ("d.json", '{"query": "q", "texts": ["one {", "two"]}'),
        ("d.jsonl", '{"body": "one {"}\n{"body": "two"}\n'),
        ("d.csv", "id,text\n1,one {\n2,two\n"),
        ("d.tsv", "id\tcontents\n1\tone {\n2\ttwo\n"),
        ("d.txt", "one {\n\n two\n"),
        ("d", '{"text": "one {"}\n{"text": "two"}'),
    ],
)
def test_texts_to_rerank_are_read_in_every_usual_form(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    assert read_texts(tmp_path / name) == ("one {", "two")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("d.json", '["one", 2]', "d.json, item 2: the field 'text' holds a number; expected a st"),
        ("d.json", "[]", "d.json: the list is empty."),
        ("d.json", "3", "d.json: expected a list or an object; found a number."),
        ("d.json", "{", "d.json: not valid JSON: "),
        ("d.json", '{"a": 1}', "d.json:1: the field 'text' is missing, and no other holds a text"),
        ("d.txt", '{"text": "x"}\nplain\n', "d.txt:2: 'plain' is no JSON object, but 1 of 2 lines"),
        ("d.jsonl", "plain\n", "d.jsonl:1: not valid JSON: "),
    ],
)
def test_what_holds_no_texts_is_refused(
    tmp_path: Path, name: str, content: str, reason: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(CorpusError) as caught:
        read_texts(tmp_path / name)
    assert caught.value.reason.replace(f"{tmp_path}/", "").startswith(reason)


def test_a_line_that_begins_like_json_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("{braces} are text\n[lists] too\n")
    assert read_texts(tmp_path / "d.txt") == ("{braces} are text", "[lists] too")


def test_candidates_may_be_a_run(tmp_path: Path) -> None:
    """The score decides and not the rank, ties fall by descending id, comments are left out."""
    path = tmp_path / "x.run"
    path.write_text("# by hand\nq1 Q0 a 1 1.5 t\nq1\tQ0  b 2 2 t\nq1 Q0 c 3 1.50000001 t\n")
    assert read_candidates(path) == {"q1": ("b", "c", "a")}
    (tmp_path / "x.tsv").write_text("q1\tb\t2\nq1\ta\t1\n")
    assert read_candidates(tmp_path / "x.tsv") == {"q1": ("a", "b")}


def test_ids_of_a_run_that_look_encoded_are_taken_as_the_corpus_has_them(tmp_path: Path) -> None:
    """The lab encodes white space in them; other tools write an address as it is."""
    path = tmp_path / "x.run"
    path.write_text("q%201 Q0 x/a%20b 1 2 t\nq%201 Q0 c 2 1 t\n")

    def corpus(id: str, query: str) -> Corpus:
        lines = f'{{"_id": "{id}", "text": "x"}}\n{{"_id": "c", "text": "y"}}'
        return read_uploads(
            [
                up("c.jsonl", lines),
                Upload("queries.jsonl", f'{{"_id": "{query}", "text": "x"}}'.encode()),
            ]
        )

    assert read_candidates(path, corpus("x/a b", "q 1")) == {"q 1": ("x/a b", "c")}
    assert read_candidates(path, corpus("x/a%20b", "q%201")) == {"q%201": ("x/a%20b", "c")}
