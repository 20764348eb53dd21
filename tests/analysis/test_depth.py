from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from components.analysis.depth import (
    Shipped,
    at_depth,
    check_pointwise,
    depths,
    describe_depth,
    latency_by_depth,
    sweep_ranking,
    would_have_shipped,
)
from components.domain import Corpus, InputError, Ranking, Timing
from components.lab import Lab
from components.rerankers.cross_encoder import MINILM_L12
from components.rerankers.hosted.jina import SPECS
from tests.support.asking import asked, compare
from tests.support.rankings import first_stage, reranked


def ids(ranking: Ranking) -> str:
    return "".join(hit.document.id for hit in ranking.hits)


def test_a_smaller_depth_leaves_out_what_came_later() -> None:
    full = reranked("abcdef", "fbdace")
    assert ids(at_depth(full, 6)) == "fbdace"
    assert ids(at_depth(full, 4)) == "bdac"
    assert [h.rank for h in at_depth(full, 4).hits] == [1, 2, 3, 4]
    assert ids(at_depth(full, 0)) == ""


@pytest.mark.models
@pytest.mark.parametrize("depth", [1, 3, 7])
def test_a_real_reranker_gives_the_same_at_that_depth(
    lab: Lab, exceptions: Corpus, depth: int
) -> None:
    def run(initial_k: int) -> Ranking:
        request = asked("handle exceptions", "bge-small", ("minilm-l12",), initial_k)
        return asyncio.run(compare(lab, exceptions, request)).rankings[0]

    smaller, cut = run(depth), at_depth(run(9), depth)
    assert [h.document.id for h in cut.hits] == [h.document.id for h in smaller.hits]
    assert [h.score for h in cut.hits] == pytest.approx([h.score for h in smaller.hits], abs=1e-6)


def test_listwise_rerankers_have_no_other_depth() -> None:
    check_pointwise(MINILM_L12)
    with pytest.raises(InputError, match="scores depend on the other candidates"):
        check_pointwise(SPECS[0])


def test_depths_end_with_what_there_is() -> None:
    assert depths(100) == (10, 20, 30, 50, 75, 100)
    assert depths(42) == (10, 20, 30, 42)
    assert depths(3) == (3,)
    assert depths(0) == ()


def test_quality_by_depth_and_latency_where_it_was_measured() -> None:
    letters = "abcdefghijklmnopqrstuvwxy"
    full = replace(reranked(letters, letters[::-1]), timing=Timing(rerank_ms=900.0))
    curve = sweep_ranking(full, {"l": 1}, "nDCG@10")
    assert [depth for depth, _ in curve] == [10, 20, 25]
    assert latency_by_depth(full, {10: [300.0, 400.0, 900.0]}) == [(10, 400.0), (25, 900.0)]
    assert curve[0][1] == 0.0  # l is the twelfth candidate
    assert curve[1][1] == pytest.approx(0.30103, abs=1e-5)  # ninth of twenty: 1 / log2(10)
    assert curve[2][1] == 0.0  # fourteenth of twenty-five
    assert describe_depth(curve, "minilm-l12", "nDCG@10") == (
        "For this query 20 candidates were enough for minilm-l12 (nDCG@10 0.30): less than the "
        "rule of thumb of 50 to 100. One query is an anecdote."
    )


def test_advice_without_judgments_and_beyond_the_rule() -> None:
    letters = "abcdefghijkl"
    assert sweep_ranking(reranked(letters, letters), {"a": 0}, "nDCG@10") == []
    assert "not known" in describe_depth([], "x", "nDCG@10")
    curve = [(50, 0.3), (100, 0.3), (150, 0.9)]
    assert "150 candidates" in describe_depth(curve, "x", "nDCG@10")
    assert "more than the rule" in describe_depth(curve, "x", "nDCG@10")
    assert "within the rule" in describe_depth(curve[:2], "x", "nDCG@10")


def test_what_would_have_shipped_at_a_deadline() -> None:
    first = replace(first_stage("ab"), timing=Timing(embed_ms=5, search_ms=5))
    quick = replace(reranked("ab", "ba", "quick"), timing=Timing(5, 5, 90))
    slow = replace(reranked("ab", "ba", "slow"), timing=Timing(5, 5, 1000))
    assert would_have_shipped(first, (quick, slow), 300) == (
        Shipped("quick", "quick", 100),
        Shipped("slow", "first", 1010),
    )
    assert [s.shipped for s in would_have_shipped(first, (quick, slow), 5)] == ["", ""]
