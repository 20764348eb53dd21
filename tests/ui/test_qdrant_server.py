"""The pages of a lab whose collections are on a Qdrant server: when it is gone, and its notes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components.domain import StoreError
from components.evaluation.job import EvaluationJob
from components.ui.shared import state
from tests.support.servers.qdrant_cluster import Cluster
from tests.support.servers.qdrant_server import Fault, QdrantServer, Recorded
from tests.support.visits import PATIENCE, Visit, ask, has, ids, job_of, said, settle

OLD = "rerank-lab-0123456789abcdef-bge-small-1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[QdrantServer]:
    """A lab on a server of its own; AppTest runs pages in this process."""
    with QdrantServer(Cluster(2)) as running:
        monkeypatch.setenv("QDRANT_URL", running.url)
        state._lab.clear()
        yield running
    state._lab.clear()


def test_the_last_comparison_stays_when_the_server_is_gone(
    visit: Visit, server: QdrantServer
) -> None:
    at = visit()
    first = settle(at)
    assert (first.error, has(at, "board"), has(at, "try_again")) == (None, True, False)
    server.stop()
    gone = settle(ask(at, "raise from"))
    assert isinstance(gone.error, StoreError)
    assert said(at, "complaint").startswith(f"⚠ Qdrant at {server.url} cannot be reached")
    assert has(at, "board")
    query = first.request.query.text
    assert said(at, "still") == f"Still shown: the last comparison, “{query}” in exceptions."
    assert not has(at, "soft-stopped")
    at.button(key="try_again").click().run()
    assert settle(at) is not gone
    assert "cannot be reached" in said(at, "complaint")
    server.start(Cluster())  # back, and empty
    at.button(key="try_again").click().run()
    healed = settle(at)
    assert (healed.error, has(at, "complaint"), has(at, "try_again")) == (None, False, False)
    assert healed.request.query.text == "raise from"
    assert ids(healed.first_stage)[0] == "raise-from"


def test_asking_the_same_again_loses_nothing_either(visit: Visit, server: QdrantServer) -> None:
    at = visit()
    first = settle(at)
    server.stop()
    ask(at, first.request.query.text)
    assert settle(at).error is not None
    assert has(at, "board")


def test_without_an_earlier_comparison_there_is_only_the_offer(
    visit: Visit, server: QdrantServer
) -> None:
    server.stop()
    at = visit()
    settle(at)
    assert (has(at, "board"), has(at, "try_again"), has(at, "still")) == (False, True, False)
    server.start()
    at.button(key="try_again").click().run()
    assert settle(at).error is None
    assert job_of(at).first_stage is not None


def test_an_evaluation_goes_on_where_the_server_went_away(
    visit: Visit, server: QdrantServer
) -> None:
    def fail_after_three(request: Recorded) -> None:
        if len(server.calls("POST", "/points/query/batch")) > 3:
            server.fault = Fault(500, b'{"status": {"error": "No leader"}}')

    server.before = fail_after_three
    at = visit("pages/evaluate.py")
    at.button(key="evaluate_now").click().run()
    broken = evaluation_of(at)
    assert 0 < len(broken.evaluation.complete) < 6
    reasons = {failure.reason for _, failure in broken.evaluation.failures["bm25"]}
    where = f"Qdrant at {server.url}"
    assert reasons == {f"{where} answered HTTP 500 Internal Server Error: No leader."}
    server.before = server.fault = None
    server.cluster.collections.clear()
    server.cluster.aliases.clear()
    at.button(key="resume").click().run()
    whole = evaluation_of(at)
    assert (whole.error, len(whole.evaluation.complete)) == (None, 6)
    assert not whole.evaluation.failures


def evaluation_of(at: AppTest) -> EvaluationJob:
    """Return the visitor's evaluation once it has ended and is shown."""
    job = at.session_state[state.EVALUATING]
    assert isinstance(job, EvaluationJob)
    job.join(PATIENCE)
    at.run()
    assert not at.exception
    return job


def test_the_corpus_page_tells_what_is_to_be_noted(visit: Visit, server: QdrantServer) -> None:
    settle(visit())
    [collection] = server.cluster.collections.values()
    collection.status = "yellow"
    server.cluster.down = {1}
    at = visit("pages/corpus.py")
    assert said(at, "soft-note-bm25-0") == "⚠ bm25: the optimiser is at work; searches stay exact"
    assert said(at, "soft-note-bm25-1") == "⚠ bm25: a peer is down: http://node-1:6335/"
    assert not has(at, "soft-outdated")
    assert not has(at, "remove_outdated")


@pytest.fixture
def shared() -> Iterator[None]:
    """Let the lab listen beyond this machine."""
    before = st.get_option("server.address")
    st.config.set_option("server.address", "0.0.0.0")
    yield
    st.config.set_option("server.address", before)


def leave_old(server: QdrantServer) -> None:
    """Put a collection of version 0.1.0 on a server."""
    name = f"{OLD}-v20250101000000-0a1b2c"
    server.cluster.create(name, {"vectors": {}})
    server.cluster.change_aliases([{"create_alias": {"alias_name": OLD, "collection_name": name}}])


@pytest.mark.usefixtures("shared")
def test_a_visitor_of_a_shared_lab_cannot_remove_them(visit: Visit, server: QdrantServer) -> None:
    leave_old(server)
    at = visit("pages/corpus.py")
    assert said(at, "soft-outdated").startswith("1 collection of earlier versions is in the store")
    assert not has(at, "remove_outdated")


def test_collections_of_earlier_versions_are_removed_on_request(
    visit: Visit, server: QdrantServer
) -> None:
    settle(visit())
    leave_old(server)
    at = visit("pages/corpus.py")
    assert said(at, "soft-outdated").startswith("1 collection of earlier versions is in the store")
    assert list(at.dataframe[-1].value["Left by an earlier version"]) == [OLD]
    assert at.button(key="remove_outdated").label == "Remove 1 collection"
    at.button(key="remove_outdated").click().run()
    assert not at.exception
    assert not has(at, "remove_outdated")
    assert OLD not in server.cluster.aliases
    assert len(server.collections()) == 1
