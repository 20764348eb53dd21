"""Keys, instructions, tests and costs of network rerankers as a visitor works them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pandas import DataFrame
from streamlit.testing.v1 import AppTest

from components.charts.palette import letters
from components.domain import Failure, Ranking
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from tests.support.asking import results
from tests.support.servers.provider_server import KEY, Provider, Reply, serve
from tests.support.visits import APP, PATIENCE, Visit, ask, has, ids, job_of, said, settle, texts

CONFIG = """
[[compatible]]
name = "own"
url = "{url}"
model = "house-model"
shape = "jina"
instruction = true
[prices]  # the addresses are not the providers' own, so that their prices do not hold there
"cohere/rerank-v3.5" = {{per_1k_searches = 2.0}}
"voyage/rerank-2.5" = {{per_1m_tokens = 0.05}}
[remote]
deadline_s = 5
"""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    """Send every provider to a loopback server; there is a key for Voyage alone."""
    with serve() as server:
        config = tmp_path / "lab.toml"
        config.write_text(CONFIG.format(url=server.url))
        for name, value in server.environment().items():
            if name not in {"CO_API_KEY", "JINA_API_KEY"}:
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
        state._lab.clear()
        yield server
    state._lab.clear()


def page_of(at: AppTest) -> str:
    """Return everything that a page sends to the browser, as text."""
    return "\n".join(repr(node.proto) for node in at.main if hasattr(node, "proto"))


def type_key(at: AppTest, provider: str, key: str) -> AppTest:
    """Type a key into a provider's field and press Use."""
    at.text_input(key=f"_key_{provider}").input(key)
    form = f"key-{provider}"
    button = next(b for b in at.button if b.form_id == form)
    return button.click().run()


# ---------------------------------------------------------------- keys


def test_a_key_typed_on_the_page_serves_this_session_and_no_other(
    visit: Visit, provider: Provider
) -> None:
    at = visit("pages/rerankers.py")
    assert "There is no API key for Cohere." in said(at, "provider-cohere")
    type_key(at, "cohere", f"  {KEY}\n")
    assert not at.exception
    assert "There is no API key" not in said(at, "provider-cohere")
    at.button(key="test-cohere").click().run()
    assert "✓ cohere answered in" in said(at, "provider-cohere")
    assert "Billed: 1 search (as billed), $0.002." in said(at, "provider-cohere")
    assert provider.seen[-1].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in page_of(at)
    other = visit("pages/rerankers.py")
    assert "There is no API key for Cohere." in said(other, "provider-cohere")


def test_a_key_can_be_forgotten(visit: Visit, provider: Provider) -> None:
    at = visit("pages/rerankers.py")
    type_key(at, "cohere", KEY)
    at.button(key="forget-cohere").click().run()
    assert "There is no API key for Cohere." in said(at, "provider-cohere")
    assert not has(at, "forget-cohere")


def test_a_key_from_the_environment_is_named_and_never_shown(
    visit: Visit, provider: Provider
) -> None:
    at = visit("pages/rerankers.py")
    assert at.text_input(key="_key_voyage").placeholder == "from VOYAGE_API_KEY"
    assert KEY not in page_of(at)


def test_a_wrong_key_is_refused_in_words_without_the_key(visit: Visit, provider: Provider) -> None:
    at = visit("pages/rerankers.py")
    wrong = "sk-quite-another-key-77"
    type_key(at, "cohere", wrong)
    at.button(key="test-cohere").click().run()
    assert "Cohere does not accept the API key (HTTP 401)" in said(at, "complaint-cohere")
    assert wrong not in page_of(at)


def test_a_key_with_a_space_inside_is_refused(visit: Visit, provider: Provider) -> None:
    at = visit("pages/rerankers.py")
    type_key(at, "cohere", "two words")
    at.button(key="test-cohere").click().run()
    assert "holds characters that no key has" in said(at, "complaint-cohere")
    assert provider.seen == []


def test_a_new_key_begins_a_failed_comparison_anew(visit: Visit, provider: Provider) -> None:
    at = visit(**{state.RERANKERS: ("cohere", "bm25")})
    failed = results(settle(at))["cohere"]
    assert isinstance(failed, Failure)
    assert failed.reason == "There is no API key for Cohere."
    at.switch_page("pages/rerankers.py").run()
    type_key(at, "cohere", KEY)
    at.switch_page("app.py").run()
    assert isinstance(results(settle(at))["cohere"], Ranking)


def test_a_server_of_ones_own_needs_no_key(visit: Visit, provider: Provider) -> None:
    at = visit("pages/rerankers.py")
    assert "It needs no key." in said(at, "provider-compatible-own")
    at.button(key="test-compatible-own").click().run()
    assert "✓ compatible:own answered in" in said(at, "provider-compatible-own")
    assert " ms at /v1/rerank. Billed:" in said(at, "provider-compatible-own")
    provider.only = "/rerank"  # as Infinity starts
    at.button(key="test-compatible-own").click().run()
    notes = "(answered at /rerank, not at /v1/rerank)"
    assert f" ms {notes}. Billed:" in said(at, "provider-compatible-own")
    provider.only = "/elsewhere"
    at.button(key="test-compatible-own").click().run()
    asked = "The request went to /v1/rerank, /rerank and /v2/rerank."
    assert asked in said(at, "provider-compatible-own")


# ---------------------------------------------------------------- addresses


def opened_by_address(*rerankers: str, **params: str) -> AppTest:
    """Open Compare by an address that names rerankers."""
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    for name, value in {"corpus": "exceptions", "first": "bm25", **params}.items():
        at.query_params[name] = value
    at.query_params["reranker"] = list(rerankers)
    return at.run()


@pytest.mark.parametrize("view", ["all", "presenter"])
def test_an_address_sends_nothing_with_a_key_before_a_click(provider: Provider, view: str) -> None:
    at = opened_by_address("voyage", "bm25", view=view)
    assert view == "presenter" or said(at, "soft-where").startswith("exceptions · ")
    assert "This address asks for voyage:" in texts(at)
    assert at.run().session_state[state.JOB] is None
    assert provider.seen == []
    at.button(key="send").click().run()
    assert isinstance(results(settle(at))["voyage"], Ranking)
    assert len(provider.seen) == 1
    assert not has(at, "send")


def test_compare_sends_what_an_address_asks_for(provider: Provider) -> None:
    at = opened_by_address("voyage")
    ask(at, "logging")
    settle(at)
    assert len(provider.seen) == 1


def test_another_sample_query_of_an_address_still_waits_for_a_click(provider: Provider) -> None:
    at = opened_by_address("voyage", "voyage:3", instruction="short", document="x")
    picker = next(box for box in at.selectbox if box.label.startswith("Sample queries"))
    picker.set_value(picker.options[3]).run()
    assert "This address asks for voyage, voyage:3:" in texts(at)
    assert provider.seen == []


def test_an_address_without_a_key_for_its_models_is_shown_at_once(provider: Provider) -> None:
    failed = results(settle(opened_by_address("cohere")))["cohere"]
    assert isinstance(failed, Failure)
    assert failed.reason == "There is no API key for Cohere."


# ---------------------------------------------------------------- columns


def test_a_column_tells_its_cost_and_what_was_billed(visit: Visit, provider: Provider) -> None:
    job = settle(visit(**{state.RERANKERS: ("voyage",)}))
    ranking = results(job)["voyage"]
    assert isinstance(ranking, Ranking)
    column = board_data(job, 10, {}).columns[1]
    tokens = ranking.usage.billed_tokens
    assert ranking.usage.usd == pytest.approx(tokens * 0.05 / 1e6)
    assert column.cost.startswith("$0.0000")
    assert column.cost_detail == f"{tokens:,} tokens (as billed)"


def test_a_failing_provider_fails_in_its_column_alone(visit: Visit, provider: Provider) -> None:
    provider.always(status=403, body=b'{"message": "no rerank for you"}')
    at = visit(**{state.RERANKERS: ("voyage", "bm25")})
    job = settle(at)
    bm25, voyage = board_data(job, 10, {}).columns[1:]  # in the order of their letters
    assert voyage.state == "failed"
    assert "no rerank for you" in voyage.reason
    assert voyage.remedy
    assert (bm25.state, len(bm25.cards)) == ("done", len(ids(results(job)["bm25"])))


def test_stop_works_while_a_call_hangs(visit: Visit, provider: Provider) -> None:
    provider.always(delay=4.0)
    at = visit(**{state.RERANKERS: ("voyage", "bm25")})
    job = job_of(at)
    while "bm25" not in results(job):
        assert not job.finished
    at.run().button(key="stop").click().run()
    job.join(1.5)
    assert job.finished
    settle(at)
    assert job.steps["voyage"].state == "stopped"
    assert isinstance(results(job)["bm25"], Ranking)


def test_a_deadline_ends_one_reranker(visit: Visit, provider: Provider) -> None:
    provider.always(delay=4.0)
    job = settle(visit(**{state.RERANKERS: ("voyage", "bm25"), state.DEADLINE: 0.3}))
    failed = results(job)["voyage"]
    assert isinstance(failed, Failure)
    assert failed.reason == "voyage had not finished after 0.3 seconds, its deadline."
    assert isinstance(results(job)["bm25"], Ranking)


def test_another_column_does_not_bill_the_first_again(visit: Visit, provider: Provider) -> None:
    at = visit(**{state.RERANKERS: ("voyage",)})
    before = results(settle(at))["voyage"]
    assert len(provider.seen) == 1
    at.multiselect(key="_rerankers").set_value(["voyage", "bm25"]).run()
    job = settle(at)
    after = results(job)["voyage"]
    assert isinstance(after, Ranking)
    assert ids(after) == ids(before)
    assert after.cached
    columns = {column.key: column for column in board_data(job, 10, {}).columns}
    assert "cached" in columns["voyage"].notes
    assert len(provider.seen) == 1
    ask(at, job.request.query.text)
    assert not getattr(results(settle(at))["voyage"], "cached", True)
    assert len(provider.seen) == 2


# ---------------------------------------------------------------- instructions


def test_an_instruction_goes_to_those_who_follow_it(visit: Visit, provider: Provider) -> None:
    at = visit(**{state.RERANKERS: ("voyage", "compatible:own", "bm25")})
    settle(at)
    at.text_area(key="_instruction").input("Prefer short passages").run()
    job = settle(at)
    by_path = {seen.path: seen.body for seen in provider.seen[-2:]}
    query = job.request.query.text
    assert by_path["/voyage/rerank"]["query"] == (
        f"Instruction: Prefer short passages\nQuery: {query}"
    )
    assert by_path["/v1/rerank"]["instruction"] == "Prefer short passages"
    assert by_path["/v1/rerank"]["query"] == query
    notes = {c.key: c.notes for c in board_data(job, 10, {}).columns[1:]}
    assert "with instruction" in notes["voyage"]
    assert "takes no instruction" in notes["bm25"]
    assert "cached" in notes["bm25"]  # it was not run again for an instruction that it ignores


def test_instruction_a_b_shows_the_same_reranker_twice(visit: Visit, provider: Provider) -> None:
    at = visit(**{state.RERANKERS: ("voyage", "bm25"), state.INSTRUCTION: "the a of and to in is"})
    settle(at)
    at.checkbox(key="_without").check().run()
    job = settle(at)
    assert set(results(job)) == {"voyage", "voyage@plain", "bm25"}
    labels = [c.label for c in board_data(job, 10, {}).columns]
    assert labels == ["bm25", "voyage, no instruction", "bm25", "voyage"]
    plain, told = results(job)["voyage@plain"], results(job)["voyage"]
    assert isinstance(plain, Ranking)
    assert isinstance(told, Ranking)
    assert [h.score for h in plain.hits] != [h.score for h in told.hits]
    words = said(at, "heading-what-the-instruction-changed-in-voyage")
    assert "documents are the same" in words
    table = at.dataframe[0].value
    assert list(table["With"])[:3] == [1, 2, 3]
    moved = dict(zip(table["Document"], table["Moved"], strict=True))
    ranks = {h.document.title: h.rank for h in plain.hits}
    for hit in told.hits[:3]:
        rose = ranks[hit.document.title] - hit.rank
        assert moved[hit.document.title] == (
            f"▲ {rose}" if rose > 0 else f"▼ {-rose}" if rose < 0 else "="
        )


def test_nobody_who_follows_means_no_a_b(visit: Visit, provider: Provider) -> None:
    at = visit(**{state.RERANKERS: ("bm25",), state.INSTRUCTION: "prefer short passages"})
    settle(at)
    assert at.checkbox(key="_without").disabled
    assert said(at, "soft-followers") == "None of these follows one."


# ---------------------------------------------------------------- guide, cost and latency


def advice(at: AppTest) -> str:
    """Return the recommended reranker with its reasons."""
    box = at.main.get_by_key("advice")
    return "\n".join([*(m.value for m in box.markdown), *(t.value for t in box.text)])


def costs_of(at: AppTest) -> DataFrame:
    """Return the table of costs and latencies by reranker."""
    found = next(d.value for d in at.dataframe if "Measured here" in d.value.columns)
    return found.set_index("Reranker")


def test_the_guide_follows_what_is_needed(visit: Visit, provider: Provider) -> None:
    at = visit("pages/rerankers.py")
    assert "Begin with **`voyage`**" in advice(at), "cohere has no key"
    assert "The strongest by reputation of what can run here; nobody has measured" in advice(at)
    at.selectbox(key="_need_instructions").set_value("must follow them").run()
    assert "Begin with **`voyage`**" in advice(at)
    assert "Follows an instruction" in advice(at)
    at.selectbox(key="_need_hosting").set_value("on our own machines only").run()
    assert "Begin with **`compatible:own`**" in advice(at)
    at.selectbox(key="_need_instructions").set_value("not needed").run()
    assert "Begin with **`minilm-l12`**" in advice(at), "bge-v2-m3 is not on this machine"
    at.selectbox(key="_need_languages").set_value("several").run()
    assert "It cannot run here yet" not in advice(at)
    at.selectbox(key="_need_languages").set_value("English").run()
    at.selectbox(key="_need_hosting").set_value("anywhere").run()
    at.selectbox(key="_need_priority").set_value("cost").run()
    assert "The cheapest of what can run here." in advice(at)


def test_a_model_at_a_server_of_ones_own_has_no_price(visit: Visit, provider: Provider) -> None:
    at = visit("pages/rerankers.py")
    costs = costs_of(at)
    assert costs.loc["voyage", "Published price"] == "$0.05 per 1,000,000 tokens"
    assert costs.loc["voyage", "Price noted"] == "your configuration"
    assert costs.loc["voyage:3", "Published price"] == "not on file"
    assert costs.loc["voyage:3", "1,000 queries"] == "unknown"
    job = settle(visit(**{state.RERANKERS: ("voyage:3",)}))
    ranking = results(job)["voyage:3"]
    assert isinstance(ranking, Ranking)
    assert ranking.usage.billed_tokens > 0
    assert ranking.usage.usd is None
    assert "$" not in board_data(job, 10, {}).columns[1].cost


@pytest.mark.models
def test_measured_latency_stands_beside_the_published_price(
    visit: Visit, provider: Provider
) -> None:
    at = visit("pages/rerankers.py", **{state.CORPUS: "helpdesk"})
    costs = costs_of(at)
    assert costs.loc["bm25", "Measured here"] == "not measured"
    assert costs.loc["cohere", "Published price"] == "$2.00 per 1,000 searches"
    assert costs.loc["cohere", "1,000 queries"] == "$2.00"
    assert costs.loc["cohere", "1,000 documents"] == "$0.0200"
    assert costs.loc["jina", "Published price"] == "not on file"
    at.multiselect(key="_measure").set_value(["bm25"]).run()
    at.button(key="measure_now").click().run()
    task = at.session_state["measuring"]
    task.join(PATIENCE)
    at.run()
    costs = costs_of(at)
    assert costs.loc["bm25", "Measured here"].endswith("ms (n = 3)")


def test_the_page_lists_every_model_with_price_and_limits(visit: Visit, provider: Provider) -> None:
    at = visit("pages/rerankers.py")
    tables = [d.value for d in at.dataframe if "Instructions" in d.value.columns]
    listed = {key: row for table in tables for key, row in table.set_index("Key").iterrows()}
    assert listed["voyage"]["Instructions"] == "follows them"
    assert listed["jina"]["Candidates"] == "together, never split"
    assert listed["cohere"]["Price"] == "$2.00 per 1,000 searches"
    assert "1,000 documents a request" in listed["cohere"]["Limits"]
    assert len(listed) == 15


def test_letters_stay_apart_for_seven_systems(visit: Visit, provider: Provider) -> None:
    settings = state.lab().settings
    chosen = ("minilm-l12", "cohere", "voyage", "voyage@plain", "jina:v2", "bm25", "rrf")
    found = letters(chosen, settings)
    assert (found["minilm-l12"], found["cohere"], found["voyage"]) == ("B", "F", "G")
    assert len(set(found.values())) == 7


def test_hostile_messages_of_a_provider_are_plain_text(visit: Visit, provider: Provider) -> None:
    said_by_server = b'{"message": "<img src=x onerror=alert(1)> ![x](https://evil.example)"}'
    provider.behave = lambda seen, sound: Reply(status=422, body=said_by_server)
    at = visit("pages/rerankers.py")
    at.button(key="test-voyage").click().run()
    assert "<img src=x onerror=alert(1)>" in said(at, "complaint-voyage")
    assert "evil.example" not in "\n".join(m.value for m in at.markdown)
    assert "evil.example" in texts(at)
