"""The Compare page as a visitor works it: settings, stopping, failures.

Most tests search the nine passages of the sample "exceptions" with BM25, which needs no model.
"""

from __future__ import annotations

import time
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from components.domain import Failure, Ranking
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from tests.support.asking import asked, results
from tests.support.visits import APP, PATIENCE, Visit, ask, has, ids, job_of, said, settle, texts

# ---------------------------------------------------------------- Compare: a visit


@pytest.mark.models
def test_a_first_visit_compares_the_first_sample_query_with_the_defaults() -> None:
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    job = settle(at)
    helpdesk = state.sample("helpdesk")
    assert job.corpus is helpdesk
    assert job.request == asked(
        helpdesk.queries[0].text, "bge-small", ("minilm-l12", "late-bge", "bm25"), 100
    )
    assert job.error is None
    assert all(isinstance(r, Ranking) and len(r.hits) == 100 for r in results(job).values())
    assert said(at, "verdict").startswith("B minilm-l12: ")
    assert "nDCG@10" in said(at, "verdict")
    assert "One query is an anecdote" in said(at, "verdict")
    assert has(at, "board")
    assert all(has(at, f"picture-{chart}") for chart in ("headroom", "latency"))
    board = board_data(job, 10, helpdesk.grades(helpdesk.queries[0]))
    assert {path.id for path in board.paths} >= {card.id for c in board.columns for card in c.cards}
    assert all(len(path.ranks) == 4 for path in board.paths)
    assert not has(at, "progress")


def test_typing_a_query_and_pressing_compare_searches_it(visit: Visit) -> None:
    at = visit()
    first = settle(at)
    assert first.request.query.text == state.sample("exceptions").queries[0].text
    second = settle(ask(at, "weather in the harbour city"))
    assert second is not first
    assert second.request.query.text == "weather in the harbour city"
    assert ids(second.first_stage)[0] == ids(results(second)["bm25"])[0] == "harbour-weather"
    assert "No judgments for this query" in said(at, "verdict")
    assert at.text_input[0].value == "weather in the harbour city"


@pytest.mark.parametrize("blank", ["", "   ", "\t\n"])
def test_a_blank_query_is_refused_and_the_page_stays_usable(visit: Visit, blank: str) -> None:
    at = visit()
    settle(at)
    ask(at, blank)
    assert not at.exception
    assert "The query is empty. Type" in said(at, "complaint").replace("\n", " ")
    assert not has(at, "board")
    assert ids(settle(ask(at, "logging")).first_stage)[0] == "logging-exception"
    assert not has(at, "complaint")


def test_a_sample_query_is_compared_as_soon_as_it_is_picked(visit: Visit) -> None:
    at = visit()
    settle(at)
    wanted = state.sample("exceptions").queries[4]
    picker = next(s for s in at.selectbox if s.label.startswith("Sample queries"))
    picker.set_value(wanted.text).run()
    job = settle(at)
    assert job.request.query.text == wanted.text
    assert at.text_input[0].value == wanted.text
    assert wanted.note in said(at, "soft-note")


def test_sample_queries_can_be_narrowed_to_what_makes_them_hard(visit: Visit) -> None:
    at = visit()
    job = settle(at)
    tags = next(s for s in at.selectbox if s.label == "What makes it hard")
    tags.set_value("negation").run()
    picker = next(s for s in at.selectbox if s.label.startswith("Sample queries"))
    queries = state.sample("exceptions").queries
    assert list(picker.options) == [q.text for q in queries if "negation" in q.tags]
    assert picker.value is None
    assert job_of(at) is job, "narrowing alone searches nothing"
    picker.set_value(picker.options[0]).run()
    assert settle(at).request.query.text == picker.options[0]


def test_another_corpus_opens_with_its_first_query(visit: Visit) -> None:
    at = visit()
    before = settle(at)
    at.selectbox(key="_corpus").set_value("atlas").run()
    job = settle(at)
    atlas = state.sample("atlas")
    assert job is not before
    assert job.corpus is atlas
    assert job.request.query.text == atlas.queries[0].text
    assert said(at, "soft-where").startswith("atlas · 393 passages")
    assert at.selectbox(key="_corpus").value == "atlas"


def test_a_page_switch_keeps_settings_and_result(visit: Visit) -> None:
    at = visit()
    settle(ask(at, "logging"))
    at.number_input(key="_final_k").set_value(4)
    at.multiselect(key="_rerankers").set_value(["bm25", "rrf"]).run()
    job = settle(at)
    at.switch_page("pages/rerankers.py").run()
    at.switch_page("app.py").run()
    assert not at.exception
    assert job_of(at) is job
    assert at.number_input(key="_final_k").value == 4
    assert at.multiselect(key="_rerankers").value == ["bm25", "rrf"]
    assert at.text_input[0].value == "logging"


# ---------------------------------------------------------------- Compare: systems and depth


def test_one_reranker_alone(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("rrf", "bm25")})
    settle(at)
    at.multiselect(key="_rerankers").set_value(["bm25"]).run()
    job = settle(at)
    assert job.request.pipelines.rerankers == ("bm25",)
    assert set(results(job)) == {"bm25"}


def test_no_reranker_at_all_shows_the_first_stage(visit: Visit) -> None:
    at = visit()
    settle(at)
    at.multiselect(key="_rerankers").set_value([]).run()
    job = settle(at)
    assert job.request.pipelines.rerankers == ()
    assert results(job) == {}
    assert len(board_data(job, 10, {}).columns) == 1
    assert has(at, "board")
    assert not has(at, "verdict")


def test_final_k_recomputes_nothing(visit: Visit, probes: ModuleType) -> None:
    at = visit(**{state.RERANKERS: ("probe-length",)})
    job = settle(at)
    assert "probe-length" in probes.SEEN
    probes.SEEN.clear()
    at.number_input(key="_final_k").set_value(3).run()
    assert job_of(at) is job
    assert not probes.SEEN
    assert not at.exception


@pytest.mark.models
def test_fewer_candidates_start_anew(visit: Visit) -> None:
    at = visit(**{state.FIRST_STAGE: "bge-small"})
    before = settle(at)
    assert len(ids(before.first_stage)) == 9
    at.number_input(key="_initial_k").set_value(4).run()
    job = settle(at)
    assert ids(job.first_stage) == ids(before.first_stage)[:4]
    assert not has(at, "soft-depth")


@pytest.mark.models
def test_more_candidates_than_passages_are_explained(visit: Visit) -> None:
    at = visit(**{state.FIRST_STAGE: "bge-small"})
    settle(at)
    assert said(at, "soft-depth") == "9 candidates instead of 100: the whole corpus."


def test_a_lexical_first_stage_says_that_it_found_no_more(visit: Visit) -> None:
    at = visit(**{state.QUERY: "harbour"})
    settle(at)
    found = said(at, "soft-depth")
    assert found == "1 candidate instead of 100: all that the first stage found."


def test_no_candidate_at_all_is_said_in_words(visit: Visit) -> None:
    at = visit(**{state.QUERY: "qwertyuiop zxcvbnm"})
    job = settle(at)
    assert ids(job.first_stage) == ids(results(job)["bm25"]) == []
    assert "no document holds a word of this query" in texts(at)
    assert not has(at, "picture-latency")
    assert ids(settle(ask(at, "logging")).first_stage)


def test_the_same_request_is_not_run_twice_but_pressing_compare_repeats_it(visit: Visit) -> None:
    at = visit()
    job = settle(at)
    at.run()
    assert job_of(at) is job
    again = settle(ask(at, at.text_input[0].value))
    assert again is not job
    assert again.request == job.request


# ---------------------------------------------------------------- Compare: stopping


def slow(visit: Visit, probes: ModuleType) -> AppTest:
    """Return a page on which the reranker probe-slow is at work."""
    probes.running.clear()
    probes.proceed.clear()
    at = visit(**{state.RERANKERS: ("bm25", "probe-slow")})
    assert probes.running.wait(PATIENCE)
    return at


def test_a_second_submit_abandons_the_first(visit: Visit, probes: ModuleType) -> None:
    at = slow(visit, probes)
    first = job_of(at)
    assert not first.finished
    probes.running.clear()
    ask(at, "logging")
    assert job_of(at).request.query.text == "logging"
    ask(at, "weather")  # nothing has drawn the page anew in between
    second = job_of(at)
    assert second.request.query.text == "weather"
    assert first.stopped
    assert second is not first
    assert not second.stopped
    first.join(PATIENCE)
    assert first.finished
    assert "probe-slow" not in results(first)
    assert probes.running.wait(PATIENCE)
    probes.proceed.set()
    assert set(results(settle(at))) == {"bm25", "probe-slow"}


def test_stop_keeps_what_had_finished(visit: Visit, probes: ModuleType) -> None:
    at = slow(visit, probes).run()
    assert has(at, "progress")
    at.button(key="stop").click().run()
    job = settle(at)
    assert job.stopped
    assert set(results(job)) == {"bm25"}
    assert job.steps["probe-slow"].state == "stopped"
    assert said(at, "soft-stopped") == "Stopped. What had finished is shown."
    assert has(at, "board")
    assert not has(at, "progress")
    probes.proceed.set()
    assert set(results(settle(ask(at, "logging")))) == {"bm25", "probe-slow"}


def test_work_in_progress_is_shown_beside_what_is_done(visit: Visit, probes: ModuleType) -> None:
    at = slow(visit, probes)
    job = job_of(at)
    deadline = time.monotonic() + PATIENCE
    while "bm25" not in results(job) and time.monotonic() < deadline:
        job.join(0.02)
    first, probe, lexical = board_data(job, 10, {}).columns  # in the order of their letters
    assert (first.letter, probe.letter, lexical.letter) == ("A", "B", "D")
    assert (first.state, lexical.state, probe.state) == ("done", "done", "running")
    assert (probe.done, probe.total) == (1, len(first.cards))
    assert [(c.rank, c.id, c.first_rank) for c in probe.cards] == [(1, first.cards[0].id, 1)]
    assert (probe.notes, probe.latency, probe.quality) == (("provisional order",), "", "")
    assert job.provisional("bm25") is None  # it has ended
    probes.proceed.set()
    settle(at)


# ---------------------------------------------------------------- Compare: failures


@pytest.mark.models
def test_a_query_longer_than_the_encoder_reads_is_refused(visit: Visit) -> None:
    at = visit(**{state.FIRST_STAGE: "bge-small"})
    settle(at)
    job = settle(ask(at, "word " * 10_000))
    assert job.error is not None
    assert "512" in said(at, "complaint") or "510" in said(at, "complaint")
    assert not has(at, "board")
    assert settle(ask(at, "logging")).error is None


def test_an_unavailable_reranker_fails_alone(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("bge-v2-m3", "bm25")})
    job = settle(at)
    failure = results(job)["bge-v2-m3"]
    assert isinstance(failure, Failure)
    assert failure.reason and failure.remedy
    assert ids(results(job)["bm25"])
    _, column, lexical = board_data(job, 10, {}).columns
    assert (column.state, lexical.state) == ("failed", "done")
    assert (column.reason, column.remedy) == (failure.reason, failure.remedy)
    assert column.cards == ()
    assert said(at, "verdict").split("\n")[0]


def test_faults_of_rerankers_stay_in_their_columns(visit: Visit, probes: ModuleType) -> None:
    bad = ("probe-crash", "probe-nan", "probe-short", "probe-refuse")
    at = visit(**{state.RERANKERS: (*bad, "bm25")})
    job = settle(at)
    shown = {column.key: column for column in board_data(job, 10, {}).columns}
    assert all(shown[key].state == "failed" and shown[key].reason for key in bad)
    assert shown["probe-refuse"].reason == "The probe refuses."
    assert shown["bm25"].state == "done"
