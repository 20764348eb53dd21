"""Folders, judgments and candidates: exact readings, and errors that name file and line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.corpora import (
    MAX_BYTES,
    SAMPLES,
    Upload,
    coverage,
    fingerprint,
    open_corpus,
    read_candidates,
    read_qrels,
    read_uploads,
    sample_names,
)
from components.corpora.judgments import Coverage, Pair, check_judgments
from components.corpora.reading import read_folder
from components.domain import Corpus, CorpusError, Document, InputError, Query

TWO = '{"_id": "a", "title": "T", "text": "x"}\n{"_id": "b", "text": "é"}\n'
QUERIES = '{"_id": "q1", "text": "one"}\n{"_id": "q2", "text": "two"}\n'
HEADER = "query-id\tcorpus-id\tscore\n"

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
filled = texts.filter(lambda text: bool(text.strip()))
ids = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=512)
documents = st.lists(
    st.builds(Document, ids.filter(str.strip), texts, filled, st.dictionaries(texts, texts)),
    min_size=1,
    unique_by=lambda document: document.id,
)


def folder_of(path: Path, **files: str | bytes) -> Path:
    """Write a folder; `corpus__jsonl` stands for corpus.jsonl and `qrels_test` for the split."""
    names = {"corpus": "corpus.jsonl", "queries": "queries.jsonl", "card": "card.md"}
    for key, content in files.items():
        target = path / names.get(key, f"qrels/{key}.tsv")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


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
    """A blank text is refused, whatever folders may hold; so are 50 MB and a byte."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x"}\n{"text": ""}\n')
    with pytest.raises(CorpusError, match=r"^a\.jsonl:2: the field 'text' is blank"):
        open_corpus(str(path), keep_blank=True)
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(CorpusError, match=r"0 of them zips, of 52428801 bytes"):
        open_corpus(str(path))


def test_a_file_with_another_ending_is_named(tmp_path: Path) -> None:
    """The error lists the endings that are read."""
    path = tmp_path / "a.pdf"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match=r"a file with this ending is not read") as caught:
        open_corpus(str(path))
    assert caught.value.remedy == (
        "Give a folder, or a file that ends in .zip, .jsonl, .csv, .tsv, .md, .markdown or .txt."
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


# ---------------------------------------------------------------- folders


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
    metadata = {"n": "1", "s": "é", "l": "[true, null]"}
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


def test_blank_documents_are_kept_only_when_asked_for(tmp_path: Path) -> None:
    """Cranfield has two of them."""
    folder = folder_of(tmp_path, corpus='{"_id": "1", "title": "", "text": ""}')
    assert read_folder(folder, keep_blank=True).documents == (Document("1", "", ""),)
    assert open_corpus(str(folder), keep_blank=True).documents == (Document("1", "", ""),)
    with pytest.raises(CorpusError, match=r"corpus\.jsonl:1: the field 'text' is blank"):
        read_folder(folder)


def test_a_folder_without_a_corpus_says_what_belongs_there(tmp_path: Path) -> None:
    """So does a folder that is not there."""
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(CorpusError, match=r"there is no corpus\.jsonl in this folder"):
            read_folder(folder)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"_id": "a", "title": "t"}', "the field 'text' is missing; found '_id', 'title'."),
        ("{}", "the field '_id' is missing; found no fields."),
        ('{"text": "x"}', "the field '_id' is missing; found 'text'."),
        ('{"_id": "a", "text": " \\n"}', "the field 'text' is blank; expected some text."),
        ('{"_id": "a", "text": 3}', "the field 'text' holds a number; expected a string."),
        ('{"_id": "a", "text": null}', "the field 'text' holds null; expected a string."),
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
        ('{"_id": "a", "text": "x", "metadata": "m"}', "the field 'metadata' holds a string; exp"),
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
        (b"\xe9", "the byte 0xe9 at offset 28 of the file is not valid UTF-8."),
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
        ({"queries": QUERIES * 2}, "queries.jsonl:3: the id 'q1' is already used at queries.jsonl"),
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
            {"queries": QUERIES, "test": HEADER + "q1\ta\t1\nq1\tc\t1\nq3\ta\t0\nq2\tb\t1\n"},
            "qrels/test.tsv:3: the document 'c' is not in the corpus; 2 of 4 judgments name a",
        ),
        (
            {"queries": QUERIES, "test": HEADER + "q3\tc\t1\n"},
            "qrels/test.tsv:2: the query 'q3' is not in the queries; 1 of 1 judgments name a",
        ),
        ({"test": HEADER + "q1\ta\t1\n"}, "qrels/test.tsv:2: the query 'q1' is not in the queries"),
        (
            {"card": b"ok\n\xff"},
            "card.md:2: the byte 0xff at offset 3 of the file is not valid UTF",
        ),
        ({"corpus": "\ufeff".encode() + b"\xff"}, "corpus.jsonl:1: the byte 0xff at offset 3 of"),
        ({"corpus": TWO.encode("utf-16")}, "corpus.jsonl:1: the byte 0x00 at offset 3 of the file"),
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


# ---------------------------------------------------------------- judgments and candidates


@pytest.mark.parametrize(
    "content",
    [
        HEADER + "q1\td 1\t2\nq1\td2\t0\nq2\td2\t-1\n",
        "\ufeffQuery_ID\tcorpus-id\tScore\r\nq1\td 1\t2\r\n\r\nq1\td2\t 0 \r\nq2\td2\t-1",
    ],
)
def test_qrels_in_three_columns(tmp_path: Path, content: str) -> None:
    """Ids may hold spaces; line ends and the header's case do not matter."""
    path = tmp_path / "x.tsv"
    path.write_bytes(content.encode())
    assert read_qrels(path) == {"q1": {"d 1": 2, "d2": 0}, "q2": {"d2": -1}}


def test_qrels_in_four_columns(tmp_path: Path) -> None:
    """TREC's form has an iteration in its second column, and any white space."""
    path = tmp_path / "x.qrels"
    path.write_text("q1 0 d1 2\nq1\tQ0\td2\t0\n  q2 0  d2 +1 \n")
    assert read_qrels(path) == {"q1": {"d1": 2, "d2": 0}, "q2": {"d2": 1}}


def test_candidates_come_in_order_of_rank(tmp_path: Path) -> None:
    """The order of the lines does not matter, except between equal ranks."""
    path = tmp_path / "x.tsv"
    path.write_text(
        "query-id\tcorpus-id\trank\nq1\tc\t10\nq1\ta\t2\nq2\tz\t0\nq1\tb\t2\nq1\ta\t2\n"
    )
    assert read_candidates(path) == {"q1": ("a", "b", "c"), "q2": ("z",)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "1: the file holds no rows."),
        (b"\n\n", "1: the file holds no rows."),
        (HEADER.encode(), "1: the file holds no rows."),
        (b"q1\td1\t1\n", "1: expected the header query-id, corpus-id, score, separated by tabs; "),
        (b"q1 0 d1 1\nq1 d2 1\n", "2: expected 4 columns, all filled; found 3: 'q1', 'd2', '1'."),
        (HEADER.encode() + b"q1\td1\n", "2: expected 3 columns, all filled; found 2: 'q1', 'd1'."),
        (HEADER.encode() + b"\nq1\td1\t1\t1\n", "3: expected 3 columns, all filled; found 4: "),
        (HEADER.encode() + b"\td1\t1\n", "2: expected 3 columns, all filled; found 3: '', 'd1', "),
        (HEADER.encode() + b"q1\td1\t1.0\n", "2: the score '1.0' is not an integer."),
        (HEADER.encode() + "q1\td1\t\u0661\n".encode(), "2: the score '\u0661' is not an integer."),
        (HEADER.encode() + b"q1\td1\t1_0\n", "2: the score '1_0' is not an integer."),
        (HEADER.encode() + b"q1\td1\t" + b"9" * 5000, f"2: the score '{'9' * 59}…' is not an int"),
        (
            HEADER.encode() + b"q1\td1\t1\nq1\td2\t1\nq1\td1\t0\n",
            "4: query 'q1' with document 'd1' has 0 here and 1 at ",
        ),
        (HEADER.encode() + b"q1\t\xff\t1\n", "2: the byte 0xff at offset 28 of the file is not va"),
    ],
)
def test_bad_qrels_are_named_by_file_and_line(tmp_path: Path, content: bytes, reason: str) -> None:
    """The path is named as it was given."""
    path = tmp_path / "x.tsv"
    path.write_bytes(content)
    with pytest.raises(CorpusError) as caught:
        read_qrels(path)
    assert caught.value.reason.startswith(f"{path}:{reason}")
    assert caught.value.remedy.endswith(".")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("q1\td1\t-1", "2: the rank '-1' is not an integer from 0 or 1 upward."),
        ("q1\td1\tx", "2: the rank 'x' is not an integer from 0 or 1 upward."),
        ("q1\td1", "2: expected 3 columns, all filled; found 2"),
        ("q1\td1\t1\nq1\td1\t2", "3: query 'q1' with document 'd1' has 2 here and 1 at "),
        ("", "1: the file holds no rows."),
    ],
)
def test_bad_candidates_are_named_by_file_and_line(tmp_path: Path, lines: str, reason: str) -> None:
    """A qrels file is no candidate file either."""
    path = tmp_path / "x.tsv"
    path.write_text(f"query-id\tcorpus-id\trank\n{lines}")
    with pytest.raises(CorpusError) as caught:
        read_candidates(path)
    assert caught.value.reason.startswith(f"{path}:{reason}")
    path.write_text("q1 0 d1 1\n")
    with pytest.raises(CorpusError, match="expected the header query-id, corpus-id, rank"):
        read_candidates(path)


def test_judgments_of_a_larger_collection_are_counted() -> None:
    """Queries and documents are counted once each."""
    corpus = Corpus("c", (Document("a", "", "x"), Document("b", "", "y")), (Query("q1", "one"),))
    judgments = {"q1": {"a": 1, "z": 0}, "q2": {"z": 1, "y": 1}, "q3": {"b": 1}}
    assert coverage(judgments, corpus) == Coverage(3, 2, 4, 2)
    with pytest.raises(CorpusError) as caught:
        coverage({"q9": {"a": 1}, "q8": {}}, corpus)
    assert caught.value.reason == (
        "None of the 2 judged queries is among the 1 queries of the corpus 'c'; the first is 'q9'."
    )


def test_judgments_within_the_corpus_pass() -> None:
    """The check has nothing to say then."""
    check_judgments([Pair("q", "d", 1, "x:2")], {"d"}, {"q"})
    check_judgments([], (), ())


# ---------------------------------------------------------------- round trips


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
