"""CSV and TSV: delimiters, columns, and errors that name the record's first line."""

from __future__ import annotations

import pytest

from components.corpora import Columns, read_uploads
from components.corpora.formats import TablePreview
from components.corpora.formats.tables import preview_table
from tests.support.uploads import passages, refusal, up


def test_a_preview_shows_what_was_found() -> None:
    """Columns lose the spaces around them; cells do not."""
    preview = preview_table(up("a.csv", '\ufeffID; Title ;Body\n1;"a;b"; x\n\n;;\n2;;"y\nz"\n'))
    rows = (("1", "a;b", " x"), ("2", "", "y\nz"))
    assert preview == TablePreview(
        ("ID", "Title", "Body"), rows, ";", Columns("Body", "Title", "ID"), "by its name"
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
    """Two columns named alike are told apart by a number."""
    table = up("a.csv", "text,x,x,q\nt,1,2,3\n")
    assert passages(read_uploads([table], columns=Columns("q", title="text"))) == [
        ("doc-1", "t", "3")
    ]
    assert passages(read_uploads([table], columns=Columns("x (2)"))) == [("doc-1", "", "2")]
    assert refusal(table, columns=Columns("text", id="nr")) == (
        "a.csv:1: expected one column 'nr'; found 0 among 'text', 'x', 'x (2)', 'q'."
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
        ("id,text\n1,x\n\n2\n", "a.csv:4: expected 2 columns, as in the header; found 1."),
        ('id,text\n1,"x\ny"\n2,a,b\n', "a.csv:4: expected 2 columns, as in the header; found 3."),
        ('id,text\n1,x\n2,"y\nz', "a.csv:3: the quotes of this row do not match: "),
        ('id,text\n1,"x"y\n', "a.csv:2: the quotes of this row do not match: "),
        ("id,text\n1,x\n1,y\n", "a.csv:3: the id '1' is already used at a.csv:2."),
        ("id,text\n1,x\n,y\n", "a.csv:3: the id '' has 0 characters"),
        ("id,text\n", "a: the corpus holds no documents; expected at least one."),
        (
            b"id,text\n1,\x81\n",
            "a.csv:2: the byte 0x81 at offset 10 of the file is not valid UTF-8",
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
