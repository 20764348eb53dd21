"""What the Evaluate page says of an evaluation: verdicts, what is unjudged, kinds, money."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from components.domain import Corpus, Document, Query, Timing, Usage
from components.evaluation import Evaluation, Plan, Ranked
from components.evaluation.saved import SavedEvaluation
from components.pipeline import Pipelines
from components.ui.shared import state
from tests.support.visits import Visit, has, said, texts

PAGE = "pages/evaluate.py"
DOCUMENTS = tuple(Document(i, f"Title {i}", f"text {i}") for i in "xyz")
QUERIES = tuple(Query(f"q{i}", f"query {i}", ("kind",)) for i in range(8))
PRINT = "e" * 64


def saved(usage: Usage, *, judged: bool) -> SavedEvaluation:
    """Return an evaluation in which minilm-l12 puts the relevant x behind y, on eight queries.

    Unless all is `judged`, of y nothing is known, and grades go to 3. Each query took minilm-l12
    250 ms.
    """
    judgments = {q.id: {"x": 1, "z": 0} | ({"y": 0} if judged else {"o": 3}) for q in QUERIES}
    orders = {"bm25": ("x", "z", "y"), "minilm-l12": ("y", "z", "x")}
    rankings = {
        system: {
            q.id: Ranked(
                order,
                (3.0, 2.0, 1.0),
                Timing(search_ms=1, rerank_ms=250.0 * (system != "bm25")),
                usage if system != "bm25" else Usage(),
            )
            for q in QUERIES
        }
        for system, order in orders.items()
    }
    plan = Plan(Pipelines("bm25", ("minilm-l12",), 3), QUERIES, judgments, None, "small", PRINT, 3)
    made = datetime(2026, 11, 26, tzinfo=UTC)
    return SavedEvaluation("e", made, plan, Evaluation(plan.systems, rankings), {})


def session(usage: Usage, evidence: str, *, judged: bool = True) -> dict[str, object]:
    one = saved(usage, judged=judged)
    corpus = Corpus("small", DOCUMENTS, QUERIES, one.plan.judgments, PRINT)
    return {
        state.UPLOADS: {"small": corpus},
        state.CORPUS: "small",
        state.EVALUATED: one,
        state.EVIDENCE: evidence,
    }


MEASURED = Usage(pairs=3)


def test_a_clear_verdict_on_judged_documents_stands_alone(visit: Visit) -> None:
    at = visit(PAGE, **session(MEASURED, "quality"))
    assert said(at, "verdict") == (
        "minilm-l12 is worse than bm25: −0.500 nDCG@10 (95% interval −0.500 to −0.500, p = 0.008, "
        "8 queries)."
    )
    assert not has(at, "turning")
    assert has(at, "difference")


def test_what_one_system_alone_found_is_said_beside_worse(visit: Visit) -> None:
    """By a grade of 3 for y minilm-l12 gains three times what x is worth; four queries do."""
    at = visit(PAGE, **session(MEASURED, "quality", judged=False))
    at.number_input(key=f"_{state.CUT}").set_value(2).run()
    # 1 of the ideal 3.63 for bm25; with y 1 and 3 of 4.89: -0.2754 becomes +0.4090
    assert "minilm-l12 is worse than bm25: −0.275 nDCG@2" in said(at, "verdict")
    assert "4 of the 8 unjudged documents among the first 2 could reverse it." in (
        said(at, "verdict")
    )
    table = next(d.value for d in at.dataframe if "Unjudged document" in d.value)
    assert list(table["Unjudged document"]) == ["Title y"] * 4
    at.selectbox(key=f"_{state.BASELINE}").select("minilm-l12").run()
    assert "bm25 is better than minilm-l12: +0.275 nDCG@2" in said(at, "verdict")


def test_a_kind_is_called_worse_where_that_is_clear(visit: Visit) -> None:
    at = visit(PAGE, **session(MEASURED, "tags"))
    assert not at.exception
    assert has(at, "tags")


def test_money_shows_this_evaluations_time_at_its_depth(visit: Visit) -> None:
    at = visit(PAGE, **session(MEASURED, "money"))
    assert (
        "minilm-l12 took 250 ms for 3 candidates on this machine, the median of 8 queries of this "
        "evaluation"
    ) in texts(at)
    assert not has(at, f"_{state.PRICED_K}"), "the depth is the evaluation's"
    assert "3 candidates a query." in texts(at)
    assert "No price on file: " in texts(at)


@pytest.mark.parametrize("usage", [Usage(pairs=3, reused=3)])
def test_money_does_not_show_times_of_an_earlier_run(visit: Visit, usage: Usage) -> None:
    at = visit(PAGE, **session(usage, "money"))
    assert "minilm-l12: not measured in this evaluation" in texts(at)
    assert "250 ms" not in texts(at)


def test_money_without_an_evaluation_measures_nothing(visit: Visit) -> None:
    at = visit(PAGE, **{state.EVIDENCE: "money"})
    assert "No evaluation is open: nothing here is measured." in texts(at)
    assert "Machines of your own: not measured." in texts(at)
    at.number_input(key=f"_{state.PRICED_K}").set_value(30).run()
    assert "30 candidates a query." in texts(at)
