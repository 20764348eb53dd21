"""Folders: exact readings, and errors that name file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.corpora import Upload, fingerprint, open_corpus, read_qrels, read_uploads
from components.corpora.opening import read_folder
from components.domain import Corpus, CorpusError, Count, Document, Query
from tests.support.folders import HEADER, QUERIES, TWO, folder_of


def test_a_folder_becomes_exactly_this_corpus(tmp_path: Path) -> None:
    """Everything that BEIR's layout can hold."""
    folder = folder_of(
        tmp_path / "mine",
        corpus='\ufeff{"_id": 7, "title": null, "text": " x\u2028y ", "url": "u", "metadata": '
        '{"n": 1, "s": "é", "l": [true, null]}}\r\n\r\n{"_id": "b", "text": "z"}',
        queries='{"_id": "q1", "text": "one", "metadata": {"tags": ["k", "l"], "note": "look"}}\n'
        '{"_id": "q2", "text": "two", "metadata": null}\n',
        test=HEADER + "q1\t7\t2\nq1\tb\t-1\nq1\t7\t2\n",
        card="# Mine\n",
    )
    corpus = read_folder(folder)
    metadata = {"n": "1", "s": "é", "l": "[true, null]", "url": "u"}
    expected = (Document("7", "", " x\u2028y ", metadata), Document("b", "", "z"))
    assert corpus == Corpus(
        name="mine",
        documents=expected,
        queries=(Query("q1", "one", ("k", "l"), "look"), Query("q2", "two")),
        judgments={"q1": {"7": 2, "b": -1}},
        fingerprint=fingerprint(expected),
        card="# Mine\n",
        splits={"test": {"q1": {"7": 2, "b": -1}}},
    )
    assert read_folder(folder, "Other").name == "Other"


def test_only_documents_are_needed(tmp_path: Path) -> None:
    """A folder with nothing but corpus.jsonl is a corpus."""
    corpus = read_folder(folder_of(tmp_path, corpus=TWO))
    assert (corpus.queries, dict(corpus.judgments), corpus.card) == ((), {}, "")


def test_another_split_is_read_when_asked_for_and_missed_when_absent(tmp_path: Path) -> None:
    """Without test.tsv there are no judgments; without dev.tsv there is an error."""
    folder = folder_of(tmp_path, corpus=TWO, queries=QUERIES, dev=HEADER + "q1\ta\t1\n")
    assert dict(read_folder(folder).judgments) == {}
    assert read_folder(folder, split="dev").judgments == {"q1": {"a": 1}}
    with pytest.raises(CorpusError) as caught:
        read_folder(folder, split="../dev")
    assert caught.value.reason == "qrels/../dev.tsv: there is no such split in this corpus."
    assert caught.value.remedy == "Splits: dev."


def test_blank_documents_are_kept_and_counted(tmp_path: Path) -> None:
    """Cranfield has two of them; one with a title alone is counted apart."""
    lines = ['{"_id": "1", "title": "", "text": ""}', '{"_id": "2", "title": "T", "text": null}']
    folder = folder_of(tmp_path, corpus="\n".join(lines))
    corpus = open_corpus(str(folder))
    assert corpus.documents == (Document("1", "", ""), Document("2", "T", ""))
    assert (corpus.report.blank, corpus.report.untexted) == (Count(1, "1"), Count(1, "2"))
    assert corpus == read_uploads([Upload("corpus.jsonl", "\n".join(lines).encode())], corpus.name)


def test_a_folder_without_a_corpus_says_what_belongs_there(tmp_path: Path) -> None:
    """So does a folder that is not there."""
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(CorpusError, match=r"expected one corpus|there is no such folder"):
            read_folder(folder)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{}", "the field 'text' is missing; found no fields."),
        ('{"url": "u"}', "the field 'text' is missing; found 'url'."),
        ('{"_id": "a", "text": 3}', "the field 'text' holds a number; expected a string."),
        ('{"_id": true, "text": "x"}', "the field '_id' holds true or false; expected a string."),
        ('{"_id": 1.5, "text": "x"}', "the field '_id' holds a number; expected a string."),
        ('{"_id": null, "text": "x"}', "the field '_id' holds null; expected a string."),
        ('{"_id": "", "text": "x"}', "the id '' has 0 characters; expected 1 to 512"),
        ('{"_id": "  ", "text": "x"}', "the id '  ' has 2 characters"),
        ('{"_id": "a\\tb", "text": "x"}', "the id 'a\\tb' has 3 characters"),
        ('{"_id": "a\\u2028", "text": "x"}', "the id 'a\\u2028' has 2 characters"),
        (f'{{"_id": "{"i" * 513}", "text": "x"}}', f"the id '{'i' * 59}…' has 513 characters"),
        ('{"_id": "z", "text": "x"}', "the id 'z' is already used at corpus.jsonl:1."),
        ('{"_id": "a", "text": "x", "title": []}', "the field 'title' holds a list; expected a "),
        ('{"_id": "a", "text": "x\\ud800"}', "the field 'text' has the code U+D800 at character 2"),
        ('{"_id": "a", "text": "\\u0000x"}', "the field 'text' has the code U+0000 at character 1"),
        ('{"_id": "a\\udfff", "text": "x"}', "the field '_id' has the code U+DFFF at character 2"),
        ('{"_id": "a", "text": "x", "metadata": {"k": ["\\ud800"]}}', "the field 'metadata' has "),
        ('{"_id": "a", "text": "x", "metadata": {"\\ud800": 1}}', "the field 'metadata' has the "),
        ('["a", "x"]', "expected a JSON object; found a list."),
        ('{"_id": "a", "text"}', "not valid JSON at column 20: Expecting ':' delimiter."),
        ("plain words", "not valid JSON at column 1: Expecting value."),
        ("[" * 100_000, "the JSON is nested too deeply or has a number of over 4300 digits."),
        ('{"_id": ' + "9" * 5000 + "}", "the JSON is nested too deeply or has a number of over "),
        (b"\x81", "the byte 0x81 at offset 28 of the file is not valid UTF-8."),
        (b"a\0b", "the byte 0x00 at offset 29 of the file is not text."),
    ],
)
def test_a_bad_document_is_named_by_file_and_line(
    tmp_path: Path, line: str | bytes, reason: str
) -> None:
    """The bad line is the third: a good one and an empty one stand above it."""
    content = line if isinstance(line, bytes) else line.encode()
    corpus = b'{"_id": "z", "text": "zz"}' + b"\n\n" + content
    with pytest.raises(CorpusError) as caught:
        read_folder(folder_of(tmp_path, corpus=corpus))
    assert caught.value.reason.startswith(f"corpus.jsonl:3: {reason}")
    assert caught.value.remedy.endswith(".")
    assert str(caught.value).encode()


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"corpus": ""}, "here: the corpus holds no documents; expected at least one."),
        ({"corpus": "\n \n"}, "here: the corpus holds no documents; expected at least one."),
        (
            {"queries": '{"text": "x"}'},
            "queries.jsonl:1: the field '_id' is missing; found 'text'.",
        ),
        (
            {"queries": QUERIES * 2},
            "queries.jsonl:3: the id 'q1' is already used at queries.jsonl",
        ),
        (
            {"queries": '{"_id": "q", "text": "x", "metadata": {"tags": "k"}}'},
            "queries.jsonl:1: the field 'tags' holds a string; expected a list of strings.",
        ),
        (
            {"queries": '{"_id": "q", "text": "x", "metadata": {"tags": [1]}}'},
            "queries.jsonl:1: the field 'tags' holds a number; expected a string.",
        ),
        (
            {"queries": '{"_id": "q", "text": "x", "metadata": {"note": 1}}'},
            "queries.jsonl:1: the field 'note' holds a number; expected a string.",
        ),
        (
            {"card": b"ok\n\x81"},
            "card.md:2: the byte 0x81 at offset 3 of the file is not valid UTF",
        ),
        ({"corpus": "\ufeff".encode() + b"\xff"}, "corpus.jsonl:1: the byte 0xff at offset 3 of"),
        (
            {"corpus": TWO.encode("utf-16-le")},
            "corpus.jsonl:1: the byte 0x00 at offset 1 of the file",
        ),
    ],
)
def test_a_bad_folder_is_named_by_file_and_line(
    tmp_path: Path, files: dict[str, str | bytes], reason: str
) -> None:
    """Every file of the folder is checked."""
    with pytest.raises(CorpusError) as caught:
        read_folder(folder_of(tmp_path, **{"corpus": TWO} | files), "here")
    assert caught.value.reason.startswith(reason)
    assert caught.value.remedy.endswith(".")


def test_harmless_oddities_are_read(tmp_path: Path) -> None:
    """Doubled keys, NaN, other names of the fields, a very long line."""
    corpus = (
        '{"id": "a", "id": "b", "contents": "x", "metadata": {"n": NaN}}\n'
        f'{{"docid": "c", "passage": "{"long " * 200_000}"}}\n'
    )
    first, second = read_folder(folder_of(tmp_path, corpus=corpus)).documents
    assert first == Document("b", "", "x", {"n": "NaN"})
    assert (second.id, len(second.text)) == ("c", 1_000_000)


def test_a_file_that_cannot_be_opened_is_a_corpus_error(tmp_path: Path) -> None:
    """A folder in place of a file, a file that is not there."""
    for path in (tmp_path, tmp_path / "none.tsv"):
        with pytest.raises(CorpusError, match="the file cannot be read"):
            read_qrels(path)


# ---------------------------------------------------------------- round trips


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
filled = texts.filter(lambda text: bool(text.strip()))
ids = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=512)
documents = st.lists(
    st.builds(Document, ids.filter(str.strip), texts, filled, st.dictionaries(texts, texts)),
    min_size=1,
    unique_by=lambda document: document.id,
)


def as_jsonl(rows: list[Document]) -> str:
    """Write documents as BEIR does, without escapes."""
    return "".join(
        json.dumps(
            {"_id": d.id, "title": d.title, "text": d.text, "metadata": dict(d.metadata)},
            ensure_ascii=False,
        )
        + "\n"
        for d in rows
    )


@settings(max_examples=60, deadline=None)
@given(documents)
def test_what_is_written_as_beir_is_read_back(rows: list[Document]) -> None:
    """Any text that is valid and not blank, any id, any metadata."""
    upload = Upload("corpus.jsonl", as_jsonl(rows).encode())
    corpus = read_uploads([upload])
    assert corpus.documents == tuple(rows)
    assert corpus.fingerprint == fingerprint(rows)


@settings(max_examples=30, deadline=None)
@given(documents, st.data())
def test_folder_and_upload_read_alike(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Document], data: st.DataObject
) -> None:
    """Judgments of any grade come back as they were written."""
    grades = data.draw(
        st.dictionaries(st.sampled_from([d.id for d in rows]), st.integers(-9, 9), min_size=1)
    )
    qrels = HEADER + "".join(f"q1\t{document}\t{grade}\n" for document, grade in grades.items())
    parts = {"corpus": as_jsonl(rows), "queries": QUERIES, "test": qrels, "card": "card"}
    folder = folder_of(tmp_path_factory.mktemp("beir"), **parts)
    names = {"corpus": "corpus.jsonl", "queries": "queries.jsonl", "card": "card.md"}
    uploads = [Upload(names.get(k, "test.tsv"), v.encode()) for k, v in parts.items()]
    corpus = read_folder(folder, "upload")
    assert corpus == read_uploads(uploads)
    assert corpus.judgments == {"q1": grades}
