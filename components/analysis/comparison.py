"""What happened between two rankings of the same candidates: pure functions of rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.domain import Comparison, Document, Hit, Ranking
from components.measures import measure, run_scores


def ndcg(ranking: Ranking, grades: Mapping[str, int], k: int) -> float | None:
    """Return nDCG@k of one ranking, or None where the query has no relevant document."""
    if not any(grade > 0 for grade in grades.values()):
        return None
    name = f"nDCG@{k}"
    return measure({"q": run_scores(ranking)}, {"q": grades}, (name,)).mean[name]


def unjudged(ranking: Ranking, grades: Mapping[str, int], k: int) -> int:
    """Return how many of the first k documents nobody has judged."""
    return sum(hit.document.id not in grades for hit in ranking.hits[:k])


def shown_documents(rankings: Sequence[Ranking], k: int) -> tuple[str, ...]:
    """Return the ids of documents among any system's first k, in the order of first sight."""
    return tuple(dict.fromkeys(hit.document.id for r in rankings for hit in r.hits[:k]))


def ranks_of(document: str, rankings: Sequence[Ranking]) -> tuple[Hit | None, ...]:
    """Return the document's hit in every ranking, None where it is missing."""
    return tuple(next((h for h in r.hits if h.document.id == document), None) for r in rankings)


@dataclass(frozen=True, slots=True)
class Path:
    """One document's way through several rankings; None where a ranking does not hold it.

    Down to the cut-off `heights` are ranks; deeper ranks stand packed in a band below it, in
    order, so that a drawing stays small whatever rank a document came from.
    """

    document: Document
    ranks: tuple[int | None, ...]
    heights: tuple[float | None, ...]


def movement_paths(rankings: Sequence[Ranking], k: int) -> tuple[Path, ...]:
    """Return the ways of all documents among any ranking's first k."""
    shown = shown_documents(rankings, k)
    wanted = set(shown)
    below = [
        sorted((h.rank, h.document.id) for h in r.hits if h.rank > k and h.document.id in wanted)
        for r in rankings
    ]
    found = []
    for document in shown:
        hits = ranks_of(document, rankings)
        heights = tuple(_height(hit, k, band) for hit, band in zip(hits, below, strict=True))
        ranks = tuple(hit.rank if hit else None for hit in hits)
        found.append(Path(next(h.document for h in hits if h), ranks, heights))
    return tuple(found)


def _height(hit: Hit | None, k: int, band: Sequence[tuple[int, str]]) -> float | None:
    if hit is None:
        return None
    return float(hit.rank) if hit.rank <= k else k + 1.5 + band.index((hit.rank, hit.document.id))


def relative_scores(scores: Sequence[float]) -> tuple[float, ...]:
    """Return where each score lies between the lowest (0) and the highest (1) of its own list.

    For bars inside one column only: scales of different systems cannot be compared.
    """
    if not scores:
        return ()
    low, high = min(scores), max(scores)
    return tuple((s - low) / (high - low) if high > low else 1.0 for s in scores)


@dataclass(frozen=True, slots=True)
class Move:
    """One document's rank in two rankings; None where a ranking does not hold it."""

    document: Document
    before: int | None
    after: int | None


def moves(before: Ranking, after: Ranking, k: int) -> tuple[Move, ...]:
    """Return how the first k documents of two rankings differ, in the order of the second."""
    first = {hit.document.id: hit for hit in before.hits}
    second = {hit.document.id: hit for hit in after.hits}

    def rank(hits: Mapping[str, Hit], document: str) -> int | None:
        return hits[document].rank if document in hits else None

    found = [
        Move((second.get(i) or first[i]).document, rank(first, i), rank(second, i))
        for i in shown_documents((after, before), k)
    ]
    beyond = len(before.hits) + len(after.hits) + 1
    return tuple(sorted(found, key=lambda move: move.after or beyond))


def moves_words(found: Sequence[Move], k: int) -> str:
    """Return in one sentence what changed between two rankings' first k documents."""
    kept = sum(1 for m in found if m.before and m.after and max(m.before, m.after) <= k)
    depth = sum(1 for m in found if m.after and m.after <= k)
    still = sum(1 for m in found if m.before == m.after)
    return f"{kept} of the first {depth} documents are the same, {still} at the same rank."


@dataclass(frozen=True, slots=True)
class Harm:
    """A relevant document that a reranker moved down or out of the first k."""

    document: str
    system: str
    before: int
    after: int


def harms(ranking: Ranking, grades: Mapping[str, int], k: int) -> tuple[Harm, ...]:
    """Return the relevant documents of the first stage's first k that ended lower."""
    return tuple(
        Harm(hit.document.id, ranking.system, hit.first_stage_rank, hit.rank)
        for hit in ranking.hits
        if grades.get(hit.document.id, 0) > 0
        and 0 < hit.first_stage_rank <= k
        and hit.rank > hit.first_stage_rank
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence of what is to be seen, and one of caution."""

    sentence: str
    caution: str


def telling_documents(rankings: Sequence[Ranking], grades: Mapping[str, int]) -> frozenset[str]:
    """Return the documents worth following: the relevant ones, or else each system's first."""
    relevant = frozenset(document for document, grade in grades.items() if grade > 0)
    return relevant or frozenset(r.hits[0].document.id for r in rankings if r.hits)


def verdict(comparison: Comparison, grades: Mapping[str, int], k: int) -> Verdict | None:
    """Say what the first reranker that ranked did to the first stage's order."""
    if not comparison.rankings or not comparison.first_stage.hits:
        return None
    leader = comparison.rankings[0]
    quality = _quality_words(comparison, leader, grades, k)
    return Verdict(
        quality or _top_words(leader, k),
        _caution(comparison, grades, k)
        if quality
        else "No judgments for this query: the lab shows what moved, not whether it got better.",
    )


def _quality_words(
    comparison: Comparison, leader: Ranking, grades: Mapping[str, int], k: int
) -> str:
    before, after = ndcg(comparison.first_stage, grades, k), ndcg(leader, grades, k)
    if before is None or after is None:
        return ""
    change = f"nDCG@{k} {before:.2f} → {after:.2f}"
    if abs(after - before) < 0.005:
        return f"{leader.system} leaves the quality of this ranking as it was ({change})."
    verb = "improves" if after > before else "makes worse"
    return f"{leader.system} {verb} this ranking: {change}. {_top_words(leader, k)}"


def _top_words(leader: Ranking, k: int) -> str:
    top = leader.hits[0]
    if top.first_stage_rank == 1:
        return f"Its first document is the first stage's own: “{_name(top)}”."
    if not top.first_stage_rank:
        return f"It puts “{_name(top)}” first; the first stage did not find it."
    where = ", below the cut-off" if top.first_stage_rank > k else ""
    return f"It puts “{_name(top)}” first; the first stage had it at {top.first_stage_rank}{where}."


def _name(hit: Hit) -> str:
    text = hit.document.title or hit.document.text
    return text if len(text) <= 80 else f"{text[:80]}…"


def _caution(comparison: Comparison, grades: Mapping[str, int], k: int) -> str:
    parts = ["One query is an anecdote, not evidence."]
    for ranking in comparison.rankings:
        count = len(harms(ranking, grades, k))
        if count:
            noun = "document" if count == 1 else "documents"
            parts.append(f"{ranking.system} moved {count} relevant {noun} down.")
    missing = max(unjudged(r, grades, k) for r in (comparison.first_stage, *comparison.rankings))
    if missing:
        parts.append(f"Up to {missing} of the first {k} are unjudged and count as not relevant.")
    return " ".join(parts)
