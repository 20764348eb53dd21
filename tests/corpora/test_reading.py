"""Opening samples and files, and the fingerprint of what is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from components.corpora import (
    MAX_BYTES,
    SAMPLES,
    Upload,
    fingerprint,
    open_corpus,
    read_uploads,
    sample_names,
)
from components.domain import CorpusError, Document, InputError
from tests.support.folders import HEADER, QUERIES, TWO, folder_of

# ---------------------------------------------------------------- opening


def test_helpdesk_comes_first_and_the_rest_in_order() -> None:
    """The samples are the folders that have a corpus."""
    names = sample_names()
    assert names[0] == "helpdesk"
    assert list(names[1:]) == sorted(names[1:])
    assert all((SAMPLES / name / "corpus.jsonl").is_file() for name in names)


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_opens_and_all_its_judgments_are_of_its_own_documents(name: str) -> None:
    """A sample is a corpus like any other."""
    corpus = open_corpus(name)
    assert corpus.name == name
    assert corpus.fingerprint == fingerprint(corpus.documents)
    ids = {document.id for document in corpus.documents}
    assert all(grades.keys() <= ids for grades in corpus.judgments.values())


@pytest.mark.parametrize(
    "name",
    ["nope", "", "../helpdesk", "helpdesk/..x", "a\0b", "~nobody-here/x", "\ud800", "x" * 9999],
)
def test_an_unknown_name_lists_the_samples(name: str) -> None:
    """The error says what would have worked."""
    with pytest.raises(InputError) as caught:
        open_corpus(name)
    assert caught.value.reason.endswith("is neither a sample nor a folder.")
    assert caught.value.remedy.startswith(f"Samples: {', '.join(sample_names())}.")
    assert "folder" in caught.value.remedy
    assert str(caught.value).encode()


def test_a_name_with_dots_is_a_path_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`../x` means the folder beside the working directory, never one beside the samples."""
    folder_of(tmp_path / "x", corpus=TWO)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert open_corpus("../x").name == "x"
    with pytest.raises(InputError):
        open_corpus("../tests")


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", TWO.encode()),
        ("a.CSV", b"id,text\n1,x\n"),
        ("a.tsv", b"id\ttext\n1\tx\n"),
        ("a.markdown", b"# One\nx\n# Two\ny\n"),
        ("a.txt", b"x\n"),
    ],
)
def test_a_file_is_read_as_an_upload(tmp_path: Path, name: str, content: bytes) -> None:
    """The corpus has the file's name, without its ending."""
    (tmp_path / name).write_bytes(content)
    corpus = open_corpus(str(tmp_path / name))
    assert corpus == read_uploads([Upload(name, content)])
    assert corpus.name == "a"


def test_a_file_is_read_as_strictly_as_an_upload(tmp_path: Path) -> None:
    """A blank text is kept, as in folders; 50 MB and a byte are refused."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x"}\n{"text": ""}\n')
    assert [d.text for d in open_corpus(str(path)).documents] == ["x", ""]
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(CorpusError, match=r"0 of them zips, of 52,428,801 bytes"):
        open_corpus(str(path))


def test_a_file_with_another_ending_is_named(tmp_path: Path) -> None:
    """The error lists the endings that are read."""
    path = tmp_path / "a.exe"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match=r"a file with this ending is not read") as caught:
        open_corpus(str(path))
    assert caught.value.remedy == (
        "Give a folder, or a file that ends in .zip, .parquet, .pq, .arrow, .feather, .ipc, .json, "
        ".jsonl, .csv, .tsv, .docx, .docm, .html, .htm, .xhtml, .pdf, .md, .markdown, .txt or .gz."
    )


def test_a_zip_has_the_splits_of_its_folder(tmp_path: Path) -> None:
    """One is taken by its name, `test` by default; another must be there."""
    folder = folder_of(tmp_path / "x", corpus=TWO, queries=QUERIES, dev=HEADER + "q1\ta\t1\n")
    path = shutil.make_archive(str(tmp_path / "x"), "zip", folder)
    for split in ("test", "dev"):
        zipped, unpacked = open_corpus(path, split), open_corpus(str(folder), split)
        assert (zipped.name, zipped.documents) == (unpacked.name, unpacked.documents)
        assert zipped.judgments == unpacked.judgments
    assert open_corpus(path, "dev").judgments == {"q1": {"a": 1}}
    with pytest.raises(CorpusError, match=r"qrels/train\.tsv: there is no such split") as caught:
        open_corpus(path, "train")
    assert caught.value.remedy == "Splits: dev."


# ---------------------------------------------------------------- fingerprint


def test_the_fingerprint_is_this_one() -> None:
    """Computed with sha256sum over two JSON lists, each with a line feed."""
    two = (Document("a", "T", "x"), Document("b", "", "é", {"k": "v"}))
    assert fingerprint(two) == "0ff50bb99a1d4e7e6d44a1365f82293f12c55dbc97258e91a56637be84cfdb14"
    assert fingerprint(()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_fingerprint_sees_boundaries_and_order_but_not_metadata() -> None:
    """Moving a character across a field's border changes it."""
    variants = [
        (Document("a", "b", "c"),),
        (Document("ab", "", "c"),),
        (Document("a", "", "bc"),),
        (Document("a", "b", "c"), Document("d", "", "e")),
        (Document("d", "", "e"), Document("a", "b", "c")),
        (Document("a", "b", 'c"]\n["d", "", "e'),),
    ]
    assert len({fingerprint(variant) for variant in variants}) == len(variants)
    assert fingerprint([Document("a", "b", "c", {"k": "v"})]) == fingerprint(variants[0])
