"""CSV and TSV: delimiters, columns, and errors that name the record's first line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.corpora import Columns, read_uploads
from components.corpora.formats import TablePreview
from components.corpora.formats.tables import preview_table
from tests.support.uploads import passages, refusal, up, zipped


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


@pytest.mark.parametrize(
    ("rows", "ids", "where"),
    [
        ('1,"Never closed.\n2,closed here."\n3,c\n', ["1", "3"], "c.csv:2: the record that begins"),
        ('1,a\n2,"b\n3,c\n4,d"\n', ["1", "2"], "c.csv:3: the record that begins here spans 3 lin"),
        ('1,"a\r\n2,b"\r\n3,c\r\n', ["1", "3"], "c.csv:2: the record that begins here spans 2 l"),
    ],
)
def test_rows_that_a_stray_quote_swallowed_are_named(rows: str, ids: list[str], where: str) -> None:
    """However few: two lines are enough."""
    corpus = read_uploads([up("c.csv", f"id,text\n{rows}")])
    assert [document.id for document in corpus.documents] == ids
    [warning] = corpus.report.warnings
    assert warning.startswith(where)
    assert warning.endswith("like a row: a quote mark may be missing or too many.")


@pytest.mark.parametrize(
    "rows",
    [
        '1,"First line.\nSecond line."\n',
        '1,"First line,\nand a second, with a comma"\n',
        '1,"Dear all,\n\nYours, Ann"\n',
        '1,"a\n2,b,c"\n',
    ],
)
def test_texts_of_several_lines_are_not_suspected(rows: str) -> None:
    """Their lines are no rows: not as wide, or beginning with more than a word."""
    assert read_uploads([up("c.csv", f"id,text\n{rows}")]).report.warnings == ()
    alone = read_uploads([up("c.csv", 'text\n"one\ntwo"\nthree\n')])
    assert not [warning for warning in alone.report.warnings if "quote" in warning]


def test_a_header_that_swallowed_rows_is_named() -> None:
    corpus = read_uploads([up("c.csv", 'id,"text\n1,a\n2,b"\n3,c\n')])
    assert [document.id for document in corpus.documents] == ["3"]
    assert any(
        warning.startswith(
            "c.csv:4: the header above spans 3 lines, each of which looks like a row"
        )
        for warning in corpus.report.warnings
    )


def test_all_suspects_are_named_before_rows_that_are_long() -> None:
    """The first five in a sentence each, the others by their places; queries as well."""
    long = "".join(f'{n},"a\nb\nc\nd"\n' for n in range(6))
    torn = "".join(f'{n},"x\n{n + 1},y"\n' for n in range(10, 24, 2))
    warnings = read_uploads([up("c.csv", f"id,text\n{long}{torn}")]).report.warnings
    assert [warning.partition(": ")[0] for warning in warnings[:5]] == [
        f"c.csv:{line}" for line in range(26, 36, 2)
    ]
    assert all("quote mark" in warning for warning in warnings[:5])
    rest = ", ".join(f"c.csv:{line}" for line in (36, 38, 2, 6, 10, 14, 18, 22))
    assert warnings[5] == f"c.csv: 8 more such rows, at {rest}."
    files = {"corpus.csv": "id,text\n1,a\n", "queries.csv": 'id,text\nq1,"a\nq2,b"\nq3,c\n'}
    [warning] = read_uploads([zipped(files)]).report.warnings
    assert warning.startswith("queries.csv:2: the record that begins here spans 2 lines, each of w")


ROWS = st.lists(st.text(st.sampled_from("ab ,;"), max_size=8), min_size=1, max_size=6)


@given(ROWS, st.data())
def test_no_row_is_swallowed_in_silence(texts: list[str], data: st.DataObject) -> None:
    """A quote mark more before one text and after a later one: fewer documents, and a warning."""
    start = data.draw(st.integers(0, len(texts) - 1))
    end = data.draw(st.integers(start, len(texts) - 1))
    cells = [text.replace(",", " ") for text in texts]
    lines = [f"{n},{cell}" for n, cell in enumerate(cells)]
    lines[start] = lines[start].replace(",", ',"', 1)
    lines[end] += '"'
    corpus = read_uploads([up("c.csv", "id,text\n" + "\n".join(lines))])
    assert len(corpus.documents) == len(texts) - (end - start)
    told = [warning for warning in corpus.report.warnings if "quote mark" in warning]
    assert len(told) == (end > start)
