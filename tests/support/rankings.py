"""Rankings of one-letter documents, and comparisons of them."""

from __future__ import annotations

from components.domain import Comparison, Document, Hit, Ranking


def first_stage(order: str) -> Ranking:
    """Return a ranking of one-letter documents, whose titles are their letters."""
    return Ranking(
        "first",
        tuple(Hit(Document(c, c, f"text {c}"), i, -i, i, -i) for i, c in enumerate(order, 1)),
    )


def reranked(before: str, after: str, system: str = "second") -> Ranking:
    hits = (
        Hit(Document(c, c, f"text {c}"), rank, -rank, before.index(c) + 1, 0.0)
        for rank, c in enumerate(after, 1)
    )
    return Ranking(system, tuple(hits))


def compared(before: str, *after: str) -> Comparison:
    results = tuple(reranked(before, a, f"system-{i}") for i, a in enumerate(after, 1))
    return Comparison("a query", first_stage(before), results)
