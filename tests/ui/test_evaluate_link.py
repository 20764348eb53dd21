"""The address of the Evaluate page brings back what was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from components.evaluation import Evaluation
from components.evaluation.saved import SavedEvaluation
from components.evaluation.store import EvaluationStore
from components.ui.evaluate.evidence import VIEWS
from components.ui.shared import state
from tests.support.visits import APP, PATIENCE, evaluated, said, texts

Visit = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("own_data", "probes")
PAGE = "pages/evaluate.py"


def opened(**parameters: str) -> AppTest:
    """Return a new window at an address of the Evaluate page."""
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    at.switch_page(PAGE)
    for name, value in parameters.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def address(at: AppTest) -> dict[str, str]:
    """Return the parameters of the page's address."""
    return {name: str(at.query_params[name]) for name in at.query_params}


def test_an_address_says_how_an_evaluation_is_looked_at(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("probe-length",)})
    assert address(at) == {}
    saved = evaluated(at)
    assert address(at) == {"evaluation": saved.id}
    at.segmented_control[0].set_value("tags").run()
    at.selectbox(key="_measure").select("RR").run()
    at.number_input(key="_cut").set_value(5).run()
    at.selectbox(key="_baseline").select("probe-length").run()
    view = {"view": "tags", "measure": "RR@5", "baseline": "probe-length"}
    assert address(at) == {"evaluation": saved.id} | view


def test_another_window_shows_the_same(visit: Visit) -> None:
    saved = evaluated(visit(PAGE, **{state.RERANKERS: ("probe-length",)}))
    at = opened(evaluation=saved.id, view="tags", measure="RR@5", baseline="probe-length")
    assert saved.title in texts(at)
    assert at.session_state[state.CORPUS] == "exceptions"  # not the first of the samples
    assert "exceptions · 9 passages" in texts(at)
    assert at.segmented_control[0].value == "tags"
    assert at.selectbox(key="_measure").value == "RR"
    assert at.number_input(key="_cut").value == 5
    assert at.selectbox(key="_baseline").value == "probe-length"
    view = {"view": "tags", "measure": "RR@5", "baseline": "probe-length"}
    assert address(at) == {"evaluation": saved.id} | view


def of_a_former_reranker(saved: SavedEvaluation) -> SavedEvaluation:
    """Return an evaluation as one of late-minilm, which the catalog no longer has."""
    first, name = saved.plan.first_stage, "late-minilm"
    pipelines = replace(saved.plan.pipelines, rerankers=(name,))
    rankings = saved.evaluation.rankings
    return replace(
        saved,
        id="f" * 32,
        plan=replace(saved.plan, pipelines=pipelines),
        evaluation=Evaluation(
            (first, name), {first: rankings[first], name: rankings["probe-length"]}
        ),
        models={first: saved.models[first], name: "all-MiniLM-L6-v2, token vectors"},
    )


def test_an_evaluation_of_a_former_reranker_is_shown_as_it_was(visit: Visit) -> None:
    saved = evaluated(visit(PAGE, **{state.RERANKERS: ("probe-length",)}))
    former = of_a_former_reranker(saved)
    EvaluationStore(state.settings().data_dir).save(
        former, former.evaluation.metrics(former.plan.judgments)
    )
    at = opened(evaluation=former.id)
    assert at.session_state[state.EVALUATED].plan.systems == ("bm25", "late-minilm")
    assert "late-minilm" in said(at, "verdict")
    for view in VIEWS:
        at.segmented_control[0].set_value(view).run()
        assert not at.exception, view
    assert not at.switch_page("pages/rerankers.py").run().exception


def test_unknown_values_fall_back_and_are_named(visit: Visit) -> None:
    saved = evaluated(visit(PAGE, **{state.RERANKERS: ("probe-length",)}))
    at = opened(evaluation=saved.id, view="<b>", measure="nDCG@100000", baseline="cohere")
    assert "view=<b> is not known here; the default is used." in texts(at)
    assert "measure=nDCG@100000 is not known here; the default is used." in texts(at)
    assert at.selectbox(key="_baseline").value == "bm25"
    assert address(at) == {"evaluation": saved.id}
    assert "not known here" not in texts(at.run())


def test_a_view_without_an_evaluation_has_an_address(visit: Visit) -> None:
    at = opened(view="past")
    assert at.segmented_control[0].value == "past"
    assert address(at) == {"view": "past"}
    assert visit(PAGE).segmented_control[0].value == "quality"


def test_a_measure_without_a_cutoff_keeps_the_usual_one() -> None:
    at = opened(measure="AP")
    assert at.session_state[state.MEASURE] == "AP"
    assert at.session_state[state.CUT] == 10
    assert address(at) == {"measure": "AP"}


def test_the_way_to_the_page_names_the_open_evaluation(visit: Visit) -> None:
    at = visit(PAGE, **{state.RERANKERS: ("probe-length",)})
    saved = evaluated(at)
    links = {link.proto.label: link.proto.query_string for link in at.get("page_link")}
    assert links["Evaluate"] == f"evaluation={saved.id}"
    assert links["Compare"] == ""
