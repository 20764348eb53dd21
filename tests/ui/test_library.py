"""The library on the Corpus page: what is listed, for whom, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components.config import LibrarySettings
from components.corpora import open_corpus
from components.domain import Corpus
from components.lab.library import Library
from components.ui.shared import state
from tests.support.corpus_page import LIGHTHOUSE, begin, jsonl, name_field, names, upload
from tests.support.visits import APP, PATIENCE, Visit, has, said, texts

pytestmark = pytest.mark.usefixtures("own_data")
PAGE = "pages/corpus.py"


@pytest.fixture
def shared() -> Iterator[None]:
    """Let the lab listen beyond this machine."""
    before = st.get_option("server.address")
    st.config.set_option("server.address", "0.0.0.0")
    yield
    st.config.set_option("server.address", before)


def library() -> Library:
    return state._lab().library


def mine(name: str) -> Corpus:
    return replace(open_corpus("exceptions"), name=name)


def adopted(at: AppTest, name: str) -> AppTest:
    """Upload the lighthouse under a name."""
    upload(at, "towers.jsonl", LIGHTHOUSE)
    name_field(at).set_value(name)
    at.button(key="use_upload").click().run()
    begin(at)
    return at


def rename(at: AppTest, name: str) -> AppTest:
    field = next(field for field in at.text_input if field.label == "New name")
    field.set_value(name)
    next(button for button in at.button if button.label == "Rename it").click().run()
    assert not at.exception
    return at


def test_an_empty_library_takes_no_room(visit: Visit) -> None:
    at = visit(PAGE)
    assert "Library" not in [header.value for header in at.header]
    assert not has(at, "manage")


def test_every_window_of_this_machine_lists_all(visit: Visit) -> None:
    at = visit(PAGE)
    library().add(mine("by command"))
    library().add(mine("of a visitor"), "browser:ann")
    adopted(at, "towers")
    other = visit(PAGE)
    for page in (at, other):
        table = page.dataframe[1].value
        assert list(table["Corpus"]) == ["towers", "of a visitor", "by command"]
        assert list(table["Passages"]) == [2, 9, 9]
        assert list(table["Queries"]) == [0, 6, 6]
        assert table["Indexed for"][0] == "bm25"
        assert "Found by" not in table
        assert sorted(names(page)[3:]) == sorted(f"{name} (library)" for name in table["Corpus"])
    assert "3 corpora that stay" in said(other, "soft-about-library")
    assert not has(other, "manage"), "a sample is nobody's"


def test_a_corpus_is_renamed_and_bad_names_are_told(visit: Visit) -> None:
    at = adopted(visit(PAGE), "towers")
    library().add(mine("taken"))
    for name, why in (("a/b", "a path"), ("Taken", "already"), ("helpdesk", "a sample")):
        assert why in said(rename(at, name), "complaint")
    token = library().named()["towers"].token
    assert names(rename(at, "  The  coast "))[3] == "The coast (library)"
    assert not has(at, "complaint")
    assert said(at, "soft-where").startswith("The coast · 2 passages")
    assert library().named()["The coast"].token == token
    assert f"?upload={token}" in at.code[0].value


def test_a_corpus_is_deleted_and_the_first_sample_is_opened(visit: Visit) -> None:
    at = adopted(visit(PAGE), "towers")
    lab = state._lab()
    assert "2 passages, 0 queries and 0 judgments" in said(at, "manage")
    assert [alias for alias in lab.store.aliases() if "bm25" in alias]
    fingerprint = library().named()["towers"].fingerprint
    at.button(key="delete_corpus").click().run()
    assert not at.exception
    assert at.success[0].value == "towers was deleted."
    assert said(at, "soft-where").startswith("helpdesk")
    assert names(at) == ["helpdesk", "atlas", "exceptions"]
    assert not [alias for alias in lab.store.aliases() if fingerprint[:16] in alias]
    assert not list(Path(lab.settings.cache_dir, "vectors").glob(f"{fingerprint[:32]}*"))
    said_before, _ = at.session_state[state.DELETED]
    at.session_state[state.DELETED] = (said_before, 0.0)  # its time is over
    assert not at.run().success


def test_what_was_deleted_elsewhere_gives_way_to_a_sample(visit: Visit) -> None:
    at = adopted(visit(PAGE), "towers")
    library().remove(library().named()["towers"])
    at.run()
    assert not at.exception
    assert said(at, "soft-where").startswith("helpdesk")


def test_a_damaged_corpus_is_told_and_gives_way(visit: Visit) -> None:
    at = adopted(visit(PAGE), "towers")
    entry = library().named()["towers"]
    (library().folder / entry.id / "documents.bin").unlink()
    library()._opened.clear()
    at.switch_page("app.py").run()
    assert not at.exception
    assert "documents.bin cannot be read" in texts(at)
    assert said(at, "soft-where").startswith("helpdesk")


def test_a_quota_that_is_reached_is_told_and_nothing_changes(visit: Visit) -> None:
    at = visit(PAGE)
    library()._limits = LibrarySettings(0, 0)
    upload(at, "towers.jsonl", LIGHTHOUSE)
    at.button(key="use_upload").click().run()
    assert "'towers' does not fit: the library takes 0.0 of at most 0 MB" in said(at, "complaint")
    assert at.session_state[state.CORPUS] == "exceptions"
    assert has(at, "use_upload")
    assert library().entries() == ()


def test_a_disk_that_cannot_be_written_costs_keeping_alone(visit: Visit) -> None:
    at = visit(PAGE)
    library().folder.rmdir()
    library().folder.write_text("in the way")
    adopted(at, "towers")
    assert "stays until this window is closed" in said(at, "soft-unkept")
    assert names(at)[3:] == ["towers (this window)"]
    assert at.metric[0].value == "2"


@pytest.mark.usefixtures("shared")
def test_on_a_shared_lab_a_corpus_is_its_owners_until_it_is_shared(visit: Visit) -> None:
    library().add(mine("of the operator"))
    ann, eve = adopted(visit(PAGE), "towers"), visit(PAGE)
    assert names(eve) == ["helpdesk", "atlas", "exceptions"]
    assert list(ann.dataframe[1].value["Found by"]) == ["you, and who has its link"]
    [toggle] = ann.toggle
    toggle.set_value(True).run()
    assert list(ann.dataframe[1].value["Found by"]) == ["everybody here"]
    eve.run()
    assert names(eve)[3:] == ["towers (library)"]
    eve.selectbox(key="_corpus_page").set_value("towers").run()
    assert has(eve, "manage")
    assert not has(eve, "delete_corpus")
    assert "New name" not in [field.label for field in eve.text_input]
    upload(eve, "towers.jsonl", jsonl({"_id": "c", "text": "A ship of oak."}))
    eve.button(key="use_upload").click().run()
    begin(eve)
    assert names(eve)[3:] == ["towers (library)", "towers (2) (library)"]
    ann.toggle[0].set_value(False).run()
    eve.run()
    assert names(eve)[3:] == ["towers (library)"]


@pytest.mark.usefixtures("shared")
def test_a_link_is_followed_into_another_session(visit: Visit) -> None:
    adopted(visit(PAGE), "towers")
    [entry] = library().entries()
    visit(PAGE)
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    for name, value in (("upload", entry.token), ("first", "bm25"), ("reranker", "")):
        at.query_params[name] = value
    at.run()
    assert said(at, "soft-where").startswith("towers · 2 passages")
    at.switch_page(PAGE).run()
    assert list(at.dataframe[1].value["Found by"]) == ["its link"]
    assert not has(at, "delete_corpus")
