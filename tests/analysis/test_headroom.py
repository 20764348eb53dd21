from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from itertools import permutations

import ir_measures
import pytest
from ir_measures import nDCG

from components.analysis.headroom import describe_headroom, headroom
from tests.support.rankings import first_stage, reranked

GRADES = {"b": 2, "d": 1, "x": 2}


def dcg(grades: list[int]) -> float:
    return sum(g / math.log2(rank + 1) for rank, g in enumerate(grades, 1))


def test_headroom_by_hand() -> None:
    rankings = (first_stage("abcd"), reranked("abcd", "badc"))
    room = headroom(rankings, GRADES, "nDCG@10")
    assert room is not None
    ideal = dcg([2, 2, 1])
    assert room.values == pytest.approx((0.44992, 0.66456), abs=1e-5)
    assert room.best == pytest.approx(0.69937, abs=1e-5)
    assert room.values == pytest.approx((dcg([0, 2, 0, 1]) / ideal, dcg([2, 0, 1]) / ideal))
    assert room.best == pytest.approx(dcg([2, 1]) / ideal)
    assert (room.relevant, room.retrieved) == (3, 2)
    assert describe_headroom(room, ["first", "second"]) == (
        "1 of 3 relevant documents is not among the candidates: no reranker can bring it back. "
        f"The best order of these candidates has nDCG@10 {room.best:.2f}; second comes to "
        f"{room.values[1]:.2f}, the first stage has {room.values[0]:.2f}."
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
        measured = headroom((first_stage(before), reranked(before, after)), grades, "nDCG@4")
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
    assert headroom((first_stage("ab"),), {}, "nDCG@10") is None
    assert headroom((first_stage("ab"),), {"a": 0}, "nDCG@10") is None


def test_all_retrieved_is_said() -> None:
    room = headroom((first_stage("ba"),), {"b": 1}, "nDCG@10")
    assert room is not None
    assert describe_headroom(room, ["first"]) == (
        "The relevant document is among the candidates. "
        "The best order of these candidates has nDCG@10 1.00; the first stage has 1.00."
    )


def test_who_is_no_better_than_the_first_stage_is_not_said_to_come_further() -> None:
    room = headroom((first_stage("ab"), reranked("ab", "ab")), {"a": 1, "b": 1}, "nDCG@10")
    assert room is not None
    assert describe_headroom(room, ["A first", "B second"]) == (
        "All 2 relevant documents are among the candidates. The best order of these candidates "
        "has nDCG@10 1.00; the first stage has 1.00, and no reranker more."
    )
