"""The command line reads what the page reads, and says what became of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from components.corpora import Columns, Upload, read_uploads
from tests.support.command_line import HEADER, Run, complained
from tests.support.uploads import up, zipped

DOCS = (
    '{"doc_id": "a 1", "text": "tea is steamed", "url": "u"}\n{"doc_id": "b%20", "text": "ale"}\n'
)
ASKED = '{"_id": "q 1", "text": "tea"}\n{"_id": "q2", "text": "ale"}\n'
BM25 = ("--first-stage", "bm25", "--no-save", "--json")


def made(folder: Path, **files: str) -> Path:
    """Write a folder of a corpus, queries and files of judgments."""
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(DOCS)
    (folder / "queries.jsonl").write_text(ASKED)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_report_is_told_and_is_the_pages(run: Run, tmp_path: Path, kind: str) -> None:
    qrels = f"{HEADER}q 1\ta 1\t1\nq 1\tgone\t1\n"
    files = {"corpus.jsonl": DOCS, "queries.jsonl": ASKED, "qrels.tsv": qrels, "README.md": "x"}
    packed = zipped(files, "set.zip")
    path = tmp_path / "set.zip"
    path.write_bytes(packed.content)
    if kind == "folder":
        path = made(tmp_path / "set", qrels_tsv=qrels, README_md="x")
    ended = run("search", "tea", "--corpus", path, "--first-stage", "bm25", "--json")
    report = read_uploads([packed]).report
    assert ended.json["import"]["warnings"] == list(report.warnings)
    assert [f["name"] for f in ended.json["import"]["files"]] == [f.name for f in report.files]
    assert ended.json["import"]["dangling"]["test"]["number"] == 1
    lines = ended.err.splitlines()
    assert lines[0] == (
        "corpus.jsonl: 2 documents (JSONL, UTF-8); doc_id is the id (by its name); text is the "
        "text (by its name); metadata: url"
    )
    assert lines[-len(report.warnings) :] == list(report.warnings)


def test_ids_with_spaces_and_codes_come_back(run: Run, tmp_path: Path) -> None:
    """What evaluate writes, evaluate reads, with the same figures."""
    folder = made(tmp_path / "set", qrels_tsv=f"{HEADER}q 1\ta 1\t1\nq2\tb%20\t2\n")
    out = tmp_path / "out"
    first = run("evaluate", "--corpus", folder, *BM25, "--out", out).json
    assert (out / "qrels.trec").read_text() == "q%201 0 a%201 1\nq2 0 b%2520 2\n"
    again = run(
        *("evaluate", "--corpus", folder, *BM25, "--out", tmp_path / "again"),
        *("--qrels", out / "qrels.trec", "--candidates", out / "runs" / "bm25.trec"),
    ).json
    assert first["queries"] == again["queries"] == 2
    assert first["metrics"]["bm25"] == again["metrics"]["candidates"]


def test_dangling_judgments_count_only_if_asked(run: Run, tmp_path: Path) -> None:
    """By hand: one of two relevant documents is there."""
    folder = made(tmp_path / "set", qrels_tsv=f"{HEADER}q 1\ta 1\t1\nq 1\tgone\t1\n")
    recall = []
    for number, options in enumerate([(), ("--dangling",)]):
        out = tmp_path / str(number)
        ended = run("evaluate", "--corpus", folder, *BM25, *options, "--out", out)
        recall.append(ended.json["metrics"]["bm25"]["R@100"])
    assert recall == [1.0, 0.5]


def test_another_split_is_named_and_can_be_chosen(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "set", dev_tsv=f"{HEADER}q 1\ta 1\t1\n")
    out = tmp_path / "out"
    missing = run("evaluate", "--corpus", folder, *BM25, "--out", out)
    complained(missing, 2, "has no judgments called test; it has dev", "--split dev")
    ended = run("evaluate", "--corpus", folder, *BM25, "--out", out, "--split", "dev")
    assert ended.json["queries"] == 1
    assert "no judgments called" not in ended.err
    assert ended.json["import"]["warnings"] == []
    assert run("search", "tea", "--corpus", folder, "--first-stage", "bm25").code == 0


def test_few_candidates_need_no_second_option(run: Run) -> None:
    """Only two numbers that contradict one another are a mistake."""
    few = ("search", "lamp", "--corpus", "exceptions", "--first-stage", "bm25", "--initial-k", 6)
    assert run(*few).code == 0
    complained(run(*few, "--final-k", 7), 2, "final_k (7) is larger than initial_k (6)")


def test_a_guessed_column_is_warned_about(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Ticket No,Beschreibung\nT-1,Der Drucker steht\nT-2,Das Licht flackert\n")
    ended = run("search", "Drucker", "--corpus", path, "--first-stage", "bm25", "--json")
    assert [hit["id"] for hit in ended.json["first_stage"]["hits"]][:1] == ["T-1"]
    assert "t.csv: no column is named like a text; 'Beschreibung' is read as" in ended.err


def test_columns_are_chosen_as_on_the_page(run: Run, tmp_path: Path) -> None:
    """The same documents, the same report, the same errors; what is not chosen is guessed."""
    table = up("t.csv", "nr,headline,body\n1,Lamp,It is lit\n2,Clock,It is wound\n")
    path = tmp_path / "t.csv"
    path.write_bytes(table.content)
    search = ("search", "lamp", "--corpus", path, "--first-stage", "bm25", "--json")
    ended = run(*search, "--text-column", "headline", "--title-column", "", "--id-column", "nr")
    corpus = read_uploads([table], columns=Columns("headline", None, "nr"))
    assert ended.json["import"] == json.loads(json.dumps(asdict(corpus.report)))
    assert ended.json["corpus"]["fingerprint"] == corpus.fingerprint
    [hit] = [hit for hit in ended.json["first_stage"]["hits"] if hit["id"] == "1"]
    assert (hit["title"], hit["text"], hit["details"]) == ("", "Lamp", {"body": "It is lit"})
    guessed = run(*search, "--text-column", "headline").json
    assert guessed["corpus"]["fingerprint"] == corpus.fingerprint
    wrong = ("t.csv:1: expected one column 'x'; found 0 among 'nr', 'headline', 'body'",)
    complained(run(*search, "--id-column", "x"), 2, *wrong)
    for command in (("index",), ("evaluate", "--out", tmp_path / "out")):
        ended = run(*command, "--corpus", path, "--first-stage", "bm25", "--title-column", "x")
        complained(ended, 2, *wrong)


def test_texts_to_rerank_may_be_a_json_list(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps(["ale is brewed", "tea is steamed"]))
    ended = run("rerank", "tea", "--documents", path, "--reranker", "bm25", "--json")
    assert [result["original_index"] for result in ended.json["results"]] == [1, 0]


def test_files_that_a_killed_evaluation_left_are_named(run: Run, tmp_path: Path) -> None:
    folder = made(tmp_path / "set", qrels_tsv=f"{HEADER}q 1\ta 1\t1\n")
    part = tmp_path / "out" / "runs" / f".{'0' * 32}.part"
    part.parent.mkdir(parents=True)
    part.write_text("half")
    ended = run("evaluate", "--corpus", folder, *BM25, "--out", tmp_path / "out")
    assert f"holds 1 hidden file that a killed evaluation left, for example runs/{part.name}" in (
        ended.err
    )
    assert part.exists()


def test_a_query_in_another_encoding_gets_a_clear_line(run: Run) -> None:
    """What a C locale reads byte by byte is UTF-8 all the same, if it is."""
    search = ("--corpus", "exceptions", "--first-stage", "bm25", "--json")
    assert run("search", "caf\udcc3\udca9", *search).json["query"] == "café"
    complained(run("search", "caf\udce9", *search), 2, "another encoding than UTF-8", "LC_ALL")


def test_another_encoding_is_told(run: Run, tmp_path: Path) -> None:
    """UTF-16 in its place, a guess in words, and rubbish with its line."""
    path = tmp_path / "t.csv"
    search = ("search", "Käse", "--corpus", path, "--first-stage", "bm25", "--json")
    path.write_bytes("id,text\n1,Der Käse reift\n2,Tee\n".encode("utf-16"))
    ended = run(*search)
    assert ended.err.startswith("t.csv: 2 documents (CSV, UTF-16, parted by comma); ")
    assert ended.json["first_stage"]["hits"][0]["text"] == "Der Käse reift"
    path.write_bytes("id,text\n1,Der Käse reift\n2,Tee\n".encode("cp1252"))
    note = "t.csv: read as Windows-1252: not valid UTF-8 at line 2."
    ended = run(*search)
    assert note in ended.err.splitlines()
    assert ended.json["import"]["warnings"] == [note]
    path.write_bytes(b"id,text\n1,Der K\x81\xe4se\n")
    complained(run(*search), 2, "t.csv:2: the byte 0x81 at offset 15 of the file is not valid")


def test_the_page_and_the_command_line_refuse_alike(run: Run, tmp_path: Path) -> None:
    judged = up("quepid.csv", "query,docid,rating\ntea,a,3\n")
    (tmp_path / "quepid.csv").write_bytes(judged.content)
    path = tmp_path / "quepid.csv"
    complained(run("search", "x", "--corpus", path), 2, "'quepid.csv' is a table of judgments")
    with pytest.raises(Exception, match=r"'quepid\.csv' is a table of judgments"):
        read_uploads([Upload("quepid.csv", judged.content)])


def test_a_document_that_cannot_be_read_is_named_as_on_the_page(run: Run, tmp_path: Path) -> None:
    """The others are read; where none can be read the command ends as the page does."""
    broken = {"a.pdf": b"hello", "b.docx": b"hello"}
    path = tmp_path / "all.zip"
    path.write_bytes(zipped({**broken, "c.md": "# Tea\n\ntea is steamed\n"}).content)
    ended = run("search", "tea", "--corpus", path, "--first-stage", "bm25", "--json")
    report = read_uploads([Upload(path.name, path.read_bytes())]).report
    parts = {file["name"]: file["part"] for file in ended.json["import"]["files"]}
    assert parts == {"a.pdf": "refused", "b.docx": "refused", "c.md": "documents"}
    lines = ended.err.splitlines()
    assert lines[0].startswith("c.md: 1 document (Markdown, UTF-8")
    assert lines[1:] == list(report.warnings)
    assert lines[1].startswith("Not read: a.pdf: expected a PDF; the file is damaged or none")
    path.write_bytes(zipped(broken).content)
    complained(
        run("search", "tea", "--corpus", path, "--first-stage", "bm25"),
        2,
        "all.zip: none of 2 documents can be read: a.pdf: expected a PDF; ",
    )
