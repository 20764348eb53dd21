"""On the pages, what costs more than a little waits for a second click; what was spent is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.ui.shared import state
from tests.support.servers.provider_server import Provider, serve
from tests.support.visits import PATIENCE, Visit, has, said, settle

CONFIG = """
[prices]
"cohere/rerank-v3.5" = {per_1k_searches = 2.0}
[spending]
confirm_usd = 0.003
confirm_requests = 2
day_usd = 0.009
"""


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    """Send every provider to a loopback server, with a key for each and small limits."""
    with serve() as server:
        (tmp_path / "lab.toml").write_text(CONFIG)
        own = {"RERANK_LAB_CONFIG": tmp_path / "lab.toml", "RERANK_LAB_DATA": tmp_path / "data"}
        for name, value in (server.environment() | own).items():
            monkeypatch.setenv(name, str(value))
        state._lab.clear()
        yield server
    state._lab.clear()


def test_a_comparison_above_the_limit_waits_for_a_second_click(
    visit: Visit, limited: Provider
) -> None:
    few = ("cohere:v4.0-pro", "cohere:v4.0-fast")
    settle(visit(**{state.RERANKERS: few, state.INITIAL_K: 5}))
    assert len(limited.seen) == 2
    at = visit(**{state.RERANKERS: (*few, "cohere:v5.0-pro"), state.INITIAL_K: 5})
    assert "This comparison asks for cohere:v4.0-pro" in said(at, "spending")
    assert "3 requests to models without a price" in said(at, "spending")
    assert not at.run().exception
    assert len(limited.seen) == 2
    at.button(key="send").click().run()
    settle(at)
    assert len(limited.seen) == 5


def test_an_evaluation_above_the_limit_waits_for_a_second_click(
    visit: Visit, limited: Provider
) -> None:
    sample = {state.SUBSET: "sample", state.SAMPLE: 4, state.INITIAL_K: 5, state.REUSE: False}
    at = visit("pages/evaluate.py", **{state.RERANKERS: ("cohere",)} | sample)
    at.button(key="evaluate_now").click().run()
    assert "This is estimated to cost about $0.008 for cohere." in said(at, "confirm-evaluation")
    at.button(key="leave_evaluation").click().run()
    assert not has(at, "confirm-evaluation")
    assert limited.seen == []
    at.button(key="evaluate_now").click().run()
    at.button(key="spend_evaluation").click().run()
    at.session_state[state.EVALUATING].join(PATIENCE)
    assert not at.run().exception
    assert len(limited.seen) == 4
    assert not has(at, "confirm-evaluation")


def test_a_confirmation_does_not_hold_for_another_estimate(visit: Visit, limited: Provider) -> None:
    sample = {state.SUBSET: "sample", state.SAMPLE: 4, state.INITIAL_K: 5, state.REUSE: False}
    at = visit("pages/evaluate.py", **{state.RERANKERS: ("cohere",)} | sample)
    at.button(key="evaluate_now").click().run()
    at.number_input(key=f"_{state.SAMPLE}").set_value(20).run()
    assert not has(at, "confirm-evaluation")
    assert limited.seen == []


def test_the_page_tells_what_was_spent_and_a_budget_ends_in_words(
    visit: Visit, limited: Provider
) -> None:
    at = visit("pages/rerankers.py")
    assert "Limits of a day: $0.009 in all." in said(at, "soft-about-spent")
    for _ in range(4):
        at.button(key="test-cohere").click().run()
    assert "✓ cohere answered" in said(at, "provider-cohere")
    at.button(key="test-cohere").click().run()
    assert "The lab's budget of $0.009 a day" in said(at, "complaint-cohere")
    assert len(limited.seen) == 4
    table = at.dataframe[-1].value
    assert list(table["Provider"]) == ["Cohere"]
    assert list(table["Spent"]) == ["$0.008"]
    assert list(table["Requests"]) == [4]


@pytest.mark.models
def test_measuring_above_the_limit_waits_for_a_second_click(
    visit: Visit, limited: Provider
) -> None:
    at = visit("pages/rerankers.py")
    at.multiselect(key="_measure").set_value(["cohere"]).run()
    at.button(key="measure_now").click().run()
    assert "This is estimated to cost" in said(at, "confirm-measuring")
    assert limited.seen == []
    at.button(key="spend_measuring").click().run()
    at.session_state[state.MEASURING].join(PATIENCE)
    assert len(limited.seen) == 3
