"""Compare in depth as a visitor works it: views, explanations, permalink, paste, files."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from components.analysis.explanations import Occlusion, Piece
from components.domain import Corpus, Document, Ranking
from components.lab.work import BackgroundTask
from components.ui.compare import depth, latency
from components.ui.compare.board.view import board_data
from components.ui.compare.occlusion import shaded_html
from components.ui.shared import state
from components.wording import score as score_words
from tests.support.asking import results
from tests.support.servers.provider_server import serve
from tests.support.visits import (
    APP,
    PATIENCE,
    Visit,
    has,
    htmls,
    ids,
    job_of,
    said,
    settle,
    texts,
)


def link(**params: str | list[str]) -> AppTest:
    """Open Compare by an address."""
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    for name, value in params.items():
        at.query_params[name] = value
    return at.run()


def work(at: AppTest, button: str) -> AppTest:
    """Press a button that starts work, wait for its end and show it."""
    at.button(key=button).click().run()
    for task in at.session_state[state.COMPUTATIONS].values():
        assert isinstance(task, BackgroundTask)
        task.join(PATIENCE)
    return at.run()


# ---------------------------------------------------------------- views


@pytest.mark.models
def test_headroom_says_what_was_lost_where(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("minilm-l12",)})
    job = settle(at)
    shown = "\n".join(t.value for t in at.text)
    assert "relevant documents are" in shown
    assert has(at, "picture-headroom")
    assert job.corpus.name == "exceptions"


def test_without_judgments_nothing_is_claimed(visit: Visit) -> None:
    at = visit(**{state.QUERY: "logging something else entirely"})
    settle(at)
    assert not has(at, "picture-headroom")
    assert "needs a relevant document, and none is known here" in texts(at)
    assert has(at, "picture-latency")


@pytest.mark.models
def test_agreement_follows_the_chosen_measure(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("minilm-l12",), state.OPEN_VIEW: "harm"})
    settle(at)
    assert "Kendall's tau" in texts(at)
    at.button_group(key="_measure_of_agreement").set_value("RBO").run()
    assert "A bm25 and B minilm-l12: RBO" in texts(at)


def test_the_depth_slider_recomputes_nothing_and_moves_the_columns(
    visit: Visit, probes: ModuleType
) -> None:
    at = visit(
        **{
            state.CORPUS: "helpdesk",
            state.RERANKERS: ("probe-length",),
            state.INITIAL_K: 60,
            state.OPEN_VIEW: "depth",
        }
    )
    job = settle(at)
    probes.SEEN.clear()
    full = board_data(job, 10, {}).columns[1].cards
    at.slider(key=f"_{state.DEPTH}").set_value(15).run()
    assert job_of(at) is job
    assert not probes.SEEN
    fewer = board_data(job, 10, {}, depth.selected_depth(job) or 15).columns[1].cards
    assert max(card.first_rank for card in fewer) <= 15
    assert [c.id for c in fewer] != [c.id for c in full]


@pytest.mark.models
def test_a_deadline_tells_which_order_would_have_shipped(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("minilm-l12",)})
    job = settle(at)
    ranking = results(job)["minilm-l12"]
    assert isinstance(ranking, Ranking)
    slider = at.slider(key="_deadline_ms")
    slider.set_value(slider.max).run()
    assert "B its own order" in said(at, "soft-shipped")
    at.slider(key="_deadline_ms").set_value(1).run()
    assert "its own order" not in said(at, "soft-shipped")


def test_repeating_gives_warm_percentiles(visit: Visit) -> None:
    at = visit()
    settle(at)
    work(at, "repeat_now")
    table = next(d.value for d in at.dataframe if "Warm p95" in d.value.columns)
    assert list(table["n"]) == [latency.ROUNDS]
    assert "bm25" in table["System"][0]


@pytest.mark.models
def test_the_gallery_finds_queries_that_a_reranker_makes_worse(visit: Visit) -> None:
    systems = {state.FIRST_STAGE: "bge-small", state.RERANKERS: ("bm25",)}
    at = visit(**systems | {state.OPEN_VIEW: "harm"})
    job = settle(at)
    work(at, "gallery_now")
    words = said(at, "soft-gallery")
    assert words.startswith(f"Of {len(job.corpus.judgments)} judged queries bm25 makes ")


def test_latency_by_depth_is_measured_on_request(visit: Visit) -> None:
    corpus = {state.CORPUS: "helpdesk", state.INITIAL_K: 25}
    at = visit(**corpus | {state.OPEN_VIEW: "depth"})
    settle(at)
    work(at, "depths_now")
    computations = at.session_state[state.COMPUTATIONS].items()
    found = next(one.result for key, one in computations if key[0] == "depths")
    assert list(found["bm25"]) == [10, 20, 25]
    assert all(ms > 0 for times in found["bm25"].values() for ms in times)


# ---------------------------------------------------------------- why


def test_shading_escapes_the_text() -> None:
    text = "<b>x</b> & y"
    found = Occlusion(text, 1.0, (Piece(0, 8, 0.0, 1.0), Piece(8, 12, 2.0, -1.0)))
    shown = shaded_html(found, "#123456")
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert "underline dotted" in shown


# ---------------------------------------------------------------- permalink


def test_an_address_reproduces_the_view() -> None:
    at = link(
        corpus="exceptions",
        q="logging",
        first="bm25",
        reranker=["bm25", "rrf"],
        candidates="7",
        shown="3",
        instruction="prefer short ones",
    )
    job = settle(at)
    assert job.corpus.name == "exceptions"
    assert job.request.query.text == "logging"
    assert job.request.pipelines.rerankers == ("bm25", "rrf")
    assert (job.request.pipelines.initial_k, state.DEFAULTS[state.FINAL_K]) == (7, 10)
    assert at.session_state[state.FINAL_K] == 3
    assert "⚠" not in texts(at)


def test_the_address_follows_the_view_and_never_holds_a_key(visit: Visit) -> None:
    at = visit(**{state.KEYS: {"cohere": "sk-never-in-an-address"}})
    settle(at)
    params = dict(at.query_params)
    assert params["corpus"] == "exceptions"
    assert params["first"] == "bm25"
    assert params["q"] == job_of(at).request.query.text
    assert "sk-never" not in str(params)


@pytest.mark.models
@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"corpus": "nowhere"}, "The corpus nowhere is not here"),
        ({"corpus": "exceptions", "fingerprint": "0123"}, "has changed since this address"),
        ({"first": "<b>"}, "first=<b> is not known here"),
        ({"reranker": ["no", "nobody"]}, "reranker=no, nobody is not known here; the default"),
        ({"candidates": "9999999999"}, "candidates=9999999999 is not known here"),
        ({"candidates": "\u0663"}, "is not known here"),
        ({"view": "sideways"}, "view=sideways is not known here"),
        ({"q": "  "}, "is not known here"),
    ],
)
def test_an_unknown_value_falls_back_with_a_notice(params: dict[str, str], words: str) -> None:
    at = link(**({"corpus": "exceptions", "first": "bm25", "reranker": "bm25"} | params))
    assert not at.exception
    assert words in texts(at)
    job = at.session_state[state.JOB]
    job.stop()
    job.join(PATIENCE)


def test_the_known_rerankers_of_a_link_are_used_beside_unknown_ones() -> None:
    at = link(corpus="exceptions", first="bm25", reranker=["nobody", "rrf", "bm25"])
    assert settle(at).request.pipelines.rerankers == ("rrf", "bm25")
    assert "reranker=nobody is not known here; the others are used." in texts(at)


@pytest.mark.models
def test_a_former_reranker_of_a_link_is_the_one_that_took_its_place() -> None:
    named = ["bm25", "late-minilm"]
    at = link(corpus="exceptions", first="bm25", reranker=named)
    assert settle(at).request.pipelines.rerankers == ("bm25", "late-bge")
    assert "late-minilm is now late-bge, which takes its place." in texts(at)
    assert at.query_params["reranker"] == ["bm25", "late-bge"]


def test_presenter_view_shows_no_controls(visit: Visit) -> None:
    at = visit(**{state.VIEW: "presenter"})
    settle(at)
    assert not has(at, "settings")
    steps = ["previous_query", "next_query"]
    assert [b.key for b in at.button] == [*steps, "leave_presenter"]
    at.button(key="leave_presenter").click().run()
    assert has(at, "settings")


@pytest.mark.models
def test_differences_leave_out_what_stands_at_the_same_rank(visit: Visit) -> None:
    at = visit(**{state.VIEW: "differences", state.RERANKERS: ("minilm-l12",)})
    settle(at)
    assert "at the same rank in both" in said(at, "soft-focus")


# ---------------------------------------------------------------- paste


@pytest.mark.models
def test_pasted_texts_are_reranked_in_the_order_they_came(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("minilm-l12", "bm25")})
    settle(at)
    at.text_input(key="_pasted_query").input("how to catch exceptions")
    at.text_area(key="_pasted").input("Cats sleep.\nCatch exceptions with except.\nDogs bark.")
    at.button(key="rerank_pasted").click().run()
    job = settle(at)
    assert ids(job.first_stage) == ["text-1", "text-2", "text-3"]
    assert ids(results(job)["minilm-l12"])[0] == "text-2"
    assert ids(results(job)["bm25"])[0] == "text-2"
    assert job.request.query.text == "how to catch exceptions"
    assert not any("recorded" in note for note in board_data(job, 10, {}).columns[0].notes)


def test_nothing_pasted_is_refused(visit: Visit) -> None:
    at = visit()
    job = settle(at)
    at.text_area(key="_pasted").input(" \n ")
    at.button(key="rerank_pasted").click().run()
    assert "0 texts were pasted" in said(at, "complaint")
    assert job_of(at) is job


# ---------------------------------------------------------------- files


def test_a_finished_comparison_can_be_taken_away(visit: Visit) -> None:
    at = visit()
    settle(at)
    labels = [b.label for b in at.get("download_button")]
    assert {"Report (HTML)", "JSON", "CSV", "TREC run"} <= set(labels)


def test_hostile_documents_in_the_detail_are_text(visit: Visit) -> None:
    hostile = "<script>alert(1)</script> ![x](https://evil.example/x)"
    corpus = Corpus(
        "hostile", (Document("d", hostile, f"harbour {hostile}"),), fingerprint="9" * 64
    )
    at = visit(
        **{
            state.UPLOADS: {"hostile": corpus},
            state.CORPUS: "hostile",
            state.QUERY: "harbour",
        }
    )
    settle(at)
    assert "evil.example" not in "\n".join(m.value for m in at.markdown)


# ---------------------------------------------------------------- the chosen document


def opened(visit: Visit, *rerankers: str) -> tuple[AppTest, str]:
    """Return a visit with the first reranker's first document chosen, and that document."""
    at = visit(**{state.RERANKERS: rerankers})
    chosen = ids(results(settle(at))[rerankers[0]])[0]
    at.session_state[state.CHOSEN] = chosen
    selection = {"document": chosen, "system": rerankers[0]}
    at.session_state["board"] = {"selected": selection}
    return at.run(), chosen


@pytest.mark.models
def test_a_chosen_document_opens_with_what_each_system_made_of_it(visit: Visit) -> None:
    at, chosen = opened(visit, "minilm-l12")
    assert f"id {chosen} · " in said(at, "detail")
    [ranks] = [markup for markup in htmls(at) if "<table" in markup]
    assert ranks.index(">A</span> <span>bm25<") < ranks.index(">B</span> <span>minilm-l12<")
    assert int(re.findall(r"<td>(\d+)</td>", ranks)[-1]) > 10, "the tokens that it read"


@pytest.mark.models
def test_a_cross_encoder_is_explained_by_leaving_out(visit: Visit) -> None:
    at, _ = opened(visit, "minilm-l12")
    work(at, "explain_now")
    [computation] = at.session_state[state.COMPUTATIONS].values()
    found = computation.result
    assert f"the whole text scores {score_words(found.full)}" in said(at, "soft-shaded")
    table = next(d.value for d in at.dataframe if "Effect" in d.value.columns)
    best = max(found.pieces, key=lambda p: abs(p.effect))
    assert table["Score without"][0] == score_words(best.without)


def test_bm25_is_explained_by_its_terms(visit: Visit) -> None:
    at, chosen = opened(visit, "bm25")
    ranking = results(job_of(at))["bm25"]
    assert isinstance(ranking, Ranking)
    score = next(h.score for h in ranking.hits if h.document.id == chosen)
    assert f"together they are the score, {score:.2f}" in said(at, "soft-bm25")


def test_a_hosted_model_is_explained_only_after_its_price_was_told(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "lab.toml"  # the price on file is not that of another server
    config.write_text('[prices]\n"cohere/rerank-v3.5" = {per_1k_searches = 2.0}\n')
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
    with serve() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        state._lab.clear()
        at, _ = opened(visit, "cohere")
        asked = len(server.seen)
        words = said(at, "soft-asking")
        assert "it takes calls and costs money" in words
        assert "Here: 1 request, about $0.002." in words
        assert len(server.seen) == asked
        work(at, "explain_now")
        assert len(server.seen) == asked + 1
        assert "the whole text scores" in said(at, "soft-shaded")
    state._lab.clear()
