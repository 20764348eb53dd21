"""Quality of rankings, gains and losses, and the verdict: exact numbers and sentences."""

from __future__ import annotations

import math

import pytest

from components.analysis.agreement import order
from components.analysis.quality import (
    Change,
    Harm,
    harms,
    quality,
    unjudged,
    worst_first,
)
from components.domain import Query
from tests.support.rankings import first_stage, reranked

LOG2 = math.log2


def test_ndcg_by_hand() -> None:
    grades = {"a": 2, "c": 1}
    ideal = 2 + 1 / LOG2(3)
    assert quality(first_stage("acb"), grades, "nDCG@10") == pytest.approx(1.0)
    assert quality(first_stage("abc"), grades, "nDCG@10") == pytest.approx(
        (2 + 1 / LOG2(4)) / ideal
    )
    assert quality(first_stage("bca"), grades, "nDCG@10") == pytest.approx(
        (1 / LOG2(3) + 2 / 2) / ideal
    )
    assert quality(first_stage("bca"), grades, "nDCG@2") == pytest.approx((1 / LOG2(3)) / ideal)
    assert quality(first_stage("cba"), grades, "nDCG@1") == pytest.approx(1 / 2)
    assert quality(first_stage("xyz"), grades, "nDCG@10") == 0.0


@pytest.mark.parametrize("grades", [{}, {"a": 0}, {"a": 0, "b": -1}])
def test_ndcg_without_a_relevant_document(grades: dict[str, int]) -> None:
    assert quality(first_stage("ab"), grades, "nDCG@10") is None


def test_unjudged_counts_what_nobody_graded() -> None:
    ranking = first_stage("abcd")
    assert unjudged(order(ranking), {"a": 0, "c": 3}, 4) == 2
    assert unjudged(order(ranking), {"a": 0, "c": 3}, 1) == 0
    assert unjudged(order(ranking), {}, 10) == 4


def test_harms_are_relevant_documents_that_fell() -> None:
    # a fell from 1 to 3, b from 2 to 5 (out of the first three); d, c and e rose.
    ranking = reranked("abcde", "dcaeb")
    grades = {"a": 1, "b": 3, "c": 1, "d": 2, "e": 1}
    a, b = (next(h.document for h in ranking.hits if h.document.id == i) for i in "ab")
    assert harms(ranking, grades, 3) == (
        Harm(b, "second", 3, 2, 5, dropped=True),
        Harm(a, "second", 1, 1, 3, dropped=False),
    )
    # b was never in the first 1
    assert harms(ranking, grades, 1) == (Harm(a, "second", 1, 1, 3, dropped=True),)
    assert harms(ranking, {"a": 0, "b": -1}, 3) == ()
    assert harms(ranking, {"e": 1}, 3) == ()  # it rose, and was below the cut-off


def test_harm_names_what_fell_and_what_fell_out() -> None:
    before, after = "abcdef", "cfdabe"
    fallen = harms(reranked(before, after), {"a": 1, "b": 3, "c": 2, "d": 1, "e": 0}, 4)
    assert [(h.document.id, h.grade, h.before, h.after, h.dropped) for h in fallen] == [
        ("b", 3, 2, 5, True),
        ("a", 1, 1, 4, False),
    ]
    assert harms(reranked(before, after), {}, 4) == ()


def test_the_gallery_begins_with_the_worst() -> None:
    changes = [
        Change(Query("q1", ""), 0.5, 0.4),
        Change(Query("q2", ""), 0.5, 0.5),
        Change(Query("q3", ""), 0.9, 0.1),
    ]
    assert [c.query.id for c in worst_first(changes)] == ["q3", "q1"]
    assert changes[2].change == pytest.approx(-0.8)
