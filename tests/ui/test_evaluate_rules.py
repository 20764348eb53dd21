"""The Evaluate page's rules: chosen, said, kept; and the card that is the query itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from components.domain import Corpus, Document, Query
from components.evaluation import Rules
from components.evaluation.store import EvaluationStore
from components.pipeline.job import FIRST, ComparisonJob
from components.ui.compare.board.view import column_view
from components.ui.shared import state
from tests.support.asking import asked
from tests.support.visits import PATIENCE, evaluated, texts

Visit = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("own_data")
PAGE = "pages/evaluate.py"
DOCUMENTS = (
    Document("tea", "", "green tea"),
    Document("cup", "", "green tea and cups"),
    Document("black", "", "black coffee"),
)
QUERIES = (Query("tea", "green tea"), Query("q", "coffee"), Query("zero", "cups"))
GRADES = {"tea": {"cup": 1}, "q": {"black": 1}, "zero": {"black": 0}}
ODD = Corpus(
    *("odd", DOCUMENTS, QUERIES, GRADES, "0" * 64),
    splits={"test": GRADES},
    dangling={"test": {"q": {"away": 1}}},
)


def test_what_the_rules_leave_out_is_said_and_can_be_counted(visit: Visit) -> None:
    at = visit(PAGE, **{state.UPLOADS: {"odd": ODD}, state.CORPUS: "odd"})
    assert "Rules: 1 query without a relevant document left out; 1 judgment" in texts(at)
    usual = evaluated(at)
    said = texts(at)
    assert (
        "1 judged query without a relevant document is left out: 'zero'. Counted as 0, the mean "
        "nDCG@10 would be: bm25 0.6667 instead of 1.0000."
    ) in said
    assert "such as 'away' for the query 'q': it is left out of the ideal ranking" in said
    assert "· 1 query without a relevant document left out;" in said  # beside the title
    for key in (state.KEEP_IDENTICAL, state.COUNT_ZERO_ONLY, state.COUNT_DANGLING):
        at.checkbox(key=f"_{key}").check().run()
    counted = evaluated(at)
    assert counted.plan.rules == Rules(identical=True, zero_only=True, dangling=True)
    assert len(counted.evaluation.complete) == 3
    assert counted.evaluation.rankings["bm25"]["tea"].documents[0] == "tea"
    assert "left out" not in texts(at)
    at.session_state[state.EVIDENCE] = "kept"
    at.run()
    table = next(d.value for d in at.dataframe if "Rules" in d.value)
    assert list(table["Rules"]) == [counted.plan.rules.description, "the usual"]
    store = EvaluationStore(at.session_state[state.EVALUATING].lab.settings.data_dir)
    assert store.load(usual.id).plan.marginal == usual.plan.marginal
    assert store.load(counted.id).plan.rules == counted.plan.rules


def test_a_card_is_marked_that_is_the_query_itself() -> None:
    for text, marks in (("green  tea", [True, False, False]), ("green", [False, False, False])):
        job = ComparisonJob(state._lab(), ODD, asked(text, "bm25", ("bm25",), 3))
        job.start().join(PATIENCE)
        for system in (FIRST, "bm25"):
            cards = column_view(job, system, 3, {}).cards
            assert [card.itself for card in cards][: len(marks)] == marks[: len(cards)]
            judged = column_view(job, system, 3, {cards[0].id: 1})
            note = "nDCG@10 counts the query itself, which Evaluate leaves out unless asked"
            assert judged.quality == "nDCG@10 1.00"
            assert (note in judged.notes) == marks[0]
    other = replace(ODD, queries=(Query("other", "green tea"),))  # the text, and another id
    assert other.itself(other.find_query("green tea")) is None
