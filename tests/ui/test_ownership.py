"""Whose is it: on a shared lab each visitor's own, on a lab bound to this machine everybody's.

Every visit through AppTest is a browser of its own: it brings no cookie.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components.domain import Corpus, Document, Query
from components.evaluation.job import EvaluationJob
from components.evaluation.store import EvaluationStore
from components.ui.shared import state
from tests.support.visits import APP, PATIENCE, Visit, has, said, settle, texts

pytestmark = pytest.mark.usefixtures("own_data")
EVALUATE = "pages/evaluate.py"
SECRET = "the secret question of Ann"
ANNS = Corpus(
    "anns",
    (Document("d1", "", "a secret fox"), Document("d2", "", "a hat")),
    (Query("q1", SECRET),),
    {"q1": {"d1": 1}},
    "a" * 64,
)
"""Ann's upload: documents that anybody may have, with queries and judgments of her own."""
SAME = Corpus("same", ANNS.documents, (), {}, ANNS.fingerprint)
"""The same documents, uploaded by somebody else."""


@pytest.fixture
def shared() -> Iterator[None]:
    """Let the lab listen beyond this machine."""
    before = st.get_option("server.address")
    st.config.set_option("server.address", "0.0.0.0")
    yield
    st.config.set_option("server.address", before)


def evaluated(visit: Visit, corpus: Corpus = ANNS) -> tuple[AppTest, EvaluationJob]:
    """Upload a corpus as a new visitor and evaluate BM25 over it."""
    uploaded = {state.UPLOADS: {corpus.name: corpus}, state.CORPUS: corpus.name}
    at = visit(EVALUATE, **{state.RERANKERS: ()} | uploaded)
    at.button(key="evaluate_now").click().run()
    job = at.session_state[state.EVALUATING]
    job.join(PATIENCE)
    at.session_state[state.EVALUATED] = job.saved
    at.run()
    assert not at.exception
    return at, job


def page_of(at: AppTest) -> str:
    """Return everything that a page sends to the browser, as text."""
    return "\n".join(repr(node.proto) for node in at.main if hasattr(node, "proto"))


def other_visitor(visit: Visit, view: str = "kept") -> AppTest:
    """Open Evaluate as somebody who uploaded the same documents."""
    uploaded = {state.UPLOADS: {"same": SAME}, state.CORPUS: "same"}
    return visit(EVALUATE, **{state.RERANKERS: (), state.EVIDENCE: view} | uploaded)


# ---------------------------------------------------------------- a shared lab


@pytest.mark.usefixtures("shared")
def test_the_same_documents_open_nobody_elses_evaluation(visit: Visit) -> None:
    mine, job = evaluated(visit)
    mine.session_state[state.EVIDENCE] = "kept"
    assert len(mine.run().dataframe[0].value) == 1
    for view in ("kept", "quality", "queries", "past"):
        at = other_visitor(visit, view)
        assert not at.exception
        assert SECRET not in page_of(at)
        assert job.saved.id not in page_of(at)
        assert not has(at, "open_last")


@pytest.mark.usefixtures("shared")
def test_a_link_opens_an_evaluation_to_be_read(visit: Visit) -> None:
    _, job = evaluated(visit)
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    at.switch_page(EVALUATE)
    at.query_params["evaluation"] = job.saved.id
    at.run()
    assert not at.exception
    assert job.saved.title in texts(at)
    at.session_state[state.EVIDENCE] = "kept"
    at.run()
    assert "None yet" in texts(at)
    assert not has(at, "delete_kept")
    assert not has(at, "resume")
    for view in ("queries", "headroom", "latency", "money", "tags", "past"):
        at.session_state[state.EVIDENCE] = view
        assert not at.run().exception, view


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("id", ["", "x", "%", "' OR 1=1 --", "0" * 32, "../evaluations"])
def test_a_guessed_link_opens_nothing(visit: Visit, id: str) -> None:
    evaluated(visit)
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    at.switch_page(EVALUATE)
    at.query_params["evaluation"] = id
    at.run()
    assert not at.exception
    assert state.EVALUATED not in at.session_state
    assert SECRET not in page_of(at)


@pytest.mark.usefixtures("shared", "probes")
def test_nobody_else_sees_or_stops_an_evaluation_at_work(visit: Visit) -> None:
    uploaded = {state.UPLOADS: {"anns": ANNS}, state.CORPUS: "anns"}
    at = visit(EVALUATE, **{state.RERANKERS: ("probe-slow",)} | uploaded)
    at.button(key="evaluate_now").click().run()
    job = at.session_state[state.EVALUATING]
    other = other_visitor(visit)
    assert "is at work" not in texts(other)
    assert not has(other, "watch_0")
    assert not job.stopped
    job.stop()
    job.join(PATIENCE)


@pytest.mark.usefixtures("shared")
def test_past_searches_are_each_visitors_own(visit: Visit) -> None:
    settle(visit())
    other = visit(EVALUATE, **{state.EVIDENCE: "past"})
    assert "Your searches" in said(other, "soft-about-past-searches")
    assert "None in that time." in texts(other)
    other.button(key="forget_searches").click().run()
    log = state._lab().search_log
    with log._database.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM searches").scalar() == 2


@pytest.mark.usefixtures("shared")
def test_an_upload_is_found_by_its_link_alone(visit: Visit) -> None:
    entry = state._lab().library.add(ANNS, "browser:ann")
    at = visit()
    assert "anns" not in "".join(at.selectbox(key="_corpus").options)
    linked = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    linked.query_params["corpus"] = "anns"
    linked.query_params["first"] = "bm25"
    linked.query_params["reranker"] = [""]
    assert "The corpus anns is not here" in texts(linked.run())
    linked = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    linked.query_params["upload"] = entry.token
    linked.query_params["first"] = "bm25"
    linked.query_params["reranker"] = [""]
    linked.run()
    assert said(linked, "soft-where").startswith("anns · 2 passages")
    settle(linked)
    assert linked.query_params["upload"] == entry.token


# ---------------------------------------------------------------- a lab bound to this machine


def test_on_a_local_lab_every_window_sees_everything(visit: Visit) -> None:
    _, job = evaluated(visit)
    state._lab().library.add(ANNS)
    at = visit(EVALUATE, **{state.EVIDENCE: "kept"})
    assert len(at.dataframe[0].value) == 1
    assert "anns (library)" in at.selectbox(key="_evaluated_corpus").options
    assert EvaluationStore(job.lab.settings.data_dir).summaries()[0].id == job.saved.id
    past = visit(EVALUATE, **{state.EVIDENCE: "past"})
    assert "Searches of everybody at this lab" in said(past, "soft-about-past-searches")
