"""What reranking could gain and what it gained: pure functions of rankings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from components.analysis.agreement import order
from components.analysis.quality import quality, quality_of_run
from components.domain import Ranking
from components.wording import agree, count


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
    first, *others = (f"{value:.2f}" for value in room.values)
    if lost:
        missing = (
            f"{lost} of {count(room.relevant, 'relevant document')} {agree(lost, 'is', 'are')} not "
            f"among the candidates: no reranker can bring {agree(lost, 'it', 'them')} back."
        )
    elif room.relevant == 1:
        missing = "The relevant document is among the candidates."
    else:
        missing = f"All {count(room.relevant, 'relevant document')} are among the candidates."
    top = max(room.values[1:], default=0.0)
    reached = f"the first stage has {first}"
    if others and float(max(others)) > float(first):
        reached = f"{names[room.values.index(top, 1)]} comes to {top:.2f}, {reached}"
    elif others:
        reached += ", and no reranker more"
    return (
        f"{missing} The best order of these candidates has {room.measure} {room.best:.2f}; "
        f"{reached}."
    )
