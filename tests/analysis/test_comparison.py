"""What moved between rankings: ranks, paths, moves and relative scores."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.analysis.comparison import (
    describe_moves,
    movement_paths,
    moves,
    ranks_of,
    relative_scores,
    top_documents,
)
from components.domain import Ranking
from tests.support.rankings import first_stage, reranked


def test_top_documents_and_their_ranks() -> None:
    before, after = first_stage("abcd"), reranked("abcd", "dbac")
    assert top_documents([before, after], 2) == ("a", "b", "d")
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


def test_movement_and_original_index() -> None:
    hit = reranked("abc", "cab").hits[0]
    assert (hit.rank, hit.first_stage_rank, hit.original_index, hit.movement) == (1, 3, 2, 2)


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
    assert describe_moves(found, 2) == "1 of the first 2 documents is the same, 0 at the same rank."


def test_bars_of_the_largest_scores_there_are() -> None:
    assert relative_scores([1.7e308, 0.0, -1.7e308]) == (1.0, 0.5, 0.0)
    assert relative_scores([5e-324, 0.0]) == (1.0, 1.0)
