"""Two toy measures, one of quality and one that only describes a ranking."""

from __future__ import annotations

from collections.abc import Mapping

from components.measures import Measure


def _first(grades: Mapping[str, int], run: Mapping[str, float], cutoff: int | None) -> float:
    return float(grades.get(next(iter(run)), 0) > 0)


def _full(grades: Mapping[str, int], run: Mapping[str, float], cutoff: int | None) -> float:
    return len(run) / (cutoff or 1)


MEASURES = (
    Measure("First", "1 where the first document is relevant", 1, _first),
    Measure("Full", "the share of the first k places that are filled", 5, _full, quality=False),
)
