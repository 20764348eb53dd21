"""What documents that nobody judged could change, of one query: whether a difference could turn.

A measure counts an unjudged document as not relevant, which punishes a system for finding what
nobody looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.analysis.extremes import LEVEL, Greatest, Hole, differences, span
from components.measures import cutoff_of, is_quality
from components.wording import count


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What the unjudged documents of one query could do to the difference of two rankings.

    `difference` counts them as not relevant; `low` and `high` are its bounds under any grades,
    NaN for a measure that cannot be bounded. `turning` are documents whose grades could give it
    the other sign, or make one of none, as few as were found. `k` is the cut-off, None for whole
    rankings.
    """

    measure: str
    k: int | None
    unjudged: tuple[str, ...]
    difference: float
    low: float
    high: float
    turning: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Return whether the sign is proven to be the same whatever the unjudged documents are."""
        if abs(self.difference) <= LEVEL:
            return self.low >= -LEVEL and self.high <= LEVEL
        return self.low > LEVEL if self.difference > 0 else self.high < -LEVEL

    @property
    def irreversible(self) -> bool:
        """Return whether a difference is proven never to have the other sign; it may become 0."""
        against = self.low if self.difference > 0 else -self.high
        return against >= -LEVEL and abs(self.difference) > LEVEL

    @property
    def sentence(self) -> str:
        """Say what the unjudged documents could do; empty where there are none to speak of."""
        if not self.unjudged or not is_quality(self.measure):
            return ""
        many = describe_unjudged(len(self.unjudged), self.k)
        if self.low != self.low:
            return f"That {many} turn it over is not excluded: {self.measure} has no bounds here."
        if self.holds:
            return f"It holds whatever {many} {'is' if len(self.unjudged) == 1 else 'are'}."
        if self.turning:
            verb = "reverse it" if abs(self.difference) > LEVEL else "make a difference"
            return (
                f"{describe_turning(len(self.turning), len(self.unjudged), self.k)} could {verb}."
            )
        if self.irreversible:
            return f"T{many[1:]} could at most level it, not reverse it."
        return f"That {many} reverse it is not excluded."


def unsettled(
    before: Sequence[str],
    after: Sequence[str],
    grades: Mapping[str, int],
    name: str,
    highest: int | None = None,
) -> Unsettled:
    """Return what the unjudged documents could do to the difference of two rankings of a query.

    `before` and `after` are ids, best first; `highest` is the highest grade that a document can
    have, by default that of the query's judgments, and at least 1.
    """
    top = max(1, max(grades.values(), default=0) if highest is None else highest)
    hole = Hole(before, after, grades, top, cutoff_of(name))
    extremes = span(hole, name)
    [seen] = differences(hole, name, [{}])
    k = min(hole.k, max(len(before), len(after))) if hole.k else None
    if extremes is None:
        return Unsettled(name, k, hole.unjudged, seen, math.nan, math.nan, ())
    ends = [extremes.least] if seen > LEVEL else [extremes.greatest]
    ends = ends if abs(seen) > LEVEL else [extremes.least, extremes.greatest]
    turning = min(
        (t for end in ends if (t := _turning(hole, name, seen, end))), key=len, default=()
    )
    low, high = extremes.least.bound, extremes.greatest.bound
    return Unsettled(name, k, extremes.unjudged, seen, low, high, turning)


def _turning(hole: Hole, name: str, seen: float, end: Greatest) -> tuple[str, ...]:
    """Return the fewest of an extreme's documents, those that do most first, that turn the sign."""
    sign = 1 if seen > LEVEL else -1 if seen < -LEVEL else 0
    if not end.grades:
        return ()
    alone = differences(hole, name, [{d: g} for d, g in end.grades.items()])
    effect = dict(zip(end.grades, (abs(v - seen) for v in alone), strict=True))
    order = sorted(end.grades, key=lambda d: -effect[d])
    prefixes = [{d: end.grades[d] for d in order[:n]} for n in range(1, len(order) + 1)]
    for prefix, value in zip(prefixes, differences(hole, name, prefixes), strict=True):
        if sign * value < -LEVEL or (not sign and abs(value) > LEVEL):
            return tuple(prefix)
    return ()


# ---------------------------------------------------------------- words


def describe_unjudged(n: int, k: int | None) -> str:
    """Return so many unjudged documents in words, with their article and place."""
    where = f"among the first {k:,}" if k else "in the rankings"
    return f"the {count(n, 'unjudged document') if n > 1 else 'unjudged document'} {where}"


def describe_turning(some: int, n: int, k: int | None) -> str:
    """Return so many of the unjudged documents in words, at the beginning of a sentence."""
    many = describe_unjudged(n, k)
    return f"T{many[1:]}" if some == n else f"{some:,} of {many}"
