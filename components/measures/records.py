"""What a measure is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Compute = Callable[[Mapping[str, int], Mapping[str, float], int | None], float]
"""The value of one query: its grades by document, its run (document -> score, best first and
falling strictly, no longer than the cut-off) and the cut-off."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure at any cut-off, or of whole rankings.

    `name` is its name without a cut-off, such as nDCG. `cutoff` is the usual one, None for a
    measure that takes none. Without `compute` ir_measures computes what it calls by this name. An
    empty ranking counts 0 and is never computed. Of a measure of `quality` a higher value means a
    better ranking; others describe a ranking without judging it.
    """

    name: str
    description: str
    cutoff: int | None = 10
    compute: Compute | None = None
    quality: bool = True

    def at(self, cutoff: int | str | None) -> str:
        """Return its full name at a cut-off, such as nDCG@10; its own where it takes none."""
        return self.name if self.cutoff is None else f"{self.name}@{cutoff}"
