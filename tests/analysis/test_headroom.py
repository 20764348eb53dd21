from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from itertools import permutations

import ir_measures
import pytest
from ir_measures import nDCG

from components.analysis.headroom import (
    Delta,
    harmed,
    headroom,
    headroom_words,
    worst_first,
)
from tests.support.rankings import first_stage, reranked

GRADES = {"b": 2, "d": 1, "x": 2}


def dcg(grades: list[int]) -> float:
    return sum(g / math.log2(rank + 1) for rank, g in enumerate(grades, 1))


def test_headroom_by_hand() -> None:
    rankings = (first_stage("abcd"), reranked("abcd", "badc"))
    found = headroom(rankings, GRADES, 10)
    assert found is not None
    ideal = dcg([2, 2, 1])
    assert found.values == pytest.approx((0.44992, 0.66456), abs=1e-5)
    assert found.best == pytest.approx(0.69937, abs=1e-5)
    assert found.values == pytest.approx((dcg([0, 2, 0, 1]) / ideal, dcg([2, 0, 1]) / ideal))
    assert found.best == pytest.approx(dcg([2, 1]) / ideal)
    assert (found.relevant, found.found) == (3, 2)
    assert headroom_words(found, ["first", "second"]) == (
        "1 of 3 relevant documents are not among the candidates: no reranker can bring them back. "
        f"The best order of these candidates has nDCG@10 {found.best:.2f}; second comes to "
        f"{found.values[1]:.2f}, the first stage to {found.values[0]:.2f}."
    )


def ir_ndcg(orders: Sequence[Sequence[str]], grades: Mapping[str, int], k: int) -> list[float]:
    """Return the nDCG@k of orders of documents, by ir_measures on the raw grades."""
    runs = {str(i): {d: float(-rank) for rank, d in enumerate(o)} for i, o in enumerate(orders)}
    metrics = ir_measures.iter_calc([nDCG @ k], {query: dict(grades) for query in runs}, runs)
    values = {metric.query_id: float(metric.value) for metric in metrics}
    return [values[query] for query in runs]


def test_headroom_agrees_with_ir_measures_on_random_rankings() -> None:
    """Six candidates; some relevant documents are not among them. Every first four are tried."""
    chance = random.Random(7)
    letters = "abcdefghij"
    compared = 0
    for _ in range(15):
        grades = {c: chance.randrange(4) for c in chance.sample(letters, 5)}
        before = "".join(chance.sample(letters, 6))
        after = "".join(chance.sample(before, 6))
        measured = headroom((first_stage(before), reranked(before, after)), grades, 4)
        if measured is None:
            assert not any(grades.values())
            continue
        compared += 1
        assert measured.values == pytest.approx(ir_ndcg((before, after), grades, 4))
        best = max(ir_ndcg(list(permutations(before, 4)), grades, 4))
        assert measured.best == pytest.approx(best)
        assert max(measured.values) <= measured.best + 1e-9
    assert compared > 10


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
