"""Sorting many by questions about a few: sliding windows and a heap.

Sliding windows as in Sun et al. (2023), https://arxiv.org/abs/2304.09542; heapsort by the best of a
few as in Zhuang et al. (2024), https://arxiv.org/abs/2310.09497. Items are places from 0 to n - 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Order = Callable[[Sequence[int]], Sequence[int]]
"""`order(places)` returns the same places, the best first."""


def windows(n: int, size: int, step: int) -> list[range]:
    """Return the windows of one pass over n items, from the back to the front."""
    starts = list(range(max(0, n - size), 0, -step))
    return [range(start, min(n, start + size)) for start in (*starts, 0)]


def slide(n: int, size: int, step: int, passes: int, order: Order) -> list[int]:
    """Return n items ordered window by window; what stands first in one goes on into the next."""
    places = list(range(n))
    for _ in range(passes):
        for window in windows(n, size, step):
            places[window.start : window.stop] = order(places[window.start : window.stop])
    return places


def settled_by_sliding(n: int, size: int, step: int, passes: int) -> int:
    """Return how many of the first ranks are those of a whole sort, if every answer is right.

    Each pass brings the best `size - step` of the items that are not settled yet to their ranks.
    """
    carried = size - step
    return n if (passes - 1) * carried + size >= n else passes * carried


def heapsort(n: int, size: int, depth: int, order: Order) -> list[int]:
    """Return n items, the best `depth` sorted, the others behind them in their own order.

    Only the best of `size` items or fewer is asked for at a time.
    """
    heap, best = list(range(n)), list[int]()
    for at in reversed(range(_parents(n, size))):
        _sift(heap, at, size, order)
    while heap:
        best.append(heap[0])
        heap[0] = heap[-1]
        heap.pop()
        if len(best) == depth:
            break
        _sift(heap, 0, size, order)
    return best + sorted(heap)


def _parents(n: int, size: int) -> int:
    """Return how many items of a heap of n have others below them, `size - 1` each at most."""
    return max(0, (n - 2) // (size - 1) + 1)


def _sift(heap: list[int], at: int, size: int, order: Order) -> None:
    """Let the item at a place sink below all that are better than it."""
    while (first := at * (size - 1) + 1) < len(heap):
        family = [at, *range(first, min(first + size - 1, len(heap)))]
        best = order(sorted(heap[i] for i in family))[0]  # so that the first of equals wins
        winner = next(i for i in family if heap[i] == best)
        if winner == at:
            return
        heap[at], heap[winner] = heap[winner], heap[at]
        at = winner


def most_questions(n: int, size: int, depth: int) -> int:
    """Return how many questions heapsort asks at most: every item sinks to the ground."""

    def levels(at: int, end: int) -> int:
        count = 0
        while (at := at * (size - 1) + 1) < end:
            count += 1
        return count

    built = sum(levels(at, n) for at in range(_parents(n, size)))
    return built + sum(levels(0, n - taken) for taken in range(1, min(depth, n)))
