"""Windows and heaps: which questions are asked, and what right answers settle."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from components.rerankers.llm.sorting import (
    heapsort,
    most_questions,
    settled_by_sliding,
    slide,
    windows,
)

CASES = [(n, size, step) for n in (1, 2, 7, 20, 23, 50) for size in (2, 4, 9, 20) for step in (1, 3, 7) if step < size]  # fmt: skip  # noqa: E501


def oracle(values: Sequence[int], asked: list[int]) -> Callable[[Sequence[int]], list[int]]:
    """Return what orders places by their values, the highest first, and counts its questions."""

    def order(places: Sequence[int]) -> list[int]:
        asked.append(len(places))
        return sorted(places, key=lambda place: -values[place])

    return order


def shuffled(n: int, seed: int = 0) -> list[int]:
    return random.Random(seed).sample(range(n), n)


def sorted_places(values: Sequence[int]) -> list[int]:
    return sorted(range(len(values)), key=lambda place: -values[place])


def test_windows_go_from_the_back_to_the_front() -> None:
    assert windows(100, 20, 10) == [range(s, s + 20) for s in range(80, -1, -10)]
    assert windows(25, 20, 10) == [range(5, 25), range(20)]
    assert windows(20, 20, 10) == [range(20)]
    assert windows(3, 20, 10) == [range(3)]
    assert windows(1, 20, 10) == [range(1)]


@pytest.mark.parametrize(("n", "size", "step"), CASES)
def test_a_pass_settles_window_minus_stride(n: int, size: int, step: int) -> None:
    for passes in (1, 2, 3):
        settled = settled_by_sliding(n, size, step, passes)
        for seed in range(5):
            values = shuffled(n, seed)
            asked: list[int] = []
            places = slide(n, size, step, passes, oracle(values, asked))
            assert places[:settled] == sorted_places(values)[:settled]
            assert sorted(places) == list(range(n))
            assert len(asked) == passes * len(windows(n, size, step))


def test_a_pass_settles_no_more() -> None:
    values = list(range(100))  # the best stand last
    places = slide(100, 20, 10, 1, oracle(values, []))
    assert settled_by_sliding(100, 20, 10, 1) == 10
    assert places[:10] == sorted_places(values)[:10]
    assert places[:11] != sorted_places(values)[:11]
    assert [settled_by_sliding(100, 20, 10, p) for p in (2, 8, 9)] == [20, 80, 100]


@pytest.mark.parametrize("size", [2, 3, 4, 10])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 37, 100])
def test_a_heap_sorts_the_best(n: int, size: int) -> None:
    for depth in (1, 10, 100):
        for seed in range(3):
            values, asked = shuffled(n, seed), list[int]()
            places = heapsort(n, size, depth, oracle(values, asked))
            assert places[:depth] == sorted_places(values)[:depth]
            assert places[depth:] == sorted(places[depth:])  # as the first stage had them
            assert sorted(places) == list(range(n))
            assert max(asked, default=0) <= size
            assert min(asked, default=2) >= 2
            assert len(asked) <= most_questions(n, size, depth)


def test_a_heap_whose_items_sink_to_the_ground_asks_most() -> None:
    # 1 over 2 and 3; the two below swap up on the way down
    asked: list[int] = []
    heapsort(3, 3, 1, oracle([0, 1, 2], asked))
    assert (len(asked), most_questions(3, 3, 1)) == (1, 1)
    assert most_questions(1, 4, 10) == 0
    assert most_questions(2, 2, 2) == 1  # nothing is left to compare the last with
    assert most_questions(7, 3, 2) == 2 + 1 + 1 + 2  # the root, its two children; the root again
