"""What happened between two rankings: exact numbers, and sentences that say which way it went."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.analysis.comparison import (
    Harm,
    harms,
    movement_paths,
    moves,
    moves_words,
    ndcg,
    ranks_of,
    relative_scores,
    shown_documents,
    unjudged,
    verdict,
)
from components.domain import Comparison, Document, Failure, Hit, Ranking
from tests.support.rankings import compared, first_stage, reranked

LOG2 = math.log2


# ---------------------------------------------------------------- numbers


def test_ndcg_by_hand() -> None:
    grades = {"a": 2, "c": 1}
    ideal = 2 + 1 / LOG2(3)
    assert ndcg(first_stage("acb"), grades, 10) == pytest.approx(1.0)
    assert ndcg(first_stage("abc"), grades, 10) == pytest.approx((2 + 1 / LOG2(4)) / ideal)
    assert ndcg(first_stage("bca"), grades, 10) == pytest.approx((1 / LOG2(3) + 2 / 2) / ideal)
    assert ndcg(first_stage("bca"), grades, 2) == pytest.approx((1 / LOG2(3)) / ideal)
    assert ndcg(first_stage("cba"), grades, 1) == pytest.approx(1 / 2)
    assert ndcg(first_stage("xyz"), grades, 10) == 0.0


@pytest.mark.parametrize("grades", [{}, {"a": 0}, {"a": 0, "b": -1}])
def test_ndcg_without_a_relevant_document(grades: dict[str, int]) -> None:
    assert ndcg(first_stage("ab"), grades, 10) is None


def test_unjudged_counts_what_nobody_graded() -> None:
    ranking = first_stage("abcd")
    assert unjudged(ranking, {"a": 0, "c": 3}, 4) == 2
    assert unjudged(ranking, {"a": 0, "c": 3}, 1) == 0
    assert unjudged(ranking, {}, 10) == 4


def test_shown_documents_and_their_ranks() -> None:
    before, after = first_stage("abcd"), reranked("abcd", "dbac")
    assert shown_documents([before, after], 2) == ("a", "b", "d")
    assert [h.rank if h else None for h in ranks_of("d", [before, after])] == [4, 1]
    assert ranks_of("z", [before, after]) == (None, None)


def test_relative_scores_run_from_nought_to_one() -> None:
    assert relative_scores([3.0, 1.0, 2.0]) == (1.0, 0.0, 0.5)
    assert relative_scores([-10.0, -20.0]) == (1.0, 0.0)
    assert relative_scores([5.0, 5.0]) == (1.0, 1.0)
    assert relative_scores([0.0]) == (1.0,)
    assert relative_scores([]) == ()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_relative_scores_stay_inside(scores: list[float]) -> None:
    shares = relative_scores(scores)
    assert len(shares) == len(scores)
    assert all(0 <= share <= 1 for share in shares)
    assert shares[scores.index(max(scores))] == 1.0


def test_harms_are_relevant_documents_that_fell() -> None:
    # a fell from 1 to 3, b from 2 to 5 (out of the first three); d, c and e rose.
    ranking = reranked("abcde", "dcaeb")
    grades = {"a": 1, "b": 3, "c": 1, "d": 2, "e": 1}
    assert harms(ranking, grades, 3) == (Harm("a", "second", 1, 3), Harm("b", "second", 2, 5))
    assert harms(ranking, grades, 1) == (Harm("a", "second", 1, 3),)  # b was never in the first 1
    assert harms(ranking, {"a": 0, "b": -1}, 3) == ()
    assert harms(ranking, {"e": 1}, 3) == ()  # it rose, and was below the cut-off


def test_movement_and_original_index() -> None:
    hit = reranked("abc", "cab").hits[0]
    assert (hit.rank, hit.first_stage_rank, hit.original_index, hit.movement) == (1, 3, 2, 2)


# ---------------------------------------------------------------- sentences


GRADES = {"a": 2, "b": 0, "c": 0, "d": 1}


def test_better() -> None:
    said = verdict(compared("bcad", "abcd"), GRADES, 3)
    assert said is not None
    before, after = 2 / LOG2(4) / (2 + 1 / LOG2(3)), 2 / (2 + 1 / LOG2(3))
    assert said.sentence == (
        f"system-1 improves this ranking: nDCG@3 {before:.2f} → {after:.2f}. "
        "It puts “a” first; the first stage had it at 3."
    )
    assert said.caution == "One query is an anecdote, not evidence."


def test_worse() -> None:
    said = verdict(compared("abcd", "bcad"), GRADES, 3)
    assert said is not None
    assert said.sentence == (
        "system-1 makes worse this ranking: nDCG@3 0.76 → 0.38. "
        "It puts “b” first; the first stage had it at 2."
    )
    assert "improves" not in said.sentence
    assert said.caution == (
        "One query is an anecdote, not evidence. system-1 moved 1 relevant document down."
    )


def test_equal() -> None:
    said = verdict(compared("abcd", "acbd"), GRADES, 10)
    assert said is not None
    assert said.sentence == (
        "system-1 leaves the quality of this ranking as it was (nDCG@10 0.92 → 0.92)."
    )


def test_a_change_too_small_to_show_is_none() -> None:
    grades = {chr(97 + i): 3 for i in range(20)} | {"u": 1}
    order = "abcdefghijklmnopqrstu"
    swapped = order[:-2] + "ut"
    said = verdict(compared(order, swapped), grades, 21)
    assert said is not None
    assert "leaves the quality of this ranking as it was" in said.sentence


def test_unjudged_queries_get_no_quality() -> None:
    said = verdict(compared("abcd", "dabc"), {}, 2)
    assert said is not None
    assert said.sentence == "It puts “d” first; the first stage had it at 4, below the cut-off."
    assert said.caution.startswith("No judgments for this query")
    same = verdict(compared("abcd", "adcb"), {"a": 0}, 2)
    assert same is not None
    assert same.sentence == "Its first document is the first stage's own: “a”."


def test_the_first_that_ranked_is_the_one_spoken_of() -> None:
    comparison = Comparison(
        "q",
        first_stage("bad"),
        (Failure("broken", "No."), reranked("bad", "abd", "x"), reranked("bad", "dba", "y")),
    )
    said = verdict(comparison, {"a": 1}, 10)
    assert said is not None
    assert said.sentence.startswith("x improves this ranking")
    assert said.caution == (
        "One query is an anecdote, not evidence. y moved 1 relevant document down. "
        "Up to 2 of the first 10 are unjudged and count as not relevant."
    )


def test_nothing_to_say() -> None:
    assert verdict(Comparison("q", first_stage("ab")), GRADES, 10) is None
    assert verdict(Comparison("q", first_stage("ab"), (Failure("x", "No."),)), GRADES, 10) is None
    assert verdict(compared("", ""), GRADES, 10) is None


def test_long_and_missing_titles() -> None:
    documents = (Document("1", "t" * 200, "x"), Document("2", "", "only text"))
    first = Ranking("first", tuple(Hit(d, i, 0, i, 0) for i, d in enumerate(documents, 1)))
    second = Ranking("s", (Hit(documents[1], 1, 1, 2, 0), Hit(documents[0], 2, 0, 1, 0)))
    said = verdict(Comparison("q", first, (second,)), {}, 10)
    assert said is not None
    assert "“only text”" in said.sentence
    back = verdict(Comparison("q", second, (first,)), {}, 10)
    assert back is not None
    assert f"“{'t' * 80}…”" in back.sentence


# ---------------------------------------------------------------- movement


def heights(*rankings: Ranking, k: int) -> dict[str, tuple[float | None, ...]]:
    return {p.document.id: p.heights for p in movement_paths(rankings, k)}


def test_a_path_stands_at_its_ranks_down_to_the_cut_off() -> None:
    found = heights(first_stage("abc"), reranked("abc", "cab"), k=3)
    assert found == {"a": (1, 2), "b": (2, 3), "c": (3, 1)}


def test_ranks_beyond_the_cut_off_are_packed_into_a_band_in_their_order() -> None:
    left, right = first_stage("abcdefgh"), reranked("abcdefgh", "hgabcdef")
    # Shown are a, b (left) and h, g (right). The band begins at k + 1.5 and counts by rank.
    found = heights(left, right, k=2)
    assert found == {"a": (1, 3.5), "b": (2, 4.5), "h": (4.5, 1), "g": (3.5, 2)}
    ranks = {p.document.id: p.ranks for p in movement_paths((left, right), 2)}
    assert ranks == {"a": (1, 3), "b": (2, 4), "h": (8, 1), "g": (7, 2)}


def test_a_path_has_a_gap_where_a_ranking_lacks_the_document() -> None:
    assert heights(first_stage("ab"), first_stage("a"), k=2) == {"a": (1, 1), "b": (2, None)}
    assert movement_paths((), 10) == ()


def test_moves_between_two_rankings_stand_in_the_order_of_the_second() -> None:
    found = moves(first_stage("abcd"), reranked("abcd", "dabc"), 2)
    assert [(m.document.id, m.before, m.after) for m in found] == [
        ("d", 4, 1),
        ("a", 1, 2),
        ("b", 2, 3),
    ]
    assert moves_words(found, 2) == "1 of the first 2 documents are the same, 0 at the same rank."


def test_a_document_that_the_first_stage_did_not_find_harms_nobody() -> None:
    stranger = Hit(Document("x", "x", ""), 5, 0.0, 0, 0.0)
    assert harms(Ranking("run", (stranger,)), {"x": 3}, 3) == ()
    assert stranger.movement == 0
    words = verdict(
        Comparison(
            "q", first_stage("ab"), (Ranking("run", (Hit(stranger.document, 1, 1, 0, 0),)),)
        ),
        {},
        10,
    )
    assert words is not None
    assert words.sentence == "It puts “x” first; the first stage did not find it."
