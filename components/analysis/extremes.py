"""The extremes of a difference of two rankings over all grades of what nobody judged.

Every unjudged document among the first k of either ranking may have any grade, and the ideal
ranking changes with it. Judgments that are missing elsewhere in the corpus are left out of account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from components.analysis.headroom import best_order
from components.domain import Judgments
from components.measures import measure

MOST_ASSIGNMENTS = 1_024
"""Ways to grade a query's unjudged documents that are gone through for a measure without bounds."""
LEVEL = 1e-9
"""Differences below are none: sums of the same numbers differ by their rounding."""
_GONE_THROUGH = 10
"""Unjudged documents up to which all relevances are gone through for AP."""
_TRIED = 16
"""Numbers of relevant documents that are tried for AP where there are more."""
Array = npt.NDArray[np.float64]
Grades = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Hole:
    """One query's two rankings, by document id, best first, and what is judged of them.

    Grades are whole numbers up to `highest`; `k` is the measure's cut-off, None where it has none.
    """

    before: Sequence[str]
    after: Sequence[str]
    grades: Grades
    highest: int
    k: int | None

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Return the unjudged documents among the first k of either ranking."""
        top = dict.fromkeys([*self.before[: self.k], *self.after[: self.k]])
        return tuple(document for document in top if document not in self.grades)

    @property
    def turned(self) -> Hole:
        """Return the same with the rankings in each other's place."""
        return Hole(self.after, self.before, self.grades, self.highest, self.k)

    @property
    def relevant(self) -> int:
        """Return how many documents are judged relevant, retrieved or not."""
        return sum(grade > 0 for grade in self.grades.values())


@dataclass(frozen=True, slots=True)
class Greatest:
    """How much better the second ranking can be: `value`, with these grades; others have 0.

    No grades exceed `bound`, which is the value where that is the greatest.
    """

    value: float
    grades: Grades
    bound: float


@dataclass(frozen=True, slots=True)
class Span:
    """The least and the greatest difference; nothing is below the bound of the least."""

    least: Greatest
    greatest: Greatest
    unjudged: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Return whether both ends are reached by some grades."""
        return all(end.value == end.bound for end in (self.least, self.greatest))


def span(hole: Hole, name: str) -> Span | None:
    """Return the extremes of a measure's difference; None where it cannot be bounded."""
    bound = _BOUNDS.get(name.partition("@")[0])
    unjudged = hole.unjudged
    if bound is None and (hole.highest + 1) ** len(unjudged) > MOST_ASSIGNMENTS:
        return None
    if bound is None:
        return _gone_through(hole, name)
    least, greatest = bound(hole.turned), bound(hole)
    return Span(Greatest(-least.value, least.grades, -least.bound), greatest, unjudged)


# ---------------------------------------------------------------- nDCG


@lru_cache
def _discounts(k: int) -> Array:
    return 1 / np.log2(np.arange(2, k + 2))


def ndcg(hole: Hole) -> Greatest:
    """Return the greatest difference of nDCG, exactly.

    Gain and ideal depend on how many unjudged documents have at least each grade, once these are
    the ones that gain most by it: with as many of each grade, the ideal is the same. The quotient
    is maximised by Dinkelbach's method (1967); each of its steps is a sum over grades, maximised
    one grade at a time, as no more documents have at least a higher grade.
    """
    k = hole.k or max(len(hole.before), len(hole.after), 1)
    discounts = _discounts(k)
    weights = {d: float(x) for d, x in zip(hole.after[:k], discounts, strict=False)}
    for document, x in zip(hole.before[:k], discounts, strict=False):  # what one grade adds
        weights[document] = weights.get(document, 0.0) - float(x)
    base = sum(weights.get(d, 0.0) * g for d, g in hole.grades.items() if g > 0)
    order = sorted(hole.unjudged, key=lambda d: -weights[d])
    gains = np.concatenate([[0.0], np.cumsum([weights[d] for d in order])])
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])
    judged = sorted(hole.grades.values())
    edges = sorted({g for g in judged if g > 0} | {hole.highest})
    ahead = len(judged) - np.searchsorted(judged, edges)
    # gain and ideal by how many documents have at least the grade of an edge
    filled = [ideal[np.minimum(k, n + np.arange(len(gains)))] for n in ahead]
    table = list(zip(edges, np.diff([0, *edges]), filled, strict=True))
    fixed = sum(float(size * f[0]) for edge, size, f in table if edge > hole.highest)
    steps = [(int(size), f) for edge, size, f in table if edge <= hole.highest]
    counts, best, value = [0] * len(steps), list[int](), 0.0
    while True:
        pairs = list(zip(counts, steps, strict=True))
        gain = base + sum(size * float(gains[n]) for n, (size, _) in pairs)
        total = fixed + sum(size * float(f[n]) for n, (size, f) in pairs)
        if best and gain - value * total <= LEVEL:
            break
        best, value = counts, gain / total if total else 0.0
        counts = _most(gains, steps, value)
    pairs = list(zip(best, steps, strict=True))
    grades = {d: sum(size for n, (size, _) in pairs if n > i) for i, d in enumerate(order)}
    return Greatest(value, {d: grade for d, grade in grades.items() if grade}, value)


def _most(gains: Array, steps: Sequence[tuple[int, Array]], rate: float) -> list[int]:
    """Return how many documents have at least each edge's grade: most gain less rate x ideal."""
    best = np.zeros(len(gains))
    tables = []
    for size, ideal in reversed(steps):
        best = size * (gains - rate * ideal) + np.maximum.accumulate(best)
        tables.append(best)
    counts, most = [], len(gains)
    for best in reversed(tables):
        most = int(np.argmax(best[:most])) + 1
        counts.append(most - 1)
    return counts


# ---------------------------------------------------------------- measures of relevance


def rr(hole: Hole) -> Greatest:
    """Return the greatest difference of RR: one relevant document more does it, or none."""

    def value(relevant: set[str]) -> float:
        both = []
        for ranking in (hole.before, hole.after):
            ranks = (r for r, d in enumerate(ranking[: hole.k], 1) if d in relevant)
            both.append(1 / next(ranks, np.inf))
        return both[1] - both[0]

    judged = {d for d, grade in hole.grades.items() if grade > 0}
    unjudged = set(hole.unjudged)
    # further down the second ranking a document gives that one less
    options = [d for d in hole.after[: hole.k] if d in unjudged]
    values = {d: value(judged | {d}) for d in options}
    best = max(options, key=lambda d: values[d], default="")
    nothing = value(judged)
    if not best or values[best] <= nothing:
        return Greatest(nothing, {}, nothing)
    return Greatest(values[best], {best: 1}, values[best])


def precision(hole: Hole) -> Greatest:
    """Return the greatest difference of P: all are relevant that only the second ranking has."""
    before, after = set(hole.before[: hole.k]), set(hole.after[: hole.k])
    judged = {d for d, grade in hole.grades.items() if grade > 0}
    own = {d: 1 for d in hole.unjudged if d not in before}
    gain = (len(after & judged) - len(before & judged) + len(own)) / (hole.k or 1)
    return Greatest(gain, own, gain)


def recall(hole: Hole) -> Greatest:
    """Return the greatest difference of R; a loss shrinks when both have more relevant ones."""
    before, after = set(hole.before[: hole.k]), set(hole.after[: hole.k])
    judged = {d for d, grade in hole.grades.items() if grade > 0}
    own = {d: 1 for d in hole.unjudged if d not in before}
    gain = len(after & judged) - len(before & judged) + len(own)
    shared = {d: 1 for d in hole.unjudged if d in before and d in after} if gain < 0 else {}
    total = len(judged) + len(own) + len(shared)
    value = gain / total if total else 0.0
    return Greatest(value, own | shared, value)


# ---------------------------------------------------------------- AP


def average_precision(hole: Hole) -> Greatest:
    """Return the greatest difference of AP: exactly for few unjudged documents, else a bound."""
    unjudged, m = hole.unjudged, len(hole.unjudged)
    if m <= _GONE_THROUGH:
        tried = np.array(list(product((0, 1), repeat=m)), np.int64).reshape(2**m, m)
    else:  # those that the second ranking has higher, some more each time
        ranks = [{d: r for r, d in enumerate(x, 1)} for x in (hole.before, hole.after)]
        gain = [1 / ranks[1].get(d, np.inf) - 1 / ranks[0].get(d, np.inf) for d in unjudged]
        places = np.argsort(np.argsort(-np.array(gain)))
        counts = np.unique(np.linspace(0, m, _TRIED).round())
        tried = (places < counts[:, None]).astype(np.int64)
    total = hole.relevant + tried.sum(axis=1)
    difference = _precisions(hole, hole.after, tried) - _precisions(hole, hole.before, tried)
    values = difference / np.maximum(total, 1)
    best = int(np.argmax(values - 1e-12 * tried.sum(axis=1)))  # of equals the fewest documents
    grades = {d: 1 for d, on in zip(unjudged, tried[best], strict=True) if on}
    value = float(values[best])
    return Greatest(value, grades, value if m <= _GONE_THROUGH else _ap_bound(hole))


def _precisions(hole: Hole, ranking: Sequence[str], tried: npt.NDArray[np.int64]) -> Array:
    """Return the sum of the precisions at a ranking's relevant documents, by row of `tried`."""
    place = {d: i for i, d in enumerate(hole.unjudged)}
    constant = [len(place) + (hole.grades.get(d, 0) > 0) for d in ranking]
    columns = [place.get(d, other) for d, other in zip(ranking, constant, strict=True)]
    rows = len(tried)
    relevant = np.hstack([tried, np.zeros((rows, 1)), np.ones((rows, 1))])[:, columns]
    ranks = np.arange(1, len(ranking) + 1)
    return np.asarray((relevant * relevant.cumsum(axis=1) / ranks).sum(axis=1), np.float64)


def _ap_bound(hole: Hole) -> float:
    """Return what no difference of AP exceeds.

    With t relevant ones of the unjudged documents, the sum of precisions is greatest where these
    stand first in a ranking, and least where they are missing in it or stand last. The second
    ranking has the one and the first ranking the other, for the most favourable t.
    """
    unjudged, m = hole.unjudged, len(hole.unjudged)
    place = {d: i for i, d in enumerate(unjudged)}
    steps = np.arange(m + 1)[:, None]
    second = [place[d] for d in hole.after if d in place]
    first = [place[d] for d in hole.before if d in place]
    absent = [i for i in range(m) if i not in set(first)]
    early, late = np.empty(m, np.int64), np.empty(m, np.int64)
    early[[*second, *(i for i in range(m) if i not in set(second))]] = np.arange(m)
    late[[*absent, *reversed(first)]] = np.arange(m)
    most = _precisions(hole, hole.after, (early < steps).astype(np.int64))
    least = _precisions(hole, hole.before, (late < steps).astype(np.int64))
    return float(((most - least) / np.maximum(hole.relevant + steps[:, 0], 1)).max())


_BOUNDS: Mapping[str, Callable[[Hole], Greatest]] = {
    "nDCG": ndcg,
    "RR": rr,
    "P": precision,
    "R": recall,
    "AP": average_precision,
}
"""How the greatest difference is found, by the measure's name without cut-off."""


# ---------------------------------------------------------------- any measure


def differences(hole: Hole, name: str, tried: Sequence[Grades]) -> list[float]:
    """Return the measured difference under each of these grades of unjudged documents."""
    judged: Judgments = {str(i): {**hole.grades, **more} for i, more in enumerate(tried)}
    both = [
        measure({q: best_order(ranking, {}) for q in judged}, judged, (name,)).per_query
        for ranking in (hole.before, hole.after)
    ]
    return [both[1][q][name] - both[0][q][name] for q in judged]


def _gone_through(hole: Hole, name: str) -> Span:
    unjudged = hole.unjudged
    assignments = product(range(hole.highest + 1), repeat=len(unjudged))
    tried = [{d: g for d, g in zip(unjudged, a, strict=True) if g} for a in assignments]
    values = differences(hole, name, tried)
    least, most = (
        Greatest(values[i], tried[i], values[i])
        for i in map(int, (np.argmin(values), np.argmax(values)))
    )
    return Span(least, most, unjudged)
