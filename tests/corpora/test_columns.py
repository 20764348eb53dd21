"""Which columns are text, title and id: as chosen, by their names, or guessed with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.corpora import Columns, open_corpus, preview_columns, read_uploads
from components.domain import CorpusError, InputError
from tests.support.uploads import passages, refusal, up, zipped

URL = "https://example.org/articles/of/the/year/2020?language=en&print=true#part-"
TICKETS = "nr,headline,body,url\n" + "".join(
    f"{n},Lamp {n},A lamp is lit.,{URL}{n}\n" for n in range(3)
)
GUESSED = frozenset({"title", "id"})


def test_what_is_not_chosen_is_as_guessed() -> None:
    corpus = read_uploads([up("t.csv", TICKETS)], columns=Columns("headline", guessed=GUESSED))
    assert passages(corpus)[0] == ("0", "", "Lamp 0")
    assert dict(corpus.documents[0].details) == {"body": "A lamp is lit.", "url": f"{URL}0"}
    roles = {c.name: (c.role, c.note) for c in corpus.report.columns}
    assert roles["headline"] == ("text", "as chosen")
    assert roles["nr"] == ("id", "by its name")


def test_no_column_can_be_chosen_for_title_and_id() -> None:
    """The same column may be both text and title; without an id documents are numbered."""
    table = up("t.csv", TICKETS)
    assert passages(read_uploads([table], columns=Columns()))[0] == ("doc-1", "", "A lamp is lit.")
    both = read_uploads([table], columns=Columns("body", "body", guessed=frozenset({"id"})))
    assert passages(both)[0] == ("0", "A lamp is lit.", "A lamp is lit.")


def test_columns_of_a_folder_and_of_a_zip_can_be_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "t.csv").write_text(TICKETS)
    packed = zipped({"t.csv": TICKETS}, "set.zip")
    (tmp_path / "set.zip").write_bytes(packed.content)
    columns = Columns("body", id="url", guessed=frozenset({"title"}))
    for path in (folder, tmp_path / "set.zip", folder / "t.csv"):
        corpus = open_corpus(str(path), columns=columns)
        assert passages(corpus)[2] == (f"{URL}2", "Lamp 2", "A lamp is lit.")
        with pytest.raises(CorpusError, match="expected one column 'text'; found 0 among 'nr'"):
            open_corpus(str(path), columns=Columns("text"))


def test_prose_and_ir_datasets_have_no_columns_to_choose(tmp_path: Path) -> None:
    assert refusal(up("n.md", "# A\n\nx\n"), columns=Columns("text")) == (
        "n.md: prose has no columns to choose from."
    )
    with pytest.raises(InputError, match="has no columns to choose"):
        open_corpus("irds:lab/any", columns=Columns("text"))


# ---------------------------------------------------------------- the guess


@pytest.mark.parametrize(
    "strange",
    [
        URL,
        "www.example.org/a/very/long/path/to/some/page/of/a/book/about/lamps/and/clocks/",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef-",
        "how-to-light-the-lamp-of-an-old-lighthouse-without-burning-fingers-",
        "com.example.lighthouse.lamps.models.of.the.nineteenth.century.Fresnel",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQ",
    ],
)
def test_words_win_against_longer_addresses_and_codes(strange: str) -> None:
    rows = "".join(f"{n},{strange}{n},Die Lampe {'abc'[n]}\n" for n in range(3))
    table = up("t.csv", "Ticket No,Ziel,Meldung\n" + rows)
    preview = preview_columns(table)
    assert preview is not None
    assert preview.suggested is not None
    assert preview.suggested.text == "Meldung"
    why = "holds the longest texts: 3 words a row (addresses and codes, as in 'Ziel', do not count)"
    assert (preview.guessed, preview.reason) == (True, why)
    assert read_uploads([table]).report.warnings == (
        f"t.csv: no column is named like a text; 'Meldung' is read as the text, since it {why}.",
    )


def test_texts_without_spaces_count_where_they_are_no_codes() -> None:
    """Chinese has no spaces; where nothing holds words, the longest is the text."""
    chinese = up("t.csv", f"nr,Ziel,Inhalt\n1,{URL},港口的灯在黄昏时点亮2020年\n2,{URL},灯\n")
    assert read_uploads([chinese]).documents[1].text == "灯"
    codes = up("t.csv", "nr,short,long\n1,A1,B22222\n2,A2,B33333\n")
    assert read_uploads([codes]).documents[0].text == "B22222"


def test_a_field_named_like_a_text_that_holds_addresses_is_none() -> None:
    rows = [{"id": str(n), "document": f"{URL}{n}", "answer": "It is lit."} for n in range(3)]
    corpus = read_uploads([up("a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))])
    assert corpus.documents[0].text == "It is lit."
    assert corpus.documents[0].details == (("document", f"{URL}0"),)
    alone = up("a.jsonl", json.dumps({"id": "1", "text": URL}))
    assert read_uploads([alone]).documents[0].text == URL, "what is called text is the text"
    blank = up("a.jsonl", '{"id": "1", "title": "Lamps", "body": ""}')
    assert passages(read_uploads([blank])) == [("1", "Lamps", "")]


NAMES = st.sampled_from(["id", "text", "title", "body", "url", "a b", "note"])
CELLS = st.text(st.sampled_from("ab 1/:.-"), max_size=12)
TABLES = st.lists(st.dictionaries(NAMES, CELLS, min_size=1), min_size=1, max_size=5)


@given(TABLES, st.none() | NAMES, st.none() | NAMES, st.none() | NAMES)
def test_any_choice_is_followed_or_refused_in_words(
    rows: list[dict[str, str]], text: str | None, title: str | None, identity: str | None
) -> None:
    """Documents in are documents kept, and nothing but `CorpusError` is raised."""
    file = up("a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    names = {name for row in rows for name in row}
    wanted = {name for name in (text, title, identity) if name is not None}
    try:
        corpus = read_uploads([file], columns=Columns(text, title, identity))
    except CorpusError as exc:
        assert exc.remedy.endswith(".")
        return
    assert wanted <= names
    assert len(corpus.documents) == len(rows)
    if text is not None:
        assert [d.text for d in corpus.documents] == [row.get(text, "") for row in rows]
