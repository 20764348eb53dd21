from __future__ import annotations

import math
import random

import pytest

from components.analysis.headroom import (
    Delta,
    best_order,
    harmed,
    headroom,
    headroom_words,
    worst_first,
)
from components.measures import measure, run_scores
from tests.support.rankings import first_stage, reranked

GRADES = {"b": 2, "d": 1, "x": 2}


def dcg(grades: list[int]) -> float:
    return sum(g / math.log2(rank + 1) for rank, g in enumerate(grades, 1))


def test_headroom_by_hand() -> None:
    rankings = (first_stage("abcd"), reranked("abcd", "badc"))
    found = headroom(rankings, GRADES, 10)
    assert found is not None
    ideal = dcg([2, 2, 1])
    assert found.values == pytest.approx((dcg([0, 2, 0, 1]) / ideal, dcg([2, 0, 1]) / ideal))
    assert found.best == pytest.approx(dcg([2, 1]) / ideal)
    assert (found.relevant, found.found) == (3, 2)
    assert headroom_words(found, ["first", "second"]) == (
        "1 of 3 relevant documents are not among the candidates: no reranker can bring them back. "
        f"The best order of these candidates has nDCG@10 {found.best:.2f}; second comes to "
        f"{found.values[1]:.2f}, the first stage to {found.values[0]:.2f}."
    )


def test_headroom_agrees_with_ir_measures_on_random_rankings() -> None:
    chance = random.Random(7)
    letters = "abcdefghijklmnop"
    for _ in range(50):
        grades = {c: chance.randrange(4) for c in chance.sample(letters, 8)}
        before = "".join(chance.sample(letters[:12], 12))
        after = "".join(chance.sample(before, 12))
        rankings = (first_stage(before), reranked(before, after))
        found = headroom(rankings, grades, 5)
        if found is None:
            assert not any(grades.values())
            continue
        every = (*rankings, best_order(rankings[0], grades))
        runs = [measure({"q": run_scores(r)}, {"q": grades}, ("nDCG@5",)).mean for r in every]
        assert [*found.values, found.best] == pytest.approx([m["nDCG@5"] for m in runs])
        assert max(found.values) <= found.best + 1e-9


def test_without_a_relevant_document_there_is_no_headroom() -> None:
    assert headroom((first_stage("ab"),), {}, 10) is None
    assert headroom((first_stage("ab"),), {"a": 0}, 10) is None


def test_all_retrieved_is_said() -> None:
    found = headroom((first_stage("ba"),), {"b": 1}, 10)
    assert found is not None
    assert headroom_words(found, ["first"]).startswith("All 1 relevant documents are among")


def test_harm_names_what_fell_and_what_fell_out() -> None:
    before, after = "abcdef", "cfdabe"
    found = harmed(reranked(before, after), {"a": 1, "b": 3, "c": 2, "d": 1, "e": 0}, 4)
    assert [(h.document, h.grade, h.before, h.after, h.dropped) for h in found] == [
        ("b", 3, 2, 5, True),
        ("a", 1, 1, 4, False),
    ]
    assert harmed(reranked(before, after), {}, 4) == ()


def test_the_gallery_begins_with_the_worst() -> None:
    deltas = [Delta("q1", "", 0.5, 0.4), Delta("q2", "", 0.5, 0.5), Delta("q3", "", 0.9, 0.1)]
    assert [d.query for d in worst_first(deltas)] == ["q3", "q1"]
    assert deltas[2].change == pytest.approx(-0.8)
