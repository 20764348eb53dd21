"""What became of one query's ranking, in words: by hand."""

from __future__ import annotations

import math

from components.analysis.quality import harms
from components.analysis.verdict import verdict
from components.domain import Comparison, Document, Failure, Hit, Ranking
from tests.support.rankings import compared, first_stage, reranked

LOG2 = math.log2


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
        "best: it holds whatever the 2 unjudged documents among the first 4 are. same as y, worst "
        "and y: the 2 unjudged documents among the first 4 could at most level it, not reverse it."
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
