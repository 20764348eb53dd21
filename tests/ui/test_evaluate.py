"""The Evaluate page as a visitor uses it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from components.config import Settings
from components.domain import Corpus, Document, Query
from components.evaluation.job import EvaluationJob
from components.evaluation.saved import SavedEvaluation
from components.evaluation.store import FILE, EvaluationStore
from components.exports.evaluation_html import evaluation_html
from components.exports.evaluation_report import EvaluationReport
from components.ui.shared import state
from tests.support.reports import EIGHT, FIRST, SECOND, simple
from tests.support.visits import has, said

Visit = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("own_data")
PAGE = "pages/evaluate.py"


def button(at: AppTest, key: str) -> None:
    at.button(key=key).click().run()


def evaluated(at: AppTest) -> SavedEvaluation:
    """Press Evaluate and wait for the end."""
    button(at, "evaluate_now")
    job = at.session_state[state.EVALUATING]
    assert isinstance(job, EvaluationJob)
    job.join(120)
    assert job.finished
    at.session_state[state.EVALUATED] = job.saved  # the fragment does so when it next looks
    at.run()
    assert not at.exception, at.exception
    assert job.saved is not None
    return job.saved


def texts(at: AppTest) -> str:
    return "\n".join(str(t.value) for t in at.text)


def test_a_first_visit_says_what_to_do(visit: Visit) -> None:
    at = visit(PAGE)
    assert "judged queries of exceptions (all)" in texts(at)
    assert "Comes with the sample: recorded on" in texts(at)


@pytest.mark.models
def test_an_evaluation_shows_its_verdict_and_every_view(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("bm25", "minilm-l12")})
    one = evaluated(at)
    assert "minilm-l12" in texts(at)
    assert "95% interval" in texts(at)
    assert one.evaluation.complete
    for key in ("queries", "tags", "headroom", "latency", "money", "kept", "past", "quality"):
        at.session_state[state.EVIDENCE] = key
        at.run()
        assert not at.exception, key
    kept = EvaluationStore(state_lab(at).settings.data_dir).summaries()
    assert one.id in [head.id for head in kept]


def state_lab(at: AppTest) -> object:
    return at.session_state[state.EVALUATING].lab


@pytest.mark.models
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
    assert "5 judged queries of helpdesk (5 at random, seed 0)" in texts(at)
    at.selectbox(key=f"_{state.SUBSET}").select("tag").run()
    at.selectbox(key=f"_{state.TAG}").select("typo").run()
    assert "7 judged queries of helpdesk (tagged typo)" in texts(at)


@pytest.mark.models
def test_differences_are_a_table_with_effect_size_and_what_would_show(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("minilm-l12",)})
    evaluated(at)
    table = next(d.value for d in at.dataframe if "Effect size" in d.value)
    assert list(table.columns) == [
        *("System", "Change in nDCG@10", "Verdict", "95% interval", "p", "Effect size", "n"),
        "Would show",
    ]
    assert list(table["System"]) == ["minilm-l12"]
    assert list(table["n"]) == ["6"]


def test_a_split_is_chosen_and_followed(visit: Visit) -> None:
    documents = (Document("d", "", "a red fox"), Document("e", "", "a grey wolf"))
    splits = {"dev": {"q": {"e": 1}, "r": {"d": 1}}, "test": {"q": {"d": 1}}}
    queries = (Query("q", "fox"), Query("r", "wolf"))
    two = Corpus("two", documents, queries, splits["test"], "c" * 64, splits=splits)
    at = visit(PAGE, **{state.UPLOADS: {"two": two}, state.CORPUS: "two"})
    assert "1 judged query of two (all)" in texts(at)
    at.selectbox(key=f"_split_{'c' * 12}").select("dev").run()
    assert "2 judged queries of two (all)" in texts(at)
    one = evaluated(at)
    assert one.plan.split == "dev"
    assert one.plan.judgments == splits["dev"]
    assert one.evaluation.metrics(one.plan.judgments)["bm25"].per_query["q"]["nDCG@10"] == 0
    assert "“dev”" in evaluation_html(EvaluationReport(one, {}, Settings()))


@pytest.mark.models
def test_what_a_run_will_take_and_cost_is_said_before(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("cohere", "voyage")})
    said = texts(at)
    assert "cohere will charge about $0.01." in said  # 6 queries, one search each, at $2 a thousand
    assert "voyage will charge about $0.000" in said
    assert "at the speed measured here" not in said
    at = visit(PAGE, **{state.RERANKERS: ("minilm-l12",), state.REUSE: False})
    evaluated(at)
    at.session_state[state.CORPUS] = "helpdesk"
    at.run()
    assert " at the speed measured here, less where scores are kept." in texts(at)


@pytest.mark.usefixtures("probes")
def test_a_run_that_another_window_began_can_be_watched(visit: Visit, probes: ModuleType) -> None:
    first = visit(PAGE, **{state.RERANKERS: ("probe-slow",)})
    button(first, "evaluate_now")
    job = first.session_state[state.EVALUATING]
    assert probes.running.wait(30)
    other = visit(PAGE)
    assert "An evaluation of exceptions is at work: 0 of 6 queries" in texts(other)
    button(other, "watch_0")
    assert other.session_state[state.EVALUATING] is job
    button(other, "stop_evaluation")
    job.join(30)
    assert job.stopped
    other.run()
    assert "is at work" not in texts(other)


def test_the_last_kept_evaluation_is_offered(visit: Visit) -> None:
    one = evaluated(visit(PAGE, **{state.RERANKERS: ("bm25",)}))
    at = visit(PAGE)
    assert one.title in texts(at)
    button(at, "open_last")
    assert at.session_state[state.EVALUATED].id == one.id
    assert "Comes with the sample" not in texts(at)


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
    assert "Stopped." in texts(at) or job.saved is None


@pytest.mark.usefixtures("probes")
def test_failures_are_listed_and_can_be_tried_again(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("probe-refuse", "probe-length")})
    evaluated(at)
    assert "The probe refuses." in str(at.dataframe[-1].value)
    assert "probe-length" in texts(at)


def test_a_corpus_without_judgments_says_so(visit: Visit) -> None:
    bare = Corpus("bare", (Document("d", "", "a fox"),), (Query("q", "fox"),), {}, "b" * 64)
    at = visit(PAGE, **{state.UPLOADS: {"bare": bare}, state.CORPUS: "bare"})
    assert "The corpus bare has no judgments." in texts(at)


def test_the_list_says_which_evaluations_cannot_be_read(visit: Visit) -> None:
    document = Document("d", "", "a fox")
    mine = Corpus("mine", (document,), (Query("q", "fox"),), {"q": {"d": 1}}, "c" * 64)
    at = visit(PAGE, **{state.UPLOADS: {"mine": mine}, state.CORPUS: "mine", state.RERANKERS: ()})
    one = evaluated(at)
    file = at.session_state[state.EVALUATING].lab.settings.data_dir / FILE
    for id, made, head in (
        ("newer", "2026-02-01T00:00:00+00:00", "json_set(head, '$.version', 99)"),
        ("damaged", "2026-01-01T00:00:00+00:00", "'{'"),
    ):
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(
                "INSERT INTO evaluations (id, made, fingerprint, head, body) "
                f"SELECT ?, ?, fingerprint, {head}, body FROM evaluations WHERE id = ?",
                (id, made, one.id),
            )
    at.session_state[state.EVIDENCE] = "kept"
    at.run()
    assert not at.exception
    assert said(at, "soft-unreadable-0").startswith(
        "The evaluation of 2026-02-01T00:00:00+00:00 was saved by a newer version of the lab"
    )
    assert said(at, "soft-unreadable-1") == (
        "The evaluation of 2026-01-01T00:00:00+00:00 is damaged."
    )
    listed = next(d.value for d in at.dataframe if "Made (UTC)" in d.value.columns)
    assert list(listed["Corpus"]).count("mine") == 1, "the one that can be read is listed"


def test_the_summary_on_one_page_opens_where_the_files_are(visit: Visit) -> None:
    saved = simple({"bm25": SECOND, "minilm-l12": FIRST}, EIGHT).saved
    at = visit(PAGE, **{state.EVALUATED: saved, state.EVIDENCE: "kept"})
    assert not has(at, "one-page-sheet")
    at.toggle(key="_one_page").set_value(True).run()
    assert not at.exception
    [sheet] = [node for node in at.main if getattr(node, "key", None) == "one-page-sheet"]
    html = json.loads(sheet.proto.json)["html"]
    assert "Yes: reranking with minilm-l12 gives better rankings than bm25 alone." in html
    assert "not measured" in html
    at.toggle(key="_one_page").set_value(False).run()
    assert not has(at, "one-page-sheet")
