"""Text in UTF-16 and in Windows-1252: read, with what the report says; all else is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.corpora import (
    Upload,
    open_corpus,
    preview_columns,
    read_candidates,
    read_qrels,
    read_texts,
    read_uploads,
)
from components.corpora.encodings import as_utf8
from components.domain import CorpusError
from tests.support.uploads import QRELS, QUERIES, TWO, passages, refusal, up, zipped

CSV = "Nr;Überschrift;Text\n1;Größe;Der Käse reift.\n2;Öl;Öl brennt “hell”.\n"
READ = [("1", "", "Der Käse reift."), ("2", "", "Öl brennt “hell”.")]
MARKED = ["utf-16", "utf-32"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", [*MARKED, "cp1252"])
def test_a_table_is_read_in_its_encoding(encoding: str, packed: bool) -> None:
    content = CSV.encode(encoding)
    file = up("t.csv.gz", gzip.compress(content)) if packed else up("t.csv", content)
    preview = preview_columns(file)
    assert preview is not None
    assert preview.columns == ("Nr", "Überschrift", "Text")
    corpus = read_uploads([file])
    assert passages(corpus) == READ
    assert dict(corpus.documents[0].details) == {"Überschrift": "Größe"}
    [told] = corpus.report.files
    guess = encoding == "cp1252"
    assert told.encoding == ("Windows-1252" if guess else encoding.upper())
    note = "not valid UTF-8 at line 1"
    assert told.note == (note if guess else "")
    assert corpus.report.warnings == ((f"t.csv: read as Windows-1252: {note}.",) if guess else ())


@pytest.mark.parametrize("encoding", [*MARKED, "cp1252"])
def test_every_file_of_a_folder_and_of_a_zip_is_read_in_its_encoding(
    tmp_path: Path, encoding: str
) -> None:
    """Judgments are recognized by what they hold, whatever it is encoded in."""
    files = {
        "corpus.jsonl": TWO.replace('"x"', '"Käse"'),
        "queries.jsonl": QUERIES.replace("one", "Öl"),
        "qrels.tsv": QRELS,
        "card.md": "Größe und Gewicht",
    }
    encoded = {name: text.encode(encoding) for name, text in files.items()}
    (tmp_path / "set").mkdir()
    for name, content in encoded.items():
        (tmp_path / "set" / name).write_bytes(content)
    for corpus in (open_corpus(str(tmp_path / "set")), read_uploads([zipped(encoded)])):
        assert corpus.documents[0].text == "Käse"
        assert (corpus.queries[0].text, corpus.card) == ("Öl", "Größe und Gewicht")
        assert corpus.judgments == {"q1": {"b": 1}}
        assert len(corpus.report.warnings) == (3 if encoding == "cp1252" else 0)


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html", "a.json", "a.jsonl"])
def test_every_text_format_is_read_in_both(name: str) -> None:
    text = json.dumps({"text": "Der Käse"}, ensure_ascii=False) if ".js" in name else "Der Käse"
    for encoding in (*MARKED, "cp1252"):
        assert read_uploads([up(name, text.encode(encoding))]).documents[0].text == "Der Käse"


def test_files_beside_a_corpus_are_read_in_utf_16_and_never_guessed(tmp_path: Path) -> None:
    """Nothing tells a guess there, so none is made."""
    path = tmp_path / "f.tsv"
    path.write_bytes(QRELS.encode("utf-16"))
    assert read_qrels(path) == {"q1": {"b": 1}}
    path.write_bytes("q1 Q0 b 1 2.0 tag\n".encode("utf-16"))
    assert read_candidates(path) == {"q1": ("b",)}
    path = tmp_path / "f.txt"
    path.write_bytes("ein Käse".encode("utf-16"))
    assert read_texts(path) == ("ein Käse",)
    path.write_bytes("ein Käse".encode("cp1252"))
    with pytest.raises(CorpusError, match=r"f\.txt:1: the byte 0xe4 at offset 5 of the "):
        read_texts(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"id,text\n1,caf\x81\n", "a.csv:2: the byte 0x81 at offset 13 of the file is not valid"),
        (b"id,text\n1,caf\xe9\x07\n", "a.csv:2: the byte 0xe9 at offset 13 of the file is not v"),
        (b"id,text\n1,caf\xe9\0\n", "a.csv:2: the byte 0x00 at offset 14 of the file is not text"),
        ("id,text\n1,Привет, мир\n".encode("cp1251"), "a.csv:2: the byte 0xcf at offset 10 of "),
        ("id,text\n1,Käse und Öl\n".encode() + b"2,\xe9\n", "a.csv:3: the byte 0xe9 at offset "),
        (b"id,text\n1,\xed\xa0\x80\n", "a.csv:2: the byte 0xed at offset 10 of the file is not"),
        (b"id,text\n1,a\xe2\x82", "a.csv:2: the byte 0xe2 at offset 11 of the file is not valid"),
        (b"\xef\xbb\xbfid,text\n1,\xe9\n", "a.csv:2: the byte 0xe9 at offset 13 of the file is "),
        (CSV.encode("utf-16") + b"\n", "a.csv:4: the file begins as UTF-16, but the 1 byte at "),
        (CSV.encode("utf-16-le"), "a.csv:1: the byte 0x00 at offset 1 of the file is not text."),
    ],
)
def test_what_is_neither_is_refused_with_its_line(content: bytes, reason: str) -> None:
    """Binary rubbish, UTF-8 that is damaged, and texts in other old encodings."""
    assert refusal(up("a.csv", content)).startswith(reason)


LETTERS = st.text(st.sampled_from("abc xyz.,äöüßéèñ€“”"), max_size=60)


@settings(max_examples=300)
@given(LETTERS)
def test_windows_1252_comes_back_or_is_refused(text: str) -> None:
    """Nothing else is read than was written, unless it says of itself that it is a guess."""
    content = f"Some plain words before it: {text}".encode("cp1252")
    file = as_utf8(Upload("a.txt", content))
    if file.note:
        assert file.content.decode() == content.decode("cp1252")
    else:
        assert file.content == content


@settings(max_examples=300)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_corpus_or_an_error_in_words(content: bytes) -> None:
    for name in ("a.txt", "a.csv", "a.jsonl"):
        try:
            corpus = read_uploads([up(name, content)])
        except CorpusError as exc:
            assert name in exc.reason or "the corpus holds no documents" in exc.reason
            continue
        [told] = corpus.report.files
        assert len(corpus.documents) == told.rows
        try:
            content.decode()
        except UnicodeDecodeError:
            assert told.encoding in ("UTF-16", "UTF-32") or told.note
