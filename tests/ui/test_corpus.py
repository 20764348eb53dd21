"""The Corpus page as a visitor works it."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from components.corpora import Upload, read_uploads
from components.lab import Lab, read_settings
from components.lab.work import Step
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from tests.support.asking import results
from tests.support.corpus_page import LIGHTHOUSE, begin, jsonl, name_field, names, upload
from tests.support.uploads import zipped
from tests.support.visits import Visit, ask, has, htmls, ids, said, settle, texts


def column_field(at: AppTest, role: str) -> Selectbox[str]:
    """Return the field for a table's column."""
    return next(field for field in at.selectbox if field.label == f"{role} column")


def test_the_corpus_page_tells_the_figures(visit: Visit) -> None:
    at = visit("pages/corpus.py")
    corpus = state.sample("exceptions")
    words = sum(len(f"{d.title} {d.text}".split()) for d in corpus.documents)
    assert {metric.label: metric.value for metric in at.metric} == {
        "Passages": "9",
        "Words a passage": f"{words / 9:,.0f}",
        "Queries": "6",
        "Judgments": str(sum(map(len, corpus.judgments.values()))),
        "Fingerprint": corpus.fingerprint[:12],
    }
    assert corpus.card.strip() in [markdown.value for markdown in at.markdown]
    assert names(at) == ["helpdesk", "atlas", "exceptions"]


def test_choosing_a_corpus_on_its_page_changes_what_compare_searches(visit: Visit) -> None:
    at = visit()
    settle(at)
    at.switch_page("pages/corpus.py").run()
    at.selectbox(key="_corpus_page").set_value("atlas").run()
    assert at.metric[0].value == "393"
    at.switch_page("app.py").run()
    job = settle(at)
    assert job.corpus.name == "atlas"
    assert job.request.query.text == state.sample("atlas").queries[0].text
    assert at.selectbox(key="_corpus").value == "atlas"
    at.selectbox(key="_corpus").set_value("exceptions").run()
    assert settle(at).corpus.name == "exceptions"
    at.switch_page("pages/corpus.py").run()
    assert at.metric[0].value == "9"


def test_a_corpus_without_queries_opens_with_its_first_title(visit: Visit) -> None:
    line = b'{"_id": "q", "title": "The quarry road", "text": "It is closed after rain."}'
    corpus = read_uploads([Upload("mine.jsonl", line)], "mine")
    at = visit(**{state.UPLOADS: {"mine": corpus}, state.CORPUS: "mine"})
    assert settle(at).request.query.text == "The quarry road"


@pytest.mark.models
def test_index_now_fills_the_store_and_says_so(visit: Visit) -> None:
    corpus = read_uploads([Upload("mine.jsonl", LIGHTHOUSE)], "mine")
    at = visit("pages/corpus.py", **{state.UPLOADS: {"mine": corpus}, state.CORPUS: "mine"})
    row = at.dataframe[-1].value.set_index("System")
    assert set(row["In the store"]) == {"not yet"}
    assert at.selectbox(key="_index_with").value == "bge-small"
    at.checkbox(key="_index_tokens").check().run()
    at.button(key="index_now").click().run()
    task = begin(at)
    assert (task.error, task.step) == (None, Step("done"))
    assert at.success[0].value == "Indexed."
    row = at.dataframe[-1].value.set_index("System")
    assert dict(row["In the store"]) == {
        "bge-small": "2 points",
        "minilm-l6": "not yet",
        "bm25": "not yet",
        "hybrid": "2 points",
    }
    assert row["Vectors on disk"]["bge-small"] == "2 of 2"
    assert row["Vectors on disk"]["minilm-l6"] == "0 of 2"
    passages = [document.passage for document in corpus.documents]
    assert Lab(read_settings()).tokens.missing(passages) == []


def test_an_upload_is_previewed_named_used_and_searched(visit: Visit) -> None:
    at = visit()
    settle(at)
    at.switch_page("pages/corpus.py").run()
    upload(at, "towers.jsonl", LIGHTHOUSE)
    assert "towers: 2 passages, 0 queries, 0 judgments." in texts(at)
    assert list(at.dataframe[-2].value["title"]) == ["The lighthouse", "The mill"]
    assert at.session_state[state.CORPUS] == "exceptions", "a preview changes nothing"
    name_field(at).set_value("coast")
    at.button(key="use_upload").click().run()
    assert begin(at).step.state == "done"
    assert names(at) == ["helpdesk", "atlas", "exceptions", "coast (library)"]
    assert at.selectbox(key="_corpus_page").value == "coast"
    assert at.metric[0].value == "2"
    assert not has(at, "use_upload"), "the form is closed"
    assert not at.file_uploader[0].value
    assert said(at, "uploaded").startswith("✓ coast is here: 2 passages.")
    at.button(key="search_upload").click().run()
    assert at.selectbox(key="_corpus").value == "coast"
    assert said(at, "soft-where").startswith("coast · 2 passages")
    job = settle(ask(at, "zorblax"))
    assert job.corpus.name == "coast"
    assert ids(job.first_stage) == ids(results(job)["bm25"]) == ["a"]


def test_the_columns_of_a_table_can_be_chosen(visit: Visit) -> None:
    at = visit("pages/corpus.py")
    table = b"number,what,words\n1,The lighthouse,A lamp of zorblax\n2,The mill,Two stones\n"
    upload(at, "towers.csv", table)
    assert column_field(at, "Text").value == "words", "it holds the longest texts"
    assert "holds the longest texts: 3 words a row" in said(at, "soft-guess")
    assert "⚠ towers.csv: no column is named like a text" in said(at, "soft-import_0")
    column_field(at, "Text").set_value("words")
    column_field(at, "Title").set_value("what")
    column_field(at, "Id").set_value("number").run()
    at.button(key="use_upload").click().run()
    begin(at)
    library = state._lab().library
    corpus = library.open(library.named()["towers"])
    assert [(d.id, d.title, d.text) for d in corpus.documents] == [
        ("1", "The lighthouse", "A lamp of zorblax"),
        ("2", "The mill", "Two stones"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.jsonl", b'{"_id": "1", "text": "x"}\n{"_id": "2", "text": 3}', "a.jsonl:2"),
        ("a.jsonl", b'{"_id": "1", "text": "x"}\n{nonsense', "a.jsonl:2"),
        ("a.csv", b"id,text\n1,one\n2,two,three\n", "a.csv:3"),
        ("a.csv", b"", "a.csv:1"),
        ("a.txt", b"caf\x81", "a.txt:1"),
        ("a.zip", b"PK nonsense", "a.zip"),
    ],
)
def test_a_bad_upload_names_file_and_line_and_changes_nothing(
    visit: Visit, name: str, content: bytes, where: str
) -> None:
    at = upload(visit("pages/corpus.py"), name, content)
    assert not at.exception
    assert f"⚠ {where}" in said(at, "complaint")
    assert not has(at, "use_upload")
    assert names(at) == ["helpdesk", "atlas", "exceptions"]
    assert at.session_state[state.CORPUS] == "exceptions"
    assert has(at, "index_now"), "the rest of the page is there"


def test_a_good_upload_after_a_bad_one(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "a.jsonl", b"{nonsense")
    assert has(at, "complaint")
    upload(at, "towers.jsonl", LIGHTHOUSE)
    assert not has(at, "complaint")
    assert has(at, "use_upload")


@pytest.mark.parametrize("taken", ["helpdesk", "Exceptions", "", "   ", "a/b", "../etc"])
def test_an_upload_cannot_take_the_name_of_a_sample(visit: Visit, taken: str) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    name_field(at).set_value(taken)
    at.button(key="use_upload").click().run()
    assert re.search("empty|taken|looks like a path", said(at, "complaint"))
    assert names(at) == ["helpdesk", "atlas", "exceptions"]
    assert at.session_state[state.CORPUS] == "exceptions"
    name_field(at).set_value("towers")
    at.button(key="use_upload").click().run()
    begin(at)
    assert names(at)[-1] == "towers (library)"


def test_taking_the_place_of_an_upload_is_said_before(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    assert not has(at, "soft-replaces")
    at.button(key="use_upload").click().run()
    begin(at)
    upload(at, "towers.jsonl", jsonl({"_id": "c", "text": "A ship of oak."}))
    assert said(at, "soft-replaces").startswith("This takes the place of your corpus")
    name_field(at).set_value("others").run()
    assert not has(at, "soft-replaces")


def test_a_second_upload_joins_the_first(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    at.button(key="use_upload").click().run()
    begin(at)
    other = jsonl({"_id": "c", "text": "A ship of oak."})
    upload(at, "ships.jsonl", other)
    at.button(key="use_upload").click().run()
    begin(at)
    assert names(at)[3:] == ["towers (library)", "ships (library)"]
    assert at.metric[0].value == "1"
    assert said(at, "uploaded").startswith("✓ ships is here: 1 passage.")
    at.selectbox(key="_corpus_page").set_value("towers").run()
    assert at.metric[0].value == "2"
    assert not has(at, "search_upload"), "it would search another corpus than the last upload"


def test_an_upload_replaces_the_visitors_own_of_the_same_name(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    at.button(key="use_upload").click().run()
    begin(at)
    at.switch_page("app.py").run()
    before = settle(ask(at, "oak"))
    at.switch_page("pages/corpus.py").run()
    upload(at, "towers.jsonl", jsonl({"_id": "c", "text": "A ship of oak."}))
    at.button(key="use_upload").click().run()
    begin(at)
    assert names(at)[3:] == ["towers (library)"]
    at.switch_page("app.py").run()
    job = settle(ask(at, "oak"))
    assert job is not before
    assert ids(job.first_stage) == ["c"]


def test_each_table_begins_with_its_own_columns(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "a.csv", b"id,body,rest\n1,one,x\n")
    assert column_field(at, "Text").value == "body"
    column_field(at, "Text").set_value("rest").run()
    upload(at, "b.csv", b"rest,text\nx,two\n")
    assert column_field(at, "Text").value == "text"
    assert column_field(at, "Id").value == "(none)"
    assert not has(at, "complaint")
    assert at.session_state["new_corpus"][1].documents[0].text == "two"


def test_what_became_of_an_upload_is_shown_before_it_is_indexed(visit: Visit) -> None:
    """Warnings, a table of files and one of columns; metadata stands in the passages."""
    files = {
        "README.md": "# How it was made",
        "documents.jsonl": '{"doc_id": "a", "text": "oak", "url": "u"}\n{"doc_id": "b"}',
        "queries.jsonl": '{"_id": "q", "text": "tree"}',
        "qrels.tsv": "q\ta\t1\nq\tgone\t1\n",
    }
    at = upload(visit("pages/corpus.py"), "set.zip", zipped(files).content)
    assert not at.exception
    warnings = [said(at, f"soft-import_{number}") for number in range(3)]
    assert warnings[0].startswith("⚠ 1 document has neither title nor text")
    assert warnings[1].startswith("⚠ 1 of 2 judgments of split test left out")
    assert warnings[2].startswith("⚠ Not read: 'README.md'")
    columns, passages = (frame.value for frame in at.dataframe[-3:-1])
    read = at.dataframe[-4].value
    assert dict(zip(read["File"], read["Read as"], strict=True)) == {
        "documents.jsonl": "documents",
        "queries.jsonl": "queries",
        "qrels.tsv": "judgments",
        "README.md": "ignored",
    }
    assert dict(zip(columns["Column"], columns["Read as"], strict=True)) == {
        "doc_id": "id",
        "text": "text",
        "url": "metadata",
    }
    assert list(passages["url"]) == ["u", ""]
    assert has(at, "use_upload")


def test_columns_of_jsonl_can_be_chosen_too(visit: Visit) -> None:
    """As suggested it is read as the command line reads it: ids that repeat are given up."""
    rows = jsonl({"doc_id": "d", "text": "oak", "note": "x"}, {"doc_id": "d", "text": "elm"})
    at = upload(visit("pages/corpus.py"), "a.jsonl", rows)
    assert column_field(at, "Id").value == "doc_id"
    assert not has(at, "complaint")
    assert [d.id for d in at.session_state["new_corpus"][1].documents] == ["doc-1", "doc-2"]
    column_field(at, "Text").set_value("doc_id").run()
    assert [d.text for d in at.session_state["new_corpus"][1].documents] == ["d", "d"]
    assert [d.id for d in at.session_state["new_corpus"][1].documents] == ["doc-1", "doc-2"]


def test_a_document_that_cannot_be_read_is_named_and_the_others_can_be_used(visit: Visit) -> None:
    at = visit("pages/corpus.py")
    files = [("broken.pdf", b"hello"), ("notes.md", b"# Lamps\n\nA lamp of zorblax.\n")]
    at.file_uploader[0].set_value([(*file, "application/octet-stream") for file in files])
    at.run()
    assert said(at, "soft-import_0").startswith(
        "\u26a0 Not read: broken.pdf: expected a PDF; the file"
    )
    table = at.dataframe[-3].value
    assert list(table["Read as"]) == ["documents", "refused"]
    assert has(at, "use_upload")
    at.file_uploader[0].set_value([(*files[0], "application/octet-stream")])
    at.run()
    assert not has(at, "use_upload")
    assert "\u26a0 broken.pdf: expected a PDF" in said(at, "complaint")


def test_a_guessed_encoding_is_told_on_the_page(visit: Visit) -> None:
    at = visit("pages/corpus.py")
    upload(at, "t.csv", "id,text\n1,Der Käse reift\n".encode("cp1252"))
    note = "not valid UTF-8 at line 2"
    assert said(at, "soft-import_0") == f"⚠ t.csv: read as Windows-1252: {note}."
    files = at.dataframe[-4].value.iloc[0]
    assert (files["Encoding"], files["Note"]) == ("Windows-1252", note)
    assert at.dataframe[-5].value.iloc[0]["text"] == "Der Käse reift"
    upload(at, "u.csv", "id,text\n1,Der Käse reift\n".encode("utf-16"))
    assert at.dataframe[-4].value.iloc[0]["Encoding"] == "UTF-16"


def test_what_a_file_says_of_a_document_is_on_its_card_and_in_the_panel(visit: Visit) -> None:
    """The card has a line of it; the panel has all of it."""
    rows = (
        b"id,text,year,product,a,b,note\n1,zorblax lamp,2020,desktop,c,d,<b>last</b>\n2,mill,,,,,\n"
    )
    at = visit("pages/corpus.py")
    upload(at, "t.csv", rows)
    at.button(key="use_upload").click().run()
    begin(at)
    at.switch_page("app.py").run()
    job = settle(ask(at, "zorblax"))
    cards = [card for column in board_data(job, 10, {}).columns for card in column.cards]
    line = "year 2020, product desktop, a c, b d"
    assert {card.id: card.details for card in cards} == {"1": line}
    at.session_state["board"] = {"selected": {"document": "1", "system": "bm25"}}
    at.run()
    [markup] = [markup for markup in htmls(at) if '<dl class="panel-details' in markup]
    assert '<dt dir="auto">note</dt><dd dir="auto">&lt;b&gt;last&lt;/b&gt;</dd>' in markup
