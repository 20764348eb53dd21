"""What moved between rankings of the same candidates: pure functions of rankings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.domain import Document, Hit, Ranking
from components.wording import agree


def top_documents(rankings: Sequence[Ranking], k: int) -> tuple[str, ...]:
    """Return the ids of documents among any system's first k, in the order of first sight."""
    return tuple(dict.fromkeys(hit.document.id for r in rankings for hit in r.hits[:k]))


def ranks_of(document: str, rankings: Sequence[Ranking]) -> tuple[Hit | None, ...]:
    """Return the document's hit in every ranking, None where it is missing."""
    return tuple(next((h for h in r.hits if h.document.id == document), None) for r in rankings)


@dataclass(frozen=True, slots=True)
class Path:
    """One document's ranks in several rankings; None where a ranking lacks it.

    Down to the cut-off `heights` are the ranks; deeper ranks are packed in a band below it, in
    their order, so that a chart stays small however deep they are.
    """

    document: Document
    ranks: tuple[int | None, ...]
    heights: tuple[float | None, ...]


def movement_paths(rankings: Sequence[Ranking], k: int) -> tuple[Path, ...]:
    """Return the paths of all documents among any ranking's first k."""
    documents = top_documents(rankings, k)
    top = set(documents)
    below = [
        [h.document.id for h in r.hits if h.rank > k and h.document.id in top] for r in rankings
    ]
    paths = []
    for document in documents:
        hits = ranks_of(document, rankings)
        heights = tuple(
            None
            if hit is None
            else float(hit.rank)
            if hit.rank <= k
            else k + 1.5 + band.index(document)
            for hit, band in zip(hits, below, strict=True)
        )
        ranks = tuple(hit.rank if hit else None for hit in hits)
        paths.append(Path(next(h.document for h in hits if h), ranks, heights))
    return tuple(paths)


def relative_scores(scores: Sequence[float]) -> tuple[float, ...]:
    """Return where each score lies between the lowest (0) and the highest (1) of its own list.

    For bars inside one column only: scales of different systems cannot be compared. NaN, which is
    no score, lies at 0.
    """
    finite = [s for s in scores if not math.isnan(s)]
    # halves, because the difference of two large scores may be infinite
    low, high = min(finite, default=0.0) / 2, max(finite, default=0.0) / 2
    bars = ((s / 2 - low) / (high - low) if high > low else 1.0 for s in scores)
    return tuple(0.0 if math.isnan(s) else bar for s, bar in zip(scores, bars, strict=True))


@dataclass(frozen=True, slots=True)
class Move:
    """One document's rank in two rankings; None where a ranking lacks it."""

    document: Document
    before: int | None
    after: int | None


def moves(before: Ranking, after: Ranking, k: int) -> tuple[Move, ...]:
    """Return how the first k documents of two rankings differ, in the order of the second."""
    first = {hit.document.id: hit for hit in before.hits}
    second = {hit.document.id: hit for hit in after.hits}

    def rank(hits: Mapping[str, Hit], document: str) -> int | None:
        return hits[document].rank if document in hits else None

    moved = [
        Move((second.get(i) or first[i]).document, rank(first, i), rank(second, i))
        for i in top_documents((after, before), k)
    ]
    beyond = len(before.hits) + len(after.hits) + 1
    return tuple(sorted(moved, key=lambda move: move.after or beyond))


def describe_moves(moved: Sequence[Move], k: int) -> str:
    """Return in one sentence what changed between two rankings' first k documents."""
    same = sum(1 for m in moved if m.before and m.after and max(m.before, m.after) <= k)
    depth = sum(1 for m in moved if m.after and m.after <= k)
    unmoved = sum(1 for m in moved if m.before == m.after)
    of = "the first document" if depth == 1 else f"the first {depth} documents"
    return f"{same} of {of} {agree(same, 'is', 'are')} the same, {unmoved} at the same rank."


def telling_documents(rankings: Sequence[Ranking], grades: Mapping[str, int]) -> frozenset[str]:
    """Return the documents worth following: the relevant ones, or else each system's first."""
    relevant = frozenset(document for document, grade in grades.items() if grade > 0)
    return relevant or frozenset(r.hits[0].document.id for r in rankings if r.hits)
