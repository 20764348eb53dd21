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
    verdict,
    worst_first,
)
from components.domain import Comparison, Document, Failure, Hit, Query, Ranking
from tests.support.rankings import compared, first_stage, reranked

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


# ---------------------------------------------------------------- the verdict


GRADES = {"a": 2, "b": 0, "c": 0, "d": 1}


def test_higher() -> None:
    said = verdict(compared("bcad", "abcd"), GRADES, "nDCG@3")
    assert said is not None
    before, after = 2 / LOG2(4) / (2 + 1 / LOG2(3)), 2 / (2 + 1 / LOG2(3))
    assert said.lines == (
        f"system-1: much higher on this query, nDCG@3 {after:.2f}, was {before:.2f}. "
        "It puts “a” first; the first stage had it at 3.",
    )
    assert said.caution == "One query is an anecdote, not evidence."


def test_lower() -> None:
    said = verdict(compared("abcd", "bcad"), GRADES, "nDCG@3", {"system-1": "C one"})
    assert said is not None
    assert said.lines == (
        "C one: much lower on this query, nDCG@3 0.38, was 0.76. "
        "It puts “b” first; the first stage had it at 2.",
    )
    assert said.caution == (
        "One query is an anecdote, not evidence. C one moved 1 relevant document down."
    )


def test_equal() -> None:
    said = verdict(compared("abcd", "acbd"), GRADES, "nDCG@10")
    assert said is not None
    assert said.lines == (
        "system-1: nDCG@10 0.92 on this query, as before. "
        "It keeps the first stage's first document, “a”.",
    )


def test_a_change_too_small_to_show_is_none() -> None:
    grades = {chr(97 + i): 3 for i in range(20)} | {"u": 1}
    order = "abcdefghijklmnopqrstu"
    swapped = order[:-2] + "ut"
    said = verdict(compared(order, swapped), grades, "nDCG@21")
    assert said is not None
    assert "on this query, as before" in said.lines[0]


def test_unjudged_queries_get_no_quality() -> None:
    said = verdict(compared("abcd", "dabc"), {}, "nDCG@2")
    assert said is not None
    assert said.lines == (
        "system-1 puts “d” first; the first stage had it at 4, below the cut-off.",
    )
    assert said.caution.startswith("No judgments for this query")
    same = verdict(compared("abcd", "adcb"), {"a": 0}, "nDCG@2")
    assert same is not None
    assert same.lines == ("system-1 keeps the first stage's first document, “a”.",)


def test_every_reranker_is_spoken_of_the_best_and_the_worst_first() -> None:
    # nDCG@10 of one relevant document is 1, 0.63, 0.5, 0.43 at the ranks 1 to 4
    first = "bcad"
    results = (
        Failure("broken", "No."),
        reranked(first, "bacd", "same as y"),
        reranked(first, "bcda", "worst"),
        reranked(first, "abcd", "best"),
        reranked(first, "bacd", "y"),
    )
    said = verdict(Comparison("q", first_stage(first), results), {"a": 1, "b": 0}, "nDCG@10")
    assert said is not None
    assert said.lines == (
        "best: much higher on this query, nDCG@10 1.00, was 0.50.",
        "worst: lower on this query, nDCG@10 0.43, was 0.50.",
        "same as y: higher on this query, nDCG@10 0.63, was 0.50.",
        "y: higher on this query, nDCG@10 0.63, was 0.50.",
    )
    assert said.caution == (
        "One query is an anecdote, not evidence. worst moved 1 relevant document down. "
        "Up to 2 of the first 4 are unjudged and count as not relevant."
    )
    turned = Comparison("q", first_stage(first), results[::-1])
    assert verdict(turned, {"a": 1, "b": 0}, "nDCG@10") == said


def test_nothing_to_say() -> None:
    assert verdict(Comparison("q", first_stage("ab")), GRADES, "nDCG@10") is None
    assert (
        verdict(Comparison("q", first_stage("ab"), (Failure("x", "No."),)), GRADES, "nDCG@10")
        is None
    )
    assert verdict(compared("", ""), GRADES, "nDCG@10") is None


def test_long_and_missing_titles() -> None:
    documents = (Document("1", "t" * 200, "x"), Document("2", "", "only text"))
    first = Ranking("first", tuple(Hit(d, i, 0, i, 0) for i, d in enumerate(documents, 1)))
    second = Ranking("s", (Hit(documents[1], 1, 1, 2, 0), Hit(documents[0], 2, 0, 1, 0)))
    said = verdict(Comparison("q", first, (second,)), {}, "nDCG@10")
    assert said is not None
    assert "“only text”" in said.lines[0]
    back = verdict(Comparison("q", second, (first,)), {}, "nDCG@10")
    assert back is not None
    assert f"“{'t' * 80}…”" in back.lines[0]


def test_a_document_that_the_first_stage_did_not_find_harms_nobody() -> None:
    stranger = Hit(Document("x", "x", ""), 5, 0.0, 0, 0.0)
    assert harms(Ranking("run", (stranger,)), {"x": 3}, 3) == ()
    assert stranger.movement == 0
    words = verdict(
        Comparison(
            "q", first_stage("ab"), (Ranking("run", (Hit(stranger.document, 1, 1, 0, 0),)),)
        ),
        {},
        "nDCG@10",
    )
    assert words is not None
    assert words.lines == ("run puts “x” first; the first stage did not find it.",)
