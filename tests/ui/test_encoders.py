"""Encoders of one's own and hosted ones on the pages: what costs money waits for a click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.domain import Corpus
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from tests.support.own_encoders import table
from tests.support.servers.provider_server import Provider, serve
from tests.support.visits import APP, PATIENCE, Visit, has, said, settle, texts

KEY = "cohere:embed-v4.0"
CONFIG = """
[prices]
"cohere/embed-v4.0" = {per_1m_tokens = 1000.0}
[spending]
confirm_usd = 0.05
"""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    """Send every provider, and an encoder `own`, to a loopback server."""
    with serve() as server:
        own = table("own", url=f"{server.url}/v1", model="m")
        (tmp_path / "lab.toml").write_text(CONFIG + own)
        names = {"CONFIG": tmp_path / "lab.toml", "DATA": tmp_path / "data", "CACHE": tmp_path}
        variables = {f"RERANK_LAB_{name}": str(path) for name, path in names.items()}
        for name, value in (server.environment() | variables).items():
            monkeypatch.setenv(name, value)
        state._lab.clear()
        yield server
    state._lab.clear()


def documents(provider: Provider) -> int:
    return sum(len(seen.texts) for seen in provider.seen if len(seen.texts) > 1)


def test_an_encoder_of_the_configuration_is_chosen_compared_and_indexed(
    visit: Visit, provider: Provider, exceptions: Corpus
) -> None:
    at = visit(**{state.FIRST_STAGE: "encoder:own"})
    job = settle(at)
    assert f"_{state.FIRST_STAGE}" in at.session_state
    options = at.selectbox(key=f"_{state.FIRST_STAGE}").options
    assert "encoder:own · bi-encoder" in options
    assert "hybrid:encoder:own+bm25 · fusion" in options
    first, bm25 = board_data(job, 10, {}).columns
    assert (first.state, len(first.cards)) == ("done", len(exceptions.documents))
    assert first.notes == ("documents encoded: 2 requests, 837 tokens",)
    assert bm25.state == "done"
    corpus = visit("pages/corpus.py")
    rows = next(d.value for d in corpus.dataframe if "In the store" in d.value.columns)
    row = rows[rows["System"] == "encoder:own"].iloc[0]
    assert (row["In the store"], row["Vectors on disk"]) == ("9 points", "9 of 9")


def test_a_search_that_would_index_for_money_waits_for_a_click(
    visit: Visit, provider: Provider
) -> None:
    at = visit(**{state.FIRST_STAGE: KEY})
    assert f"This comparison asks for {KEY}" in said(at, "spending")
    assert "about $1.0" in said(at, "spending")
    assert "The whole corpus is sent to be encoded, once." in said(at, "spending")
    assert at.button(key="send").label == "Send documents and query"
    assert provider.seen == []
    at.button(key="send").click().run()
    job = settle(at)
    assert documents(provider) == 9
    [column] = [c for c in board_data(job, 10, {}).columns if "$" in c.cost]
    assert column.cost == "$0.013"
    assert any("documents encoded: 1 request, 836 tokens, $0.836" in n for n in column.notes)
    provider.seen.clear()
    settle(visit(**{state.FIRST_STAGE: KEY}))  # the query alone costs less than is asked about
    assert [len(seen.texts) for seen in provider.seen] == [1]


def test_a_link_does_not_spend(visit: Visit, provider: Provider) -> None:
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    at.query_params["corpus"] = "exceptions"
    at.query_params["first"] = "hybrid:voyage:4+bm25"
    at.query_params["reranker"] = ["bm25"]
    at.run()
    assert "This address asks for voyage:4:" in said(at, "spending")
    assert at.session_state[state.FIRST_STAGE] == "hybrid:voyage:4+bm25"
    assert provider.seen == []


def test_indexing_for_money_waits_for_a_second_click(visit: Visit, provider: Provider) -> None:
    at = visit("pages/corpus.py")
    at.selectbox(key="_index_with").select(KEY).run()
    at.button(key="index_now").click().run()
    assert "This is estimated to cost about $1.0" in said(at, "confirm-indexing")
    at.button(key="leave_indexing").click().run()
    assert not has(at, "confirm-indexing")
    assert provider.seen == []
    at.button(key="index_now").click().run()
    at.button(key="spend_indexing").click().run()
    at.session_state[state.TASK].join(PATIENCE)
    assert not at.run().exception
    assert documents(provider) == 9
    assert "documents encoded: 1 request, 836 tokens, $0.836" in said(at, "soft-billed-0")


def test_an_evaluation_names_the_first_stage_in_its_estimate(
    visit: Visit, provider: Provider
) -> None:
    at = visit("pages/evaluate.py", **{state.FIRST_STAGE: KEY})
    at.button(key="evaluate_now").click().run()
    assert f"for {KEY}. Nothing has been sent yet." in said(at, "confirm-evaluation")
    assert provider.seen == []


def test_the_rerankers_page_lists_hosted_encoders(visit: Visit, provider: Provider) -> None:
    at = visit("pages/rerankers.py")
    assert "Encoders of Cohere (3)" in [expander.label for expander in at.expander]
    assert "The corpus is sent once, and every query." in texts(at)
    tables = [frame.value for frame in at.dataframe if "Key" in frame.value.columns]
    rows = {row["Key"]: row for table in tables for _, row in table.iterrows()}
    assert rows[KEY]["Price"] == "$1,000.00 per 1,000,000 tokens"
    assert rows["voyage:4-large:4-lite"]["Model"] == "voyage-4-lite"
