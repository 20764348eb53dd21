"""The Evaluate page as a visitor uses it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from components.jobs import Evaluating
from components.snapshots import Snapshot, SnapshotStore
from components.ui import state

Visit = Callable[..., AppTest]
PAGE = "pages/evaluate.py"


def button(at: AppTest, key: str) -> None:
    at.button(key=key).click().run()


def evaluated(at: AppTest) -> Snapshot:
    """Press Evaluate and wait for the end."""
    button(at, "evaluate_now")
    job = at.session_state[state.EVALUATING]
    assert isinstance(job, Evaluating)
    job.join(120)
    assert job.finished
    at.session_state[state.EVALUATED] = job.snapshot  # the fragment does so when it next looks
    at.run()
    assert not at.exception, at.exception
    assert job.snapshot is not None
    return job.snapshot


def texts(at: AppTest) -> str:
    return "\n".join(str(t.value) for t in at.text)


def test_a_first_visit_says_what_to_do(visit: Visit) -> None:
    at = visit(PAGE)
    assert "Nothing is evaluated yet" in texts(at)
    assert "judged queries of exceptions (all)" in texts(at)


def test_an_evaluation_shows_its_verdict_and_every_view(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("bm25", "minilm-l12")})
    one = evaluated(at)
    assert "minilm-l12" in texts(at)
    assert "nDCG@10 (95% CI" in texts(at)
    assert one.evaluation.complete
    for key in ("queries", "tags", "headroom", "latency", "money", "kept", "past", "quality"):
        at.session_state[state.EVIDENCE] = key
        at.run()
        assert not at.exception, key
    kept = SnapshotStore(state_lab(at).settings.data_dir).heads([one.plan.fingerprint])
    assert one.id in [head.id for head in kept]


def state_lab(at: AppTest) -> object:
    return at.session_state[state.EVALUATING].lab


def test_measure_cut_and_baseline_change_the_verdict(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("minilm-l12",)})
    evaluated(at)
    at.selectbox(key=f"_{state.MEASURE}").select("RR").run()
    at.number_input(key=f"_{state.CUT}").set_value(3).run()
    assert "RR@3" in texts(at)
    at.selectbox(key=f"_{state.BASELINE}").select("minilm-l12").run()
    assert any(str(t.value).startswith("bm25 ") for t in at.text)
    at.selectbox(key=f"_{state.MEASURE}").select("AP").run()
    assert not at.exception


def test_a_subset_is_drawn_and_said(visit: Visit) -> None:
    at = visit(PAGE, **{state.CORPUS: "helpdesk", state.RERANKERS: ()})
    at.selectbox(key=f"_{state.SUBSET}").select("sample").run()
    at.number_input(key=f"_{state.SAMPLE}").set_value(5).run()
    assert "5 judged queries of helpdesk (5 at random (seed 0))" in texts(at)
    at.selectbox(key=f"_{state.SUBSET}").select("tag").run()
    at.selectbox(key=f"_{state.TAG}").select("typo").run()
    assert "7 judged queries of helpdesk (tagged typo)" in texts(at)


@pytest.mark.usefixtures("probes")
def test_a_stopped_run_keeps_what_it_has_and_goes_on(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("probe-slow",)})
    button(at, "evaluate_now")
    job = at.session_state[state.EVALUATING]
    until = time.monotonic() + 30
    while "probe-slow" not in job.step.state and time.monotonic() < until:
        time.sleep(0.01)
    at.run()
    button(at, "stop_evaluation")
    job.join(30)
    assert job.stopped
    at.run()
    assert not at.exception
    assert "Stopped." in texts(at) or job.snapshot is None


@pytest.mark.usefixtures("probes")
def test_failures_are_listed_and_can_be_tried_again(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("probe-refuse", "probe-length")})
    evaluated(at)
    assert "The probe refuses." in str(at.dataframe[-1].value)
    assert "probe-length" in texts(at)


def test_a_corpus_without_judgments_says_so(visit: Visit) -> None:
    from components.domain import Corpus, Document, Query

    bare = Corpus("bare", (Document("d", "", "a fox"),), (Query("q", "fox"),), {}, "b" * 64)
    at = visit(PAGE, **{state.UPLOADS: {"bare": bare}, state.CORPUS: "bare"})
    assert "The corpus bare has no judgments." in texts(at)


def test_somebody_elses_evaluations_are_not_listed(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ()})
    one = evaluated(at)
    store = SnapshotStore(at.session_state[state.EVALUATING].lab.settings.data_dir)
    assert one.id not in [head.id for head in store.heads(["e" * 64])]
    at.session_state[state.EVIDENCE] = "kept"
    at.run()
    assert not at.exception
