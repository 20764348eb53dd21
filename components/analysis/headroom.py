"""What reranking could gain, what it gained, and whom it harmed: pure functions of rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.analysis.comparison import ndcg
from components.domain import Ranking


@dataclass(frozen=True, slots=True)
class Headroom:
    """nDCG@k of one query: each ranking's, and that of the best order of the same candidates.

    What separates `best` from 1 was not retrieved; what separates a ranking from `best` was badly
    ranked. `found` of `relevant` documents are among the candidates.
    """

    k: int
    values: tuple[float, ...]
    best: float
    relevant: int
    found: int


def headroom(rankings: Sequence[Ranking], grades: Mapping[str, int], k: int) -> Headroom | None:
    """Return the headroom of a query, the first stage first; None where nothing is relevant."""
    first = rankings[0]
    ideal = ndcg(best_order(first, grades), grades, k)
    values = [ndcg(ranking, grades, k) for ranking in rankings]
    if ideal is None or any(value is None for value in values):
        return None
    relevant = {document for document, grade in grades.items() if grade > 0}
    found = sum(hit.document.id in relevant for hit in first.hits)
    return Headroom(k, tuple(v for v in values if v is not None), ideal, len(relevant), found)


def best_order(first: Ranking, grades: Mapping[str, int]) -> Ranking:
    """Return the same candidates in the best possible order: by grade, then as they were."""
    order = sorted(first.hits, key=lambda hit: -grades.get(hit.document.id, 0))
    hits = tuple(
        replace(hit, rank=rank, score=float(-rank)) for rank, hit in enumerate(order, start=1)
    )
    return Ranking("best order", hits)


def headroom_words(found: Headroom, names: Sequence[str]) -> str:
    """Say what was not retrieved and what was badly ranked, and who came furthest."""
    lost = found.relevant - found.found
    top = max(range(len(names)), key=lambda i: found.values[i])
    missing = (
        f"{lost} of {found.relevant} relevant documents are not among the candidates: no reranker "
        f"can bring them back. "
        if lost
        else f"All {found.relevant} relevant documents are among the candidates. "
    )
    return (
        f"{missing}The best order of these candidates has nDCG@{found.k} {found.best:.2f}; "
        f"{names[top]} comes to {found.values[top]:.2f}, the first stage to {found.values[0]:.2f}."
    )


# ---------------------------------------------------------------- harm


@dataclass(frozen=True, slots=True)
class Harmed:
    """A relevant document that a reranker moved down; `dropped` out of the first k."""

    document: str
    title: str
    system: str
    grade: int
    before: int
    after: int
    dropped: bool


def harmed(ranking: Ranking, grades: Mapping[str, int], k: int) -> tuple[Harmed, ...]:
    """Return the relevant documents that stood among the first k and fell, the deepest first."""
    found = [
        Harmed(
            hit.document.id,
            hit.document.title or hit.document.text[:120],
            ranking.system,
            grades[hit.document.id],
            hit.first_stage_rank,
            hit.rank,
            hit.rank > k,
        )
        for hit in ranking.hits
        if grades.get(hit.document.id, 0) > 0
        and 0 < hit.first_stage_rank <= k
        and hit.rank > hit.first_stage_rank
    ]
    return tuple(sorted(found, key=lambda h: (not h.dropped, h.before - h.after)))


@dataclass(frozen=True, slots=True)
class Delta:
    """One query's measure before and after reranking."""

    query: str
    text: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """Return what reranking added; negative where it made the ranking worse."""
        return self.after - self.before


def worst_first(deltas: Sequence[Delta]) -> tuple[Delta, ...]:
    """Return the queries that reranking made worse, the worst first."""
    return tuple(sorted((d for d in deltas if d.change < 0), key=lambda d: d.change))
