"""Files as people have them: each kind is read, or said not to be, on page and command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.corpora import (
    open_corpus,
    read_qrels,
    read_uploads,
)
from components.domain import Corpus, Count
from tests.support.uploads import passages, refusal, up, zipped

DOCS = '{"_id": "a", "title": "T", "text": "oak"}\n{"_id": "b", "text": "elm"}\n'
ASKED = '{"_id": "q1", "text": "What is  oak?"}\n{"_id": "q2", "text": "elm tree"}\n'
BOTH = {"corpus.jsonl": DOCS, "queries.jsonl": ASKED}
JUDGED = {"q1": {"a": 1}, "q2": {"b": 2}}


def everywhere(tmp_path: Path, files: Mapping[str, str]) -> Corpus:
    """Return what a folder, its zip and the loose files are read as, which is the same."""
    for name, text in files.items():
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    packed = zipped(files, "set.zip")
    (tmp_path / "set.zip").write_bytes(packed.content)
    folder, archive = open_corpus(str(tmp_path / "set")), open_corpus(str(tmp_path / "set.zip"))
    page = read_uploads([packed])
    assert folder == archive
    assert folder.report == archive.report == page.report
    if not any("/" in name for name in files):
        loose = read_uploads([up(name, text) for name, text in sorted(files.items())], "set")
        assert (loose.documents, loose.splits) == (page.documents, page.splits)
        assert loose.report.warnings == page.report.warnings
    return page


def test_a_quote_mark_in_a_tsv_is_a_character(tmp_path: Path) -> None:
    content = 'id\ttext\n1\t"Never closed.\n2\tTwo\n3\tclosed here."\n4\t"all of it"\n'
    corpus = everywhere(tmp_path, {"c.tsv": content})
    assert [d.text for d in corpus.documents] == [
        '"Never closed.',
        "Two",
        'closed here."',
        '"all of it"',
    ]


def test_a_tsv_has_quotes_where_it_is_none_without() -> None:
    """All records are then as wide as the header, and on a line of their own."""
    assert passages(read_uploads([up("c.tsv", 'id\ttext\n1\t"a\tb ""c"""\n2\td\n')])) == [
        ("1", "", 'a\tb "c"'),
        ("2", "", "d"),
    ]
    assert refusal(up("c.tsv", 'id\ttext\n1\t"a\nb"\n2\td\te\n')).startswith("c.tsv:3: expected 2")


def test_a_long_record_of_a_csv_is_named() -> None:
    content = 'id,text\n1,"Never closed.\n2,Two\n3,Three\n4,closed here."\n5,Five\n'
    corpus = read_uploads([up("c.csv", content)])
    assert [d.id for d in corpus.documents] == ["1", "5"]
    assert corpus.report.warnings == (
        "c.csv:2: the record that begins here spans 4 lines, each of which looks like a row: a "
        "quote mark may be missing or too many.",
    )


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_excels_line_above_the_header_is_left_out(first: str) -> None:
    corpus = read_uploads([up("c.csv", f"{first}\r\nid;text\r\n1;a, b, c\r\n")])
    assert passages(corpus) == [("1", "", "a, b, c")]
    assert corpus.report.files[0].delimiter == "semicolon"


@pytest.mark.parametrize(
    ("fields", "id", "title"),
    [
        ({"doc_id": "M-1", "text": "x"}, "M-1", ""),
        ({"docno": "M-1", "headline": "H", "body": "x"}, "M-1", "H"),
        ({"Document ID": "M-1", "Name": "H", "Page Content": "x"}, "M-1", "H"),
        ({"passageId": "M-1", "abstract": "x"}, "M-1", ""),
        ({"Ticket No": "M-1", "contents": "x"}, "M-1", ""),
        ({"ref": "M-1", "text": "x"}, "M-1", ""),
        ({"_id": "M-1", "doc_id": "d", "text": "x"}, "M-1", ""),
    ],
)
def test_one_list_of_names_serves_every_format(fields: dict[str, str], id: str, title: str) -> None:
    rows = [json.dumps(fields), json.dumps({k: v.replace("1", "2") for k, v in fields.items()})]
    cells = [list(fields), list(fields.values()), [v.replace("1", "2") for v in fields.values()]]
    table = "\n".join("\t".join(row) for row in cells)
    for file in (up("c.jsonl", "\n".join(rows)), up("c.tsv", table)):
        first = read_uploads([file]).documents[0]
        assert (first.id, first.title, first.text) == (id, title, "x")


def test_ids_that_are_made_are_said_to_be() -> None:
    """A field that could be an id, but is none, is metadata."""
    rows = [{"doc_id": "d", "text": "one"}, {"doc_id": "d", "text": "two"}]
    corpus = read_uploads([up("c.jsonl", "\n".join(map(json.dumps, rows)))])
    assert [(d.id, dict(d.metadata)) for d in corpus.documents] == [
        ("doc-1", {"doc_id": "d"}),
        ("doc-2", {"doc_id": "d"}),
    ]
    assert corpus.report.invented_ids == 2
    assert corpus.report.warnings == (
        "c.jsonl: 2 of 2 documents have no id of their own: c.jsonl:2: the id 'd' is already used "
        "at c.jsonl:1. Made ids are like doc-1.",
    )


# ---------------------------------------------------------------- judgments


TREC = "# a comment\nq2 0 b 2\n q1\t0  a 1.0 \n\n"
LISTED = [
    {"query": "what is oak?", "ratings": [{"docId": "a", "rating": "1.000"}]},
    {"query": "elm tree", "ratings": [{"docId": "b", "rating": 2}]},
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\tb\t2\n"),
        ("test.tsv", "q1\ta\t1\nq2\tb\t2.0\n"),
        ("qrels/test.trec", TREC),
        ("qrels/test.tsv", TREC),
        ("judged.txt", TREC),
        ("qrels.txt", "q1 Q0 a 1\nq2 Q0 b 2\n"),
        ("qrels.csv", "query_id,doc_id,relevance\nq1,a,1\nq2,b,2\n"),
        ("eval.csv", "iteration;score;qid;docno\n0;1;q1;a\n0;2;q2;b\n"),
        ("quepid.csv", 'query,docid,rating\n"What is oak?",a,1\nelm tree,b,2\n'),
        ("some.tsv", "Query Text\tDoc ID\tRating\nwhat IS oak?\ta\t1\nelm tree\tb\t2\n"),
        ("judged.jsonl", '{"qid": "q1", "docid": "a", "label": 1}\n{"qid": "q2", "docid": "b", '
         '"label": 2.0}\n'),
        ("list.json", json.dumps({"name": "x", "judgmentRatings": LISTED})),
        ("list.json", json.dumps(LISTED)),
        ("qrels.json", json.dumps(JUDGED)),
    ],
)  # fmt: skip
def test_judgments_are_read_wherever_they_stand_and_in_every_form(
    tmp_path: Path, name: str, content: str
) -> None:
    corpus = everywhere(tmp_path, {**BOTH, name: content})
    assert corpus.splits == {"test": JUDGED}
    assert corpus.report.warnings == ()
    part = next(file for file in corpus.report.files if file.part == "judgments")
    assert (part.name, part.rows) == (name, 2)
    given = tmp_path / "given"
    given.write_text(content)
    path = given.rename(given.with_suffix(Path(name).suffix))
    assert read_qrels(path, corpus) == JUDGED


@pytest.mark.parametrize("name", ["quepid.csv", "qrels.tsv", "list.json", "judged.jsonl"])
def test_judgments_are_never_a_corpus(name: str) -> None:
    contents = {
        "quepid.csv": "query,docid,rating\noak,a,1\n",
        "qrels.tsv": "q1\ta\t1\n",
        "list.json": json.dumps(LISTED),
        "judged.jsonl": '{"qid": "q1", "docid": "a", "label": 1}\n',
    }
    reason = refusal(up(name, contents[name]))
    assert f"'{name}' is a " in reason
    assert reason.endswith("judgments, and there are no documents.") or "judgment list" in reason


def test_judgments_by_text_bring_their_queries_where_there_are_none() -> None:
    judged = up("quepid.csv", "query,docid,rating\nold tree,a,3\n")
    corpus = read_uploads([up("c.jsonl", DOCS), judged])
    assert [(q.id, q.text) for q in corpus.queries] == [("query-1", "old tree")]
    assert corpus.judgments == {"query-1": {"a": 3}}
    assert "1 query made of the texts" in corpus.report.warnings[0]


@pytest.mark.parametrize(
    "form", ["query-id\tcorpus-id\tscore\nq1\ta\t0.5\n", "q1 0 b 1\nq1 0 a 0.5\n"]
)
def test_half_a_grade_is_refused_with_its_line(tmp_path: Path, form: str) -> None:
    reason = refusal(*(up(n, t) for n, t in BOTH.items()), up("qrels.tsv", form))
    assert reason == "qrels.tsv:2: the score '0.5' is not a whole number."


def test_dangling_judgments_are_left_out_and_counted(tmp_path: Path) -> None:
    qrels = "q1\ta\t1\nq1\tgone\t2\nq9\ta\t1\n"
    corpus = everywhere(tmp_path, {**BOTH, "qrels/test.tsv": qrels})
    assert corpus.judgments == {"q1": {"a": 1}}
    assert corpus.dangling == {"test": {"q1": {"gone": 2}}}
    assert corpus.report.dangling == {"test": Count(2, "qrels/test.tsv:2: document 'gone'")}
    assert corpus.report.warnings == (
        "2 of 3 judgments of split test left out: the query or document is not in the corpus; for "
        "example qrels/test.tsv:2: document 'gone'.",
    )


def test_another_split_than_test_is_named(tmp_path: Path) -> None:
    corpus = everywhere(tmp_path, {**BOTH, "qrels/dev.tsv": "q1\ta\t1\n"})
    assert corpus.judgments == {"q1": {"a": 1}}
    assert corpus.report.warnings == (
        "There are no judgments called test; there are dev (on the command line: --split dev).",
    )
    folder = str(tmp_path / "set")
    assert dict(open_corpus(folder).judgments) == {}
    assert open_corpus(folder, "dev").judgments == {"q1": {"a": 1}}


# ---------------------------------------------------------------- what is not read


def test_a_readme_beside_documents_is_not_the_corpus(tmp_path: Path) -> None:
    files = {"README.md": "# How it was made\n", "documents.jsonl": DOCS, "logo.png": "x"}
    corpus = everywhere(tmp_path, files)
    assert [d.id for d in corpus.documents] == ["a", "b"]
    assert corpus.report.warnings == (
        "Not read: 'README.md' (not the corpus; the documents are in documents.jsonl), 'logo.png' "
        "(a file with this ending is not read; the documents are in documents.jsonl).",
    )


def test_the_file_that_holds_texts_is_the_corpus(tmp_path: Path) -> None:
    """Beside a table of something else, a run and a list of candidates."""
    files = {
        "items.csv": "id,body\na,oak\nb,elm\n",
        "labels.csv": "color,size\nred,1\n",
        "other.run": "q1 Q0 a 1 3.5 x\n",
        "cand.tsv": "query-id\tcorpus-id\trank\nq1\ta\t1\n",
    }
    corpus = everywhere(tmp_path, files)
    assert [d.text for d in corpus.documents] == ["oak", "elm"]
    ignored = {file.name: file.note for file in corpus.report.files if file.part == "ignored"}
    assert ignored == {
        "labels.csv": "holds no documents; the documents are in items.csv",
        "other.run": "a run: the ranking of a system, not judgments",
        "cand.tsv": "a list of candidates, not judgments",
    }


def test_blank_documents_are_kept_counted_and_said(tmp_path: Path) -> None:
    lines = DOCS + '{"_id": "c", "text": ""}\n{"_id": "d", "title": "Only"}\n{"_id": "e"}\n'
    corpus = everywhere(tmp_path, {"corpus.jsonl": lines})
    assert passages(corpus)[2:] == [("c", "", ""), ("d", "Only", ""), ("e", "", "")]
    assert corpus.report.blank == Count(2, "c")
    assert corpus.report.untexted == Count(1, "d")
    table = read_uploads([up("c.csv", "id,title,text\n1,,\n2,T,\n3,U,x\n4,U,x\n")])
    assert (table.report.blank, table.report.untexted) == (Count(1, "1"), Count(1, "2"))
    assert table.report.duplicates == Count(1, "4")
