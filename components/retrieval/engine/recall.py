"""What a graph of nearest neighbours (HNSW) misses, measured against exact search.

A graph answers dense queries of collections too large for exact search. It is used only where it
misses next to nothing of the queries that it is measured by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict

from components.wording import count

ENOUGH = 0.99
"""The share of the exact 100 nearest that a graph must return, on average over the queries."""
DEPTH = 100
_EFS = (64, 128, 256, 512)


class Graph(BaseModel):
    """How a graph is asked, and its recall at 100 against exact search; `ef` 0 where unused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ef: int
    recall: float
    queries: int

    def __str__(self) -> str:
        """Return it in words."""
        queries = count(self.queries, "query")
        recall = f"recall@{DEPTH} {self.recall:.4f} against exact search on {queries}"
        return f"HNSW, {recall}" if self.ef else f"exact; HNSW reached only {recall}"


def measured(exact: Sequence[set[int]], ask: Callable[[int], Sequence[set[int]]]) -> Graph:
    """Return the graph with the smallest `ef` that finds enough; `ask(ef)` is what it finds."""
    recall = 0.0
    for ef in _EFS:
        shares = [len(a & b) / len(b) for a, b in zip(ask(ef), exact, strict=True) if b]
        recall = sum(shares) / max(len(shares), 1)
        if recall >= ENOUGH:
            return Graph(ef=ef, recall=recall, queries=len(exact))
    return Graph(ef=0, recall=recall, queries=len(exact))
