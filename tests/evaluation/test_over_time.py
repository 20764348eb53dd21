from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from components.domain import Query, Timing, Usage
from components.evaluation import Evaluation, Plan, Ranked, Rules
from components.evaluation.over_time import changes, unlike
from components.evaluation.saved import SavedEvaluation
from components.pipeline import Pipelines

QUERIES = tuple(Query(f"q{n}", f"query {n}") for n in range(3))
JUDGMENTS = {query.id: {"a": 1} for query in QUERIES}


def saved(ranks: dict[str, dict[str, int]], **pipelines: int) -> SavedEvaluation:
    """Return an evaluation in which document a has these ranks, by system and query."""
    runs = {
        system: {
            query: Ranked(
                (*("b", "c")[: rank - 1], "a"), tuple(range(rank, 0, -1)), Timing(), Usage()
            )
            for query, rank in by_query.items()
        }
        for system, by_query in ranks.items()
    }
    queries = tuple(q for q in QUERIES if q.id in ranks["bm25"])
    judgments = {q.id: JUDGMENTS[q.id] for q in queries}
    rerankers = tuple(system for system in ranks if system != "bm25")
    plan = Plan(Pipelines("bm25", rerankers, **pipelines), queries, judgments, None, "c", "f")
    made = datetime(2026, 11, 22, tzinfo=UTC)
    return SavedEvaluation("id", made, plan, Evaluation(plan.systems, runs), {"x": "X 1"})


def test_a_change_is_paired_over_the_queries_of_both() -> None:
    """RR of bm25 over q1 and q2: 1 and 1/2 then, 1 and 1 now; q0 is in the earlier one alone."""
    old = saved({"bm25": {"q0": 3, "q1": 1, "q2": 2}, "x": {"q0": 1, "q1": 1, "q2": 1}})
    new = saved({"bm25": {"q1": 1, "q2": 1}, "y": {"q1": 1, "q2": 1}})
    [change] = changes(old, new, "RR@10")
    assert (change.system, change.before, change.after) == ("bm25", 0.75, 1.0)
    assert change.difference.n == 2
    assert change.difference.mean == pytest.approx(0.25)


def test_evaluations_without_a_query_in_common_have_no_change() -> None:
    assert changes(saved({"bm25": {"q0": 1}}), saved({"bm25": {"q1": 1}}), "RR@10") == ()


def test_what_else_differs_is_said() -> None:
    old, new = saved({"bm25": {"q0": 1}}), saved({"bm25": {"q0": 2}})
    assert unlike(old, new) == []
    new = saved({"bm25": {"q1": 1}}, initial_k=1000)
    new = replace(new, plan=replace(new.plan, fingerprint="g"), models={"x": "X 2"})
    assert unlike(old, new) == [
        "The corpora differ: nothing below is a like-for-like comparison.",
        "The judged queries or their judgments differ; shared queries are compared.",
        "100 candidates then, 1,000 now.",
        "x was X 1, and is X 2.",
    ]


def test_evaluations_by_different_rules_are_said_to_be() -> None:
    old, new = saved({"bm25": {"q0": 1}}), saved({"bm25": {"q0": 2}})
    new = replace(new, plan=replace(new.plan, rules=Rules(zero_only=True)))
    assert unlike(old, new) == [
        "The rules differ: queries without a relevant document left out then, counted now. Their "
        "figures are not those of one benchmark."
    ]
