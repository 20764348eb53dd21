"""How good a ranking is, what reranking changed for the better or worse, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.domain import Document, Query, Ranking
from components.measures import measure, run_scores

NO_CHANGE = 0.005
"""A difference of a measure that is called none: two decimals do not show it."""
DEPTH = 10
"""How many documents are looked at where the measure has no cut-off."""


def quality(ranking: Ranking, grades: Mapping[str, int], name: str) -> float | None:
    """Return a measure of one ranking, or None where the query has no relevant document."""
    return quality_of_run(run_scores(ranking), grades, name)


def quality_of_run(
    scores: Mapping[str, float], grades: Mapping[str, int], name: str
) -> float | None:
    """Return a measure of one query's run, or None where the query has no relevant document."""
    if not any(grade > 0 for grade in grades.values()):
        return None
    return measure({"q": scores}, {"q": grades}, (name,)).mean[name]


def unjudged(documents: Sequence[str], grades: Mapping[str, int], k: int) -> int:
    """Return how many of the first k documents, by id, have no judgment."""
    return sum(document not in grades for document in documents[:k])


# ---------------------------------------------------------------- gains and losses


@dataclass(frozen=True, slots=True)
class Change:
    """One query's measure under one system and under another, such as the reranked first stage."""

    query: Query
    before: float
    after: float

    @property
    def change(self) -> float:
        """Return what the other system adds; negative where it is worse."""
        return self.after - self.before


def worst_first(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the queries that became worse, the worst first."""
    return tuple(sorted((c for c in changes if c.change < 0), key=lambda c: c.change))


@dataclass(frozen=True, slots=True)
class Harm:
    """A relevant document that a reranker moved down; `dropped` out of the first k."""

    document: Document
    system: str
    grade: int
    before: int
    after: int
    dropped: bool


def harms(ranking: Ranking, grades: Mapping[str, int], k: int) -> tuple[Harm, ...]:
    """Return the relevant documents of the first stage's first k that fell.

    Those that fell out of the first k come first, then those that fell by the most ranks.
    """
    fallen = [
        Harm(
            hit.document,
            ranking.system,
            grades[hit.document.id],
            hit.first_stage_rank,
            hit.rank,
            dropped=hit.rank > k,
        )
        for hit in ranking.hits
        if grades.get(hit.document.id, 0) > 0
        and 0 < hit.first_stage_rank <= k
        and hit.rank > hit.first_stage_rank
    ]
    return tuple(sorted(fallen, key=lambda harm: (not harm.dropped, harm.before - harm.after)))
