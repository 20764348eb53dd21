"""Uploads: CSV, JSONL, prose and zips become corpora; hostile ones become errors."""

from __future__ import annotations

import csv
import io
import json
import stat
import tracemalloc
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.corpora import (
    MAX_BYTES,
    Columns,
    Upload,
    open_corpus,
    read_uploads,
)
from components.corpora.formats import TablePreview
from components.corpora.formats.tables import preview_table
from components.corpora.text import MAX_FILES
from components.domain import Corpus, CorpusError, Document, Query

TWO = '{"_id": "a", "title": "T", "text": "x"}\n{"_id": "b", "text": "y"}\n'
QUERIES = '{"_id": "q1", "text": "one"}\n'
QRELS = "query-id\tcorpus-id\tscore\nq1\tb\t1\n"
BEIR = {"corpus.jsonl": TWO, "queries.jsonl": QUERIES, "qrels/test.tsv": QRELS, "card.md": "Hi"}

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
filled = texts.filter(lambda text: bool(text.strip()))
ids = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1)
documents = st.lists(
    st.builds(Document, ids.filter(str.strip), texts, filled),
    min_size=1,
    unique_by=lambda document: document.id,
)


def up(name: str, content: str | bytes) -> Upload:
    """Return an upload; text is encoded as UTF-8."""
    return Upload(name, content.encode() if isinstance(content, str) else content)


def zipped(files: Mapping[str, str | bytes], name: str = "z.zip") -> Upload:
    """Return a zip of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)
    return Upload(name, buffer.getvalue())


def refusal(*uploads: Upload, columns: Columns | None = None) -> str:
    """Return the reason why an upload is refused."""
    with pytest.raises(CorpusError) as caught:
        read_uploads(uploads, columns=columns)
    assert caught.value.remedy.endswith(".")
    assert "\n" not in str(caught.value)
    assert str(caught.value).encode()
    return caught.value.reason


def passages(corpus: Corpus) -> list[tuple[str, str, str]]:
    """Return id, title and text of every document."""
    return [(d.id, d.title, d.text) for d in corpus.documents]


# ---------------------------------------------------------------- JSONL


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
        [up("a.jsonl", TWO), up("b.md", "x")],
        [up("a.md", "x"), up("a.md", "y")],
        [up("t.tsv", QRELS)],
        [up("a.pdf", "x")],
        [up("", "x")],
        [up("a.jsonl", TWO), up("a.pdf", "x")],
    ],
)
def test_what_is_not_one_corpus_is_refused(uploads: list[Upload]) -> None:
    """The error names the files."""
    assert refusal(*uploads).startswith("Upload: expected one corpus (.jsonl, .csv or .tsv; ")


def test_too_little_and_too_much_are_refused() -> None:
    """No file, too many files, too many bytes, a zip with company."""
    assert refusal().endswith("found 0 files, 0 of them zips, of 0 bytes.")
    many = [up(f"{n}.txt", "x") for n in range(MAX_FILES + 1)]
    assert refusal(*many).endswith("found 2001 files, 0 of them zips, of 2001 bytes.")
    assert len(read_uploads(many[:-1]).documents) == 2000
    assert refusal(Upload("a.txt", bytes(MAX_BYTES + 1))).endswith("of 52428801 bytes.")
    assert refusal(zipped(BEIR), up("a.md", "x")).startswith("Upload: expected one zip, or 1 to")


def test_a_bad_line_is_named_in_an_upload_as_in_a_folder() -> None:
    """Judgments of unknown documents, for one; names are made harmless."""
    files = [up("a.jsonl", '{"text": "x"}'), up("queries.jsonl", QUERIES), up("t.tsv", QRELS)]
    assert refusal(*files).startswith("t.tsv:2: the document 'b' is not in the corpus; 1 of 1 ")
    assert refusal(up("a\n\ud800.jsonl", "{")).startswith("a??.jsonl:1: not valid JSON at column 2")


# ---------------------------------------------------------------- CSV


def test_a_preview_shows_what_was_found() -> None:
    """Columns lose the spaces around them; cells do not."""
    preview = preview_table(up("a.csv", '\ufeffID; Title ;Body\n1;"a;b"; x\n\n;;\n2;;"y\nz"\n'))
    rows = (("1", "a;b", " x"), ("2", "", "y\nz"))
    assert preview == TablePreview(
        ("ID", "Title", "Body"), rows, ";", Columns("Body", "Title", "ID")
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_is_found_though_texts_hold_the_others(delimiter: str) -> None:
    """The header decides, and which delimiter cuts the rows as it cuts the header."""
    others = "".join({",", ";", "\t", "|"} - {delimiter})
    lines = [["id", "text"], ["1", f"{others} one {others}"], ["2", others * 3]]
    content = "\n".join(delimiter.join(line) for line in lines)
    assert preview_table(up("a.csv", content)).delimiter == delimiter
    corpus = read_uploads([up("a.csv", content)])
    assert passages(corpus) == [("1", "", lines[1][1]), ("2", "", lines[2][1])]


def test_the_first_twenty_rows_are_previewed() -> None:
    """All of them are read."""
    table = up("a.csv", "text,n\n" + "".join(f"t{n},{n}\n" for n in range(30)))
    assert preview_table(table).rows[-1] == ("t19", "19")
    assert len(read_uploads([table]).documents) == 30


def test_a_single_column_named_text_is_a_table() -> None:
    """Commas in its rows need no quotes, as long as another delimiter is absent."""
    table = up("a.csv", "Text\nHello, world\nBye\n")
    assert passages(read_uploads([table])) == [("doc-1", "", "Hello, world"), ("doc-2", "", "Bye")]


def test_chosen_columns_go_before_suggested_ones() -> None:
    """Two columns named alike hurt only if they are chosen."""
    table = up("a.csv", "text,x,x,q\nt,1,2,3\n")
    assert passages(read_uploads([table], columns=Columns("q", title="text"))) == [
        ("doc-1", "t", "3")
    ]
    assert refusal(table, columns=Columns("x")) == (
        "a.csv:1: expected one column 'x'; found 2 among 'text', 'x', 'x', 'q'."
    )
    assert refusal(table, columns=Columns("text", id="nr")) == (
        "a.csv:1: expected one column 'nr'; found 0 among 'text', 'x', 'x', 'q'."
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            "a word\nanother word\n",
            "a.csv:1: expected a table; tried comma, semicolon, tab, pipe as delimiters, and none "
            "gives a second column; the header line is 'a word'.",
        ),
        ("", "a.csv:1: expected a table; tried comma, semicolon, tab, pipe as delimiters, and "),
        ("\n;;\n", "a.csv:1: expected a table; "),
        ("id,words\n1,x\n", "a.csv:1: no column is named like a text; found 'id', 'words'."),
        ("id,text\n1,x\n\n2\n", "a.csv:4: expected 2 columns, as in the header; found 1."),
        ('id,text\n1,"x\ny"\n2,a,b\n', "a.csv:4: expected 2 columns, as in the header; found 3."),
        ('id,text\n1,x\n2,"y\nz', "a.csv:3: the quotes of this row do not match: "),
        ('id,text\n1,"x"y\n', "a.csv:2: the quotes of this row do not match: "),
        ("id,text\n1,x\n1,y\n", "a.csv:3: the id '1' is already used at a.csv:2."),
        ("id,text\n1,x\n,y\n", "a.csv:3: the id '' has 0 characters"),
        ("id,text\n1,x\n2,\n", "a.csv:3: the field 'text' is blank; expected some text."),
        ("id,text\n", "a: the corpus holds no documents; expected at least one."),
        (
            b"id,text\n1,\xff\n",
            "a.csv:2: the byte 0xff at offset 10 of the file is not valid UTF-8",
        ),
        (b"id,text\n1,\0\n", "a.csv:2: the byte 0x00 at offset 10 of the file is not text."),
    ],
)
def test_a_bad_table_is_named_by_file_and_line(content: str | bytes, reason: str) -> None:
    """A record is named by its first line."""
    assert refusal(up("a.csv", content)).startswith(reason)


def test_a_cell_may_be_long() -> None:
    """Longer than the csv module allows on its own."""
    corpus = read_uploads([up("a.csv", f"id,text\n1,{'long ' * 100_000}\n")])
    assert len(corpus.documents[0].text) == 500_000


# ---------------------------------------------------------------- prose


def test_markdown_is_cut_at_headings_of_level_one_and_two() -> None:
    """Not at deeper ones, not in code; a heading with nothing under it is left out."""
    content = (
        "Before.\n\n# One #\n\nText of one.\n### Deeper\nmore\n```sh\n# no heading\n```\n\n"
        "# Empty\n\n## C#\n  Indented.\n\n\nTwo   blanks.\n#no\n"
        "Three\n=====\nthree\n\nFour\n---\nfour\n"
    )
    assert passages(read_uploads([up("n.md", content)])) == [
        ("n.md#1", "", "Before."),
        ("n.md#2", "One", "Text of one.\n### Deeper\nmore\n```sh\n# no heading\n```"),
        ("n.md#3", "C#", "  Indented.\n\n\nTwo   blanks.\n#no\nThree\n=====\nthree"),
        ("n.md#4", "Four", "four"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "---\ntitle: x\n---\nNo heading, but front matter.\n",
        "A paragraph\nof two lines\n---\nand a rule.",
        "~~~\n# a\n```\n# b\n~~~ no end\n# c",
        "- a list\n---\n",
        "# Only a heading\n",
        "  one line \r\n\r\n",
        "0\r",
    ],
)
def test_what_is_not_cut_is_not_touched(content: str) -> None:
    """The one passage is the file, whatever its white space."""
    assert passages(read_uploads([up("n.md", content)])) == [("n.md#1", "", content)]


def test_a_fence_closes_only_with_its_like() -> None:
    """Inline code in three backticks opens none."""
    content = "````\n```\n# a\n````\n# b\nx\n```y```\n# c\nz"
    assert passages(read_uploads([up("n.md", content)])) == [
        ("n.md#1", "", "````\n```\n# a\n````"),
        ("n.md#2", "b", "x\n```y```"),
        ("n.md#3", "c", "z"),
    ]


def test_only_headings_of_the_document_itself_cut_it() -> None:
    """As CommonMark has them: not those in quotes, lists, HTML or indented code."""
    content = (
        "# One\r\n> # quoted\r\n\r\n- item\r\n\r\n  # in a list\r\n\r\n<!--\r\n# in a comment\r\n"
        "-->\r\n\r\n    # code\r\n\r\n*Two* of `them`\r\n===\r\ntwo\r\n"
    )
    corpus = read_uploads([up("n.md", content)])
    assert [(d.title, d.text.count("\n")) for d in corpus.documents] == [
        ("One", 10),
        ("*Two* of `them`", 0),
    ]


def test_text_files_are_cut_by_length_only() -> None:
    """Up to 400 words stay whole; more are cut at blank lines into at most 300."""
    paragraph = "# word\n" + "word " * 97 + "word"  # 100 words
    assert passages(read_uploads([up("n.txt", "\n\n".join([paragraph] * 4))])) == [
        ("n.txt#1", "", "\n\n".join([paragraph] * 4))
    ]
    three = f"{paragraph}\n \r\n{paragraph}\n\n\n{paragraph}"
    content = f"\n{three}\r\n\r\n{paragraph}\n\n{'w ' * 500}\n\nend\n"
    assert passages(read_uploads([up("n.txt", content)])) == [
        ("n.txt#1", "", three),
        ("n.txt#2", "", paragraph),
        ("n.txt#3", "", "w " * 500),
        ("n.txt#4", "", "end"),
    ]


def test_files_are_documents_side_by_side() -> None:
    """Each with its own ids; a card among prose is prose."""
    corpus = read_uploads([up("b.md", "# T\nx"), up("card.md", "y"), up("a.txt", "# z")])
    assert corpus.name == "upload"
    assert passages(corpus) == [
        ("b.md#1", "T", "x"),
        ("card.md#1", "", "y"),
        ("a.txt#1", "", "# z"),
    ]


def test_a_blank_file_is_named() -> None:
    """So is a byte that is not text."""
    assert refusal(up("a.md", "x"), up("b.txt", " \n")) == "b.txt:1: the file is blank."
    assert refusal(up("a.md", b"a\n\xc3")).startswith("a.md:2: the byte 0xc3 at offset 2 of the ")


# ---------------------------------------------------------------- zip


@pytest.mark.parametrize("root", ["", "scifact/"])
def test_a_zipped_beir_folder_is_read(root: str) -> None:
    """Also inside one top folder, and with files that nobody asked for."""
    files = {root + name: content for name, content in BEIR.items()}
    extra = {"__MACOSX/._corpus.jsonl": b"\0", f"{root}.DS_Store": b"\0", f"{root}qrels/": b""}
    corpus = read_uploads([zipped(files | extra | {f"{root}logo.png": b"\0"}, "sci.zip")])
    assert corpus == read_uploads([up(n.split("/")[-1], c) for n, c in BEIR.items()], "sci")
    assert corpus.judgments == {"q1": {"b": 1}}


def test_all_splits_are_read_and_test_is_looked_at_first() -> None:
    """Judgments may then have TREC's form, which loose files may not."""
    other = {"qrels/dev.tsv": "q1 0 a 2\n"}
    both = read_uploads([zipped(BEIR | other)])
    assert both.splits == {"dev": {"q1": {"a": 2}}, "test": {"q1": {"b": 1}}}
    assert (both.split, both.judgments) == ("test", {"q1": {"b": 1}})
    dev = both.with_split("dev")
    assert (dev.split, dev.judgments, dev.fingerprint) == (
        "dev",
        {"q1": {"a": 2}},
        both.fingerprint,
    )
    assert both.with_split("test") is both
    assert both.with_split("train") is both
    alone = {name: BEIR[name] for name in ("corpus.jsonl", "queries.jsonl")} | other
    assert read_uploads([zipped(alone)]).judgments == {"q1": {"a": 2}}


def test_loose_files_of_judgments_are_splits_by_their_names() -> None:
    """Without one that is called test, the first by name is looked at."""
    files = [up("a.jsonl", TWO), up("queries.jsonl", QUERIES)]
    other = QRELS.replace("b", "a")
    found = read_uploads([*files, up("train.tsv", QRELS), up("dev.tsv", other)])
    assert found.splits == {"dev": {"q1": {"a": 1}}, "train": {"q1": {"b": 1}}}
    assert (found.split, found.judgments) == ("dev", {"q1": {"a": 1}})


def test_a_fault_in_any_split_is_named() -> None:
    faulty = QRELS.replace("q1", "q9")
    reason = refusal(zipped(BEIR | {"qrels/dev.tsv": faulty}))
    assert reason.startswith("qrels/dev.tsv:2: ")


def test_a_zip_of_prose_keeps_its_folders_in_the_ids() -> None:
    """What is not prose is left alone."""
    corpus = read_uploads([zipped({"d/a.md": "x", "d/e/a.TXT": "y", "p.png": b"\0"}, "docs.zip")])
    assert corpus.name == "docs"
    assert passages(corpus) == [("d/a.md#1", "", "x"), ("d/e/a.TXT#1", "", "y")]


@pytest.mark.parametrize(
    "name", ["../a.md", "a/../../b.md", "/etc/a.md", "C:a.md", "c:/a.md", "a\\b.md", "\\\\h\\a.md"]
)
def test_a_member_that_leads_out_is_refused_by_name(name: str) -> None:
    """Although nothing would be written there."""
    reason = refusal(zipped({"ok.md": "x", name: "y"}))
    assert reason == f"z.zip: the member {name!r} leads out of the zip."


def test_links_and_devices_are_refused() -> None:
    """They are marked in the upper half of the attributes."""
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            member = zipfile.ZipInfo("a.md")
            member.external_attr = (kind | 0o777) << 16
            archive.writestr(member, "/etc/passwd")
        reason = refusal(Upload("z.zip", buffer.getvalue()))
        assert reason == "z.zip: the member 'a.md' is a link or a device."


def test_nested_encrypted_and_odd_zips_are_refused() -> None:
    """Each by the member that is to blame."""
    nested = zipped({"a.md": "x", "d/in.ZIP": zipped(BEIR).content})
    assert refusal(nested) == "z.zip: the member 'd/in.ZIP' is a zip itself."
    locked = bytearray(zipped({"a.md": "x"}).content)
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(Upload("z.zip", bytes(locked))) == "z.zip: the member 'a.md' is encrypted."
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.md", "x")
    reason = refusal(Upload("z.zip", buffer.getvalue()))
    assert reason == "z.zip: the member 'a.md' has an unusual compression."


@pytest.mark.parametrize("cut", [0, 1, 40, 100, -1])
def test_a_truncated_zip_is_damaged(cut: int) -> None:
    """Wherever it ends."""
    whole = zipped(BEIR)
    assert refusal(Upload("z.zip", whole.content[:cut])).startswith("z.zip: the zip is damaged or")


def test_a_changed_byte_is_noticed() -> None:
    """The checksum of the member no longer fits."""
    content = zipped({"a.md": "some words"}).content
    at = content.index(b"a.md") + 6
    damaged = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    assert refusal(Upload("z.zip", damaged)).startswith("z.zip: the zip is damaged or not a zip: ")


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"a.png": "x"}, "found 0 and 0 among 1 files."),
        ({}, "found 0 and 0 among 0 files."),
        (
            {"a/corpus.jsonl": TWO, "b/corpus.jsonl": TWO, "c.md": "x"},
            "found 2 and 1 among 3 files.",
        ),
    ],
)
def test_a_zip_without_one_corpus_is_refused(files: dict[str, str], found: str) -> None:
    """It may hold nothing, or two."""
    reason = refusal(zipped(files))
    assert reason == f"z.zip: expected one corpus.jsonl, or .md and .txt files; {found}"


def test_a_zip_bomb_is_refused_before_it_unfolds() -> None:
    """Forty megabytes in forty thousand bytes: reading stops at two hundred times the zip."""
    bomb = zipped({"corpus.jsonl": bytes(40_000_000)})
    tracemalloc.start()
    reason = refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = len(bomb.content)
    assert reason == (
        f"z.zip: the zip of {size} bytes unpacks to more than {size * 200}, "
        "the most that is allowed for its size."
    )
    assert peak < 3 * size * 200


def test_members_share_one_budget() -> None:
    """Three that would each be allowed are too much together."""
    assert refusal(zipped({f"{n}.md": "a" * 400_000 for n in range(3)})).endswith("for its size.")
    assert len(read_uploads([zipped({"1.md": "a" * 400_000})]).documents) == 1


def test_a_size_in_the_header_is_not_believed() -> None:
    """A bomb that says it is ten bytes long yields ten bytes and a wrong checksum."""
    bomb = bytearray(zipped({"a.md": "a" * 5_000_000}).content)
    entry = bomb.index(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    assert refusal(Upload("z.zip", bytes(bomb))).startswith("z.zip: the zip is damaged")


def test_too_many_members_are_refused() -> None:
    """Hidden ones do not count, unless there are absurdly many."""
    reason = "z.zip: expected at most 2000 files in the zip; found more."
    some: dict[str, str | bytes] = {f"{n}.md": "x" for n in range(MAX_FILES)}
    hidden: dict[str, str | bytes] = {f"__MACOSX/._{n}.md": b"\0" for n in range(100)}
    assert len(read_uploads([zipped(some | hidden)]).documents) == MAX_FILES
    assert refusal(zipped(some | {"one.md": "x"})) == reason
    assert refusal(Upload("z.zip", b"PK\x01\x02" * (10 * MAX_FILES + 1))) == reason


# ---------------------------------------------------------------- round trips and noise


@settings(max_examples=80, deadline=None)
@given(documents, st.sampled_from(",;\t|"))
@example([Document("1", "\r", 'a\r\nb\n"c"')], ",")
def test_what_is_written_as_csv_is_read_back(rows: list[Document], delimiter: str) -> None:
    """Any text that is valid and not blank, under every delimiter."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["_id", "title", "text"])
    writer.writerows([d.id, d.title, d.text] for d in rows)
    assert read_uploads([up("a.csv", buffer.getvalue())]).documents == tuple(rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(filled, min_size=1), st.sampled_from(["text", "contents", "body", "passage"]))
def test_what_is_written_as_jsonl_is_read_back(rows: list[str], key: str) -> None:
    """Escaped this time, and without ids."""
    content = "".join(json.dumps({key: text}) + "\r\n" for text in rows)
    expected = tuple(Document(f"doc-{n}", "", text) for n, text in enumerate(rows, 1))
    assert read_uploads([up("a.jsonl", content)]).documents == expected


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("a#=-`~ \n\r\t\u2028")), st.sampled_from(["n.md", "n.txt"]))
def test_passages_are_slices_of_the_file(content: str, name: str) -> None:
    """Cutting adds nothing and changes no order."""
    if not content.strip():
        return
    rest = content
    for document in read_uploads([up(name, content)]).documents:
        assert document.title in rest
        assert document.text in rest
        rest = rest[rest.index(document.text) + len(document.text) :]


def survives(*uploads: Upload) -> None:
    """Read an upload: a corpus that can be written down again, or a `CorpusError`."""
    try:
        corpus = read_uploads(uploads)
    except CorpusError as error:
        assert error.reason.encode()
        assert error.remedy
    else:
        assert corpus.documents
        assert all(d.text.strip() and (d.id + d.title + d.text).encode() for d in corpus.documents)


SUFFIXES = [".jsonl", ".csv", ".tsv", ".md", ".txt", ".zip", ".exe", ""]
scraps = st.lists(
    st.sampled_from(
        [b'"', b",", b";", b"\t", b"|", b"\n", b"\r", b"text", b"id", b"#", b"\xef\xbb\xbf"]
    )
    | st.binary(max_size=6)
).map(b"".join)
values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(["_id", "id", "text", "contents", "title", "metadata", "tags", "note"])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=5), st.sampled_from(SUFFIXES), st.binary() | scraps)
def test_any_bytes_are_a_corpus_or_an_error(stem: str, suffix: str, content: bytes) -> None:
    """Under any name, too."""
    survives(Upload(stem + suffix, content))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(fields, values), max_size=3), st.binary(max_size=40))
def test_any_json_is_a_corpus_or_an_error(rows: list[dict[str, object]], noise: bytes) -> None:
    """As documents, as queries, with noise for judgments."""
    content = "\n".join(json.dumps(row) for row in rows)
    survives(up("a.jsonl", content))
    survives(up("a.jsonl", TWO), up("queries.jsonl", content))
    survives(up("a.jsonl", TWO), up("queries.jsonl", QUERIES), up("t.tsv", QRELS.encode() + noise))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.integers(0, 600), st.integers(0, 255), min_size=1, max_size=4))
def test_any_damage_to_a_zip_is_a_corpus_or_an_error(damage: dict[int, int]) -> None:
    """Every header field of a zip may lie."""
    content = bytearray(zipped(BEIR).content)
    for place, value in damage.items():
        content[place % len(content)] = value
    survives(Upload("z.zip", bytes(content)))


def test_a_sample_survives_being_uploaded() -> None:
    """The documents of a sample, written as CSV, have the sample's fingerprint."""
    sample = open_corpus("exceptions")
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows(
        [["id", "title", "text"], *([d.id, d.title, d.text] for d in sample.documents)]
    )
    assert read_uploads([up("x.csv", buffer.getvalue())]).fingerprint == sample.fingerprint
