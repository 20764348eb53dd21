"""How good a ranking is, what reranking changed for the better or worse, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from components.analysis.agreement import order
from components.domain import Comparison, Document, Query, Ranking
from components.measures import DEFAULT, cutoff_of, measure, run_scores
from components.wording import count, shortened

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


# ---------------------------------------------------------------- the verdict

MUCH = 0.2
"""A difference of a measure, of one query, that is called much."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence for each reranker, and one of caution.

    The best comes first, then those that lowered the measure, the worst first, then the others.
    """

    lines: tuple[str, ...]
    caution: str


def verdict(
    comparison: Comparison,
    grades: Mapping[str, int],
    name: str = DEFAULT,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Verdict | None:
    """Say what each reranker that ranked did to the first stage's order, by a measure.

    `names` are the rerankers' names by key, where they have others. The order in which they were
    chosen plays no part.
    """
    if not comparison.rankings or not comparison.first_stage.hits:
        return None
    k = cutoff_of(name) or DEPTH
    named = sorted((names.get(r.system, r.system), r) for r in comparison.rankings if r.hits)
    before = quality(comparison.first_stage, grades, name)
    if before is None:
        caution = (
            "No judgments for this query: the lab shows what moved, not whether it got better."
        )
        return Verdict(tuple(f"{one} {_describe_top(r, k)}" for one, r in named), caution)
    after = {one: quality(ranking, grades, name) or 0.0 for one, ranking in named}
    best, *others = sorted(after, key=lambda one: -after[one])
    fallen = [one for one in reversed(others) if after[one] <= before - NO_CHANGE]
    in_order = dict.fromkeys((best, *fallen, *others))
    lines = [f"{one}: {_describe_change(before, after[one], name)}" for one in in_order]
    if len(named) == 1:
        lines[0] += f" It {_describe_top(named[0][1], k)}"
    return Verdict(tuple(lines), _caution(comparison, grades, k, dict(named)))


def _describe_change(before: float, after: float, name: str) -> str:
    """Say how one query's measure changed; of one query that is neither better nor worse."""
    change = after - before
    if abs(change) < NO_CHANGE:
        return f"{name} {after:.2f} on this query, as before."
    word = f"{'much ' if abs(change) >= MUCH else ''}{'higher' if change > 0 else 'lower'}"
    return f"{word} on this query, {name} {after:.2f}, was {before:.2f}."


def _describe_top(ranking: Ranking, k: int) -> str:
    """Say which document a reranker puts first, and where the first stage had it."""
    hit = ranking.hits[0]
    title = f"“{shortened(hit.document.title or hit.document.text, 81)}”"
    if hit.first_stage_rank == 1:
        return f"keeps the first stage's first document, {title}."
    if not hit.first_stage_rank:
        return f"puts {title} first; the first stage did not find it."
    where = ", below the cut-off" if hit.first_stage_rank > k else ""
    return f"puts {title} first; the first stage had it at {hit.first_stage_rank}{where}."


def _caution(
    comparison: Comparison, grades: Mapping[str, int], k: int, named: Mapping[str, Ranking]
) -> str:
    parts = ["One query is an anecdote, not evidence."]
    for name, ranking in named.items():
        fallen = len(harms(ranking, grades, k))
        if fallen:
            parts.append(f"{name} moved {count(fallen, 'relevant document')} down.")
    rankings = (comparison.first_stage, *named.values())
    missing = max(unjudged(order(ranking), grades, k) for ranking in rankings)
    if missing:
        first = min(k, max(len(ranking.hits) for ranking in rankings))
        counts = "is unjudged and counts" if missing == 1 else "are unjudged and count"
        parts.append(f"Up to {missing} of the first {first} {counts} as not relevant.")
    return " ".join(parts)
