"""LLM columns as a visitor works them: what is asked first, shown, repeated and recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.domain import Failure, Ranking
from components.exports.permalink import parameters
from components.exports.recordings import bundle, read_bundle, saved
from components.exports.trec import comparison_run
from components.network import capacity
from components.ui.compare.board.view import board_data, column_specs, first_spec
from components.ui.shared import state
from components.ui.shared.work import Computation
from tests.support.asking import results
from tests.support.servers.llm_server import saying, serve, texts_of
from tests.support.servers.provider_server import KEY, Provider
from tests.support.visits import PATIENCE, Visit, has, ids, said, settle, texts

CONFIG = """
[[llm]]
name = "judge"
url = "{url}"
model = "gpt-x"
key_env = "LLM_KEY"
input_usd = 1.0
output_usd = 4.0
price_noted = 2026-11-26
[[llm]]
name = "free"
url = "{url}/v1"
model = "own"
method = "pointwise"
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    with serve() as provider:
        capacity.forget()
        config = tmp_path / "lab.toml"
        config.write_text(CONFIG.format(url=provider.url))
        monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
        monkeypatch.setenv("LLM_KEY", KEY)
        state._lab.clear()
        yield provider
    state._lab.clear()
    capacity.forget()


def settled_trials(at: AppTest) -> None:
    """Wait until the passes that were asked for have ended."""
    for work in at.session_state[state.COMPUTATIONS].values():
        assert isinstance(work, Computation)
        work.join(PATIENCE)
    at.run()
    assert not at.exception


def test_a_column_has_ranks_notes_tokens_and_dollars(visit: Visit, server: Provider) -> None:
    at = visit(**{state.RERANKERS: ("llm:judge", "llm:free"), state.CORPUS: "helpdesk"})
    job = settle(at)
    columns = {column.key: column for column in board_data(job, 10, {}).columns}
    judge, free = columns["llm:judge"], columns["llm:free"]
    assert (judge.label, judge.kind, judge.scale) == ("judge", "llm", "ranks, without scores")
    assert {card.score for card in judge.cards} == {""}
    assert all(card.score for card in free.cards)
    assert judge.cost.startswith("$0.0")
    assert judge.cost_detail.endswith("tokens (as billed)")
    assert free.cost == ""
    assert "caution: a passage that holds instructions can sway it" in judge.notes
    candidates = len(ids(results(job)["llm:judge"]))
    assert candidates > 20
    assert any("requests, one after the other" in note for note in judge.notes)
    assert any(note.startswith("the first 10 ranks sorted") for note in judge.notes)
    assert not any("warning" in note for note in judge.notes)
    more = {column.key: column for column in board_data(job, 15, {}).columns}["llm:judge"]
    assert "warning: 15 shown, and only the first 10 are sorted" in more.notes


def test_an_answer_that_is_none_fails_in_its_column(visit: Visit, server: Provider) -> None:
    server.behave = lambda seen, sound: saying(seen, "I'd say the third one.")
    job = settle(visit(**{state.RERANKERS: ("llm:judge", "bm25")}))
    failed = results(job)["llm:judge"]
    assert isinstance(failed, Failure)
    assert failed.reason.startswith(
        "judge answered, but not with JSON alone: “I'd say the third one.”. It was asked 2 times."
    )
    assert isinstance(results(job)["bm25"], Ranking)


def test_order_and_chance_are_one_button_away(visit: Visit, server: Provider) -> None:
    def first_read_first(seen: object, sound: object) -> object:
        return saying(seen, json.dumps({"order": list(range(1, 1 + len(texts_of(seen))))}))  # type: ignore[arg-type]

    server.behave = first_read_first  # type: ignore[assignment]
    at = visit(**{state.RERANKERS: ("llm:judge",), state.OPEN_VIEW: "order"})
    job = settle(at)
    n = len(ids(results(job)["llm:judge"]))
    assert f"6 passes over {n} candidates, about $0.0" in texts(at)
    at.button(key="order_effects_now").click().run()
    settled_trials(at)
    assert f"The same candidates once more: the same order, with {min(10, n)} of its" in texts(at)
    assert "5 shuffles of the candidates:" in texts(at)
    [table] = [frame.value for frame in at.dataframe if "Order" in frame.value]
    assert list(table["Candidates"]) == ["as they were", *(f"shuffle {i}" for i in range(1, 6))]
    assert list(table["Order"]) == ["the same", *["another"] * 5]
    assert next(iter(table[f"Of its first {min(10, n)}"])) == min(10, n)


def test_dear_passes_want_a_second_click(visit: Visit, server: Provider, tmp_path: Path) -> None:
    config = tmp_path / "lab.toml"
    config.write_text(config.read_text() + "[spending]\nconfirm_usd = 0.005\n")
    state._lab.clear()
    at = visit(**{state.RERANKERS: ("bm25", "llm:judge"), state.OPEN_VIEW: "order"})
    settle(at)
    server.seen.clear()
    at.button(key="order_effects_now").click().run()
    assert "This is estimated to cost about $0.0" in said(at, "confirm-order_effects")
    assert server.seen == []
    at.button(key="spend_order_effects").click().run()
    settled_trials(at)
    assert len(server.seen) >= 6
    assert not has(at, "confirm-order_effects")


def test_without_such_a_column_there_is_no_such_view(visit: Visit, server: Provider) -> None:
    at = visit(**{state.RERANKERS: ("bm25",), state.OPEN_VIEW: "order"})
    settle(at)
    assert not has(at, "order_effects_now")
    assert at.session_state[state.OPEN_VIEW] == "gain"


def test_the_rerankers_page_tells_of_its_method_price_and_dangers(
    visit: Visit, server: Provider
) -> None:
    at = visit("pages/rerankers.py")
    assert not at.exception
    judge = said(at, "provider-llm-judge")
    assert "An LLM that orders 20 passages at a time, in windows that move by 10" in judge
    assert "one that holds instructions can sway the model" in judge
    facts = "\n".join(caption.value for caption in at.caption) + texts(at)
    assert "$1.00 per 1,000,000 tokens read, $4.00 written" in facts
    assert "26 November 2026" in facts
    at.button(key="test-llm-judge").click().run()
    assert "✓ llm:judge answered in" in said(at, "provider-llm-judge")
    assert len(server.seen) == 1
    assert not has(at, "provider-llm-none")


def test_a_column_is_recorded_replayed_and_linked(visit: Visit, server: Provider) -> None:
    at = visit(**{state.RERANKERS: ("llm:judge",)})
    job = settle(at)
    settings = job.lab.settings
    assert parameters(settings)["reranker"](["llm:judge"]) == ("llm:judge",)
    assert job.comparison is not None
    specs = column_specs(job.request, settings) | {"bm25": first_spec(job.request, settings)}
    one = saved(job.comparison, job.request.pipelines, specs, {})
    text = bundle([one], job.corpus, datetime(2026, 11, 26, tzinfo=UTC))
    assert KEY not in text
    [query] = read_bundle(text.encode(), "x.json").queries
    [column] = query.columns
    assert (column.key, column.scale) == ("recorded:llm:judge", "ranks, without scores")
    order = ids(results(job)["llm:judge"])
    assert column.documents == tuple((i, -float(rank)) for rank, i in enumerate(order, start=1))
    lines = comparison_run(job.comparison.rankings, "q").splitlines()
    assert [line.split()[2] for line in lines] == order
