"""Pages over a collection that exists already: chosen, linked, changed, and gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.lab import catalog
from components.lab.work import BackgroundTask
from components.retrieval import first_stages
from components.ui.shared import state
from tests.support.added import FAKES, added
from tests.support.collections import ENCODER, READER, config, foreign, payloads_of, serve
from tests.support.servers.qdrant_foreign import Foreign
from tests.support.servers.qdrant_server import QdrantServer
from tests.support.visits import APP, PATIENCE, Visit, has, htmls, ids, said, settle

TEXTS = (*(f"word{i} word{i + 1}" for i in range(20)), '<img src=x onerror="alert(1)"> **bold**')


@pytest.fixture
def collection() -> Foreign:
    return foreign(payloads_of(TEXTS), in_graph=21)


@pytest.fixture
def server(
    collection: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[QdrantServer]:
    """A lab with a collection of its own; AppTest runs pages in this process."""
    with (
        added(first_stages, FAKES / "first_stages", catalog.offered_first_stages.cache_clear),
        serve(collection) as running,
    ):
        monkeypatch.setenv("RERANK_LAB_CONFIG", str(config(tmp_path, running.url)))
        monkeypatch.setenv("READER_KEY", READER)
        state._lab.clear()
        yield running
        assert running.writes() == []
    state._lab.clear()


LINK = {"corpus": "mine", "q": "word3 word4", "reranker": "bm25", "candidates": "5"}


def opened(**parameters: str) -> AppTest:
    """Open the address of a view."""
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    for name, value in (LINK | parameters).items():
        at.query_params[name] = value
    return at.run()


def test_a_link_opens_it_with_its_own_first_stage(visit: Visit, server: QdrantServer) -> None:
    at = opened()
    job = settle(at)
    assert job.corpus.name == "mine"
    assert job.request.pipelines.first_stage == ENCODER
    assert len(ids(job.first_stage)) == 5
    assert said(at, "where") == "mine · 21 passages · a collection that exists already"
    assert job.corpus.fingerprint[:12] in at.query_params["fingerprint"]


def test_the_corpus_page_tells_what_it_is(visit: Visit, server: QdrantServer) -> None:
    at = opened()
    settle(at)
    at.switch_page("pages/corpus.py").run()
    assert not at.exception
    assert said(at, "soft-about-collection") == (
        f"prod at {server.url}. It exists already, and the lab only reads it: nothing is ever "
        "written there."
    )
    assert said(at, "soft-collection-search") == (
        "Dense search: HNSW (m = 16), 21 vectors indexed; recall not measured. It is the "
        "collection's own, so its candidates may change with the server's state."
    )
    assert not has(at, "index_now")
    at.button(key="measure_recall").click().run()
    task = at.session_state[state.TASK]
    assert isinstance(task, BackgroundTask)
    task.join(PATIENCE)
    at.run()
    assert "; recall@100 " in said(at, "soft-collection-search")
    assert not at.exception


def test_a_change_is_told_and_opened_on_request(
    visit: Visit, server: QdrantServer, collection: Foreign
) -> None:
    at = opened()
    before = settle(at)
    collection.ids = collection.ids[:-1]
    collection.dense["vec"] = collection.dense["vec"][:-1]
    state._lab().collections._looked.clear()  # as after some seconds
    at.switch_page("pages/corpus.py").run()
    assert said(at, "collection_changed").startswith("⚠ mine has changed: it had 21 points when")
    assert said(at, "where").startswith("mine · 21 passages")
    at.button(key="open_anew").click().run()
    assert not has(at, "collection_changed")
    assert said(at, "where").startswith("mine · 20 passages")
    after = settle(at.switch_page("app.py").run())
    assert after.corpus.fingerprint != before.corpus.fingerprint


def test_one_whose_server_is_gone_leaves_the_page_and_says_so(
    visit: Visit, server: QdrantServer
) -> None:
    server.stop()
    at = visit()
    settle(at)
    at.selectbox(key="_corpus").set_value("mine").run()
    assert said(at, "unopened").startswith(f"⚠ Qdrant at {server.url} cannot be reached")
    assert settle(at).corpus.name != "mine"
    server.start(server.cluster)
    at.selectbox(key="_corpus").set_value("mine").run()
    assert not has(at, "unopened")
    assert settle(at).corpus.name == "mine"


def test_hostile_texts_are_shown_as_they_are(visit: Visit, server: QdrantServer) -> None:
    at = opened(q="bold")
    job = settle(at)
    assert job.first_stage
    [hit] = [hit for hit in job.first_stage.hits if hit.document.id == "20"]
    assert hit.document.text == TEXTS[-1]
    assert not any("<img src" in html for html in htmls(at))
