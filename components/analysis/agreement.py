"""How alike rankings are: Kendall's tau, rank-biased overlap, shared documents at the top."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from components.domain import Ranking

P = 0.9
"""Persistence of rank-biased overlap: the first ten ranks carry about 86% of the weight."""


def order(ranking: Ranking) -> list[str]:
    """Return the ids of a ranking's documents, best first."""
    return [hit.document.id for hit in ranking.hits]


def kendall_tau(a: Sequence[str], b: Sequence[str]) -> float:
    """Return Kendall's tau-b over the documents that both lists hold; NaN for fewer than two.

    1 is the same order, -1 the reverse.
    """
    places = {document: rank for rank, document in enumerate(b)}
    common = [(rank, places[d]) for rank, d in enumerate(a) if d in places]
    if len(common) < 2:
        return math.nan
    from scipy.stats import kendalltau  # its import takes longer than all others of a command

    return float(kendalltau([x for x, _ in common], [y for _, y in common]).statistic)


def rbo(a: Sequence[str], b: Sequence[str], p: float = P) -> float:
    """Return extrapolated rank-biased overlap, from 0 to 1 (Webber, Moffat and Zobel 2010, eq. 32).

    Agreement at the top counts most. Two empty lists agree.
    """
    short, long = sorted((a, b), key=len)
    s, n = len(short), len(long)
    if not s:
        return 1.0 if not n else 0.0
    shared, at_s, total = 0, 0, 0.0
    seen_short: set[str] = set()
    seen_long: set[str] = set()
    for d in range(1, n + 1):
        seen_long.add(long[d - 1])
        shared += long[d - 1] in seen_short
        if d <= s:
            seen_short.add(short[d - 1])
            shared += short[d - 1] in seen_long
            at_s = shared
        total += shared / d * p**d
        if d > s:
            total += at_s * (d - s) / (s * d) * p**d
    return (1 - p) / p * total + ((shared - at_s) / n + at_s / s) * p**n


def overlap(a: Sequence[str], b: Sequence[str], k: int) -> float:
    """Return the share of the first k documents that two lists have in common."""
    depth = min(k, max(len(a), len(b)))
    return len(set(a[:k]) & set(b[:k])) / depth if depth else 1.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """One measure between every two systems, shape (n, n); the diagonal is 1."""

    measure: str
    values: tuple[tuple[float, ...], ...]


def measures(k: int) -> Mapping[str, Callable[[Sequence[str], Sequence[str]], float]]:
    """Return the measures of agreement by name."""
    return {
        "Kendall's tau": kendall_tau,
        "RBO": rbo,
        f"overlap@{k}": lambda a, b: overlap(a, b, k),
    }


def agreement(rankings: Sequence[Ranking], measure: str, k: int) -> Agreement:
    """Return one measure between all rankings."""
    compare = measures(k)[measure]
    orders = [order(ranking) for ranking in rankings]
    rows = tuple(
        tuple(1.0 if i == j else compare(a, b) for j, b in enumerate(orders))
        for i, a in enumerate(orders)
    )
    return Agreement(measure, rows)


def describe_agreement(between: Agreement, names: Sequence[str]) -> str:
    """Say in one sentence which two systems are most alike, and which least."""
    pairs = [
        (between.values[i][j], names[i], names[j])
        for i in range(len(names))
        for j in range(i)
        if not math.isnan(between.values[i][j])
    ]
    if not pairs:
        return "There are not two rankings to compare."
    low, high = min(pairs), max(pairs)
    if len(pairs) == 1:
        return f"{high[2]} and {high[1]}: {between.measure} {high[0]:.2f}."
    return (
        f"Most alike are {high[2]} and {high[1]} ({between.measure} {high[0]:.2f}), "
        f"least {low[2]} and {low[1]} ({low[0]:.2f})."
    )
