"""Two rankings side by side, unnamed and in random places: which one people prefer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict
from scipy.stats import binomtest

from components.domain import InputError, Query
from components.judging.drawing import Rankings
from components.wording import count

ALPHA = 0.05


class Side(StrEnum):
    """What is said of two rankings; NOTHING takes back what was said."""

    LEFT = "left"
    RIGHT = "right"
    SAME = "same"
    BAD = "both bad"
    NOTHING = ""


class SidesPlan(BaseModel):
    """Queries in their order, and the first documents of both rankings of each.

    `swapped` says of each query whether the second ranking stands on the left.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["sides"] = "sides"
    before: str
    after: str
    queries: tuple[str, ...]
    swapped: tuple[bool, ...]
    first: tuple[tuple[str, ...], ...]
    second: tuple[tuple[str, ...], ...]

    def sides(self, i: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what stands on the left and on the right of a query."""
        both = self.first[i], self.second[i]
        return both[::-1] if self.swapped[i] else both


def sides_plan(
    rankings: Mapping[str, Rankings],
    queries: Sequence[Query],
    systems: tuple[str, str],
    k: int,
    seed: int,
) -> SidesPlan:
    """Return the queries whose first k documents differ, in an order and places that are drawn."""
    chance = random.Random(seed)
    best = {s: {q.id: tuple(rankings[s].get(q.id, ())[:k]) for q in queries} for s in systems}
    before, after = (best[system] for system in systems)
    differing = [q for q in queries if before[q.id] != after[q.id]]
    if not differing:
        raise InputError(
            f"{systems[0]} and {systems[1]} have the same first documents of every query.",
            "Choose another system: there is nothing to tell apart.",
        )
    chance.shuffle(differing)
    return SidesPlan(
        before=systems[0],
        after=systems[1],
        queries=tuple(q.text for q in differing),
        swapped=tuple(chance.random() < 0.5 for _ in differing),
        first=tuple(before[q.id] for q in differing),
        second=tuple(after[q.id] for q in differing),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often each ranking was called better, and what a sign test says of it.

    `share` is the second's among the queries on which one was better, with its exact 95% interval
    (Clopper and Pearson); NaN where there is no such query.
    """

    before: int
    after: int
    same: int
    bad: int
    share: float
    low: float
    high: float
    p: float

    def sentence(self, before: str, after: str) -> str:
        """Say which ranking people prefer, if that is clear."""
        said = f"{after} was better on {count(self.after, 'query')}, {before} on {self.before:,}"
        numbers = f"{said}; the same on {self.same:,}, both bad on {self.bad:,}"
        n = self.before + self.after
        if not n:
            return f"No clear difference: {numbers}."
        test = (
            f"{after}'s share of {count(n, 'preference')} is {self.share:.0%}, 95% interval "
            f"{self.low:.0%} to {self.high:.0%}, p = {self.p:.3f} (sign test)"
        )
        if self.p >= ALPHA:
            return f"No clear difference: {numbers}. {test}."
        better, other = (after, before) if self.after > self.before else (before, after)
        return f"{better} is preferred to {other}: {numbers}. {test}."


def outcome(plan: SidesPlan, said: Mapping[str, Side]) -> Outcome:
    """Return what came out of what was said of the plan's queries, by their texts."""
    counts: Counter[str] = Counter()
    for query, swapped in zip(plan.queries, plan.swapped, strict=True):
        side = said.get(query, Side.NOTHING)
        if side in (Side.LEFT, Side.RIGHT):
            counts["after" if (side is Side.LEFT) == swapped else "before"] += 1
        else:
            counts[side.value] += 1
    before, after = counts["before"], counts["after"]
    same, bad = counts[Side.SAME.value], counts[Side.BAD.value]
    if not before + after:
        return Outcome(before, after, same, bad, *[float("nan")] * 4)
    test = binomtest(after, before + after)
    interval = test.proportion_ci(0.95, "exact")
    values = (test.statistic, interval.low, interval.high, test.pvalue)
    return Outcome(before, after, same, bad, *map(float, values))


def in_force(rows: Iterable[tuple[str, str]]) -> dict[str, Side]:
    """Return what was said last of each query, of rows of a query's text and what was said."""
    said = {query: Side(side) for query, side in rows}
    return {query: side for query, side in said.items() if side is not Side.NOTHING}
