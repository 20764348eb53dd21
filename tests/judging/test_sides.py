"""Two rankings side by side: places are drawn, and the sign test is SciPy's."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from components.domain import InputError, Query
from components.judging.sides import Side, SidesPlan, in_force, outcome, sides_plan
from components.judging.store import JudgingStore
from tests.support.judging import PLACE

QUERIES = tuple(Query(f"q{i}", f"query {i}") for i in range(40))
RANKINGS = {
    "one": {query.id: ["a", "b", "c"] for query in QUERIES},
    "two": {query.id: ["b", "a", "c"] for query in QUERIES[:30]}
    | {query.id: ["a", "b", "d"] for query in QUERIES[30:]},
}


def test_queries_that_differ_stand_in_drawn_places() -> None:
    plan = sides_plan(RANKINGS, QUERIES, ("one", "two"), 2, 1)
    assert sorted(plan.queries) == sorted(query.text for query in QUERIES[:30])
    assert plan == SidesPlan.model_validate_json(plan.model_dump_json())
    assert plan == sides_plan(RANKINGS, QUERIES, ("one", "two"), 2, 1)
    assert 5 < sum(plan.swapped) < 25
    for i, swapped in enumerate(plan.swapped):
        left, right = plan.sides(i)
        assert (left, right) == ((("b", "a"), ("a", "b")) if swapped else (("a", "b"), ("b", "a")))
    with pytest.raises(InputError, match="nothing to tell apart"):
        sides_plan(RANKINGS, QUERIES, ("one", "two"), 0, 1)


def side_of(plan: SidesPlan, i: int, *, after: bool) -> Side:
    return Side.LEFT if plan.swapped[i] == after else Side.RIGHT


def test_the_outcome_by_hand() -> None:
    """Nine of ten: p = 2 (1 + 10) / 1024; one of two: the interval is nearly everything."""
    plan = sides_plan(RANKINGS, QUERIES, ("one", "two"), 2, 1)
    said = {plan.queries[i]: side_of(plan, i, after=i > 0) for i in range(10)}
    said |= {plan.queries[10]: Side.SAME, plan.queries[11]: Side.BAD}
    result = outcome(plan, said)
    assert (result.before, result.after, result.same, result.bad) == (1, 9, 1, 1)
    assert result.p == pytest.approx(2 * 11 / 1024)
    assert result.share == 0.9
    assert (result.low, result.high) == pytest.approx((0.55498, 0.99747), abs=1e-5)
    assert result.sentence("one", "two").startswith("two is preferred to one: two was better on 9")
    few = outcome(plan, {plan.queries[i]: side_of(plan, i, after=i > 0) for i in range(2)})
    assert few.sentence("one", "two").startswith("No clear difference: two was better on 1 query")
    none = outcome(plan, {plan.queries[0]: Side.SAME})
    assert math.isnan(none.share)
    assert none.sentence("one", "two").startswith("No clear difference")


def test_the_last_word_counts_and_nothing_is_overwritten(tmp_path: Path) -> None:
    store = JudgingStore(tmp_path)
    for query, side in (("x", "left"), ("y", "same"), ("x", "right"), ("y", "")):
        store.prefer(PLACE, "one", "Ada", query, side)
    store.prefer(PLACE, "two", "Ada", "x", "left")
    rows = store.preferences(PLACE, "one")
    assert len(rows) == 4
    assert in_force(rows) == {"x": Side.RIGHT}
