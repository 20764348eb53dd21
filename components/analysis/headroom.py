"""What reranking could gain and what it gained: pure functions of rankings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from components.analysis.agreement import order
from components.analysis.quality import quality, quality_of_run
from components.domain import Ranking


@dataclass(frozen=True, slots=True)
class Headroom:
    """A measure of one query: each ranking's, and that of the best order of the same candidates.

    What separates `best` from 1 was not retrieved; what separates a ranking from `best` was badly
    ranked. `retrieved` of `relevant` documents are among the candidates.
    """

    measure: str
    values: tuple[float, ...]
    best: float
    relevant: int
    retrieved: int


def headroom(
    rankings: Sequence[Ranking], grades: Mapping[str, int], measure: str
) -> Headroom | None:
    """Return the headroom of a query, the first stage first; None where nothing is relevant."""
    candidates = order(rankings[0])
    best = quality_of_run(best_order(candidates, grades), grades, measure)
    values = [quality(ranking, grades, measure) for ranking in rankings]
    if best is None:
        return None
    relevant = {document for document, grade in grades.items() if grade > 0}
    retrieved = len(relevant.intersection(candidates))
    return Headroom(
        measure, tuple(v for v in values if v is not None), best, len(relevant), retrieved
    )


def best_order(candidates: Iterable[str], grades: Mapping[str, int]) -> dict[str, float]:
    """Return candidates, by id, as a run in the best possible order: by grade, then as they were.

    The scores are negated ranks.
    """
    ordered = sorted(candidates, key=lambda document: -grades.get(document, 0))
    return {document: -float(rank) for rank, document in enumerate(ordered, start=1)}


def describe_headroom(room: Headroom, names: Sequence[str]) -> str:
    """Say what was not retrieved and what was badly ranked, and which system came furthest."""
    lost = room.relevant - room.retrieved
    top = max(range(len(names)), key=lambda i: room.values[i])
    missing = (
        f"{lost} of {room.relevant} relevant documents are not among the candidates: no reranker "
        f"can bring them back. "
        if lost
        else f"All {room.relevant} relevant documents are among the candidates. "
    )
    return (
        f"{missing}The best order of these candidates has {room.measure} {room.best:.2f}; "
        f"{names[top]} comes to {room.values[top]:.2f}, the first stage to {room.values[0]:.2f}."
    )
