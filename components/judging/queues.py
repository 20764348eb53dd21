"""Queues of pairs that a judge is asked about: their plan, what comes next, how far they are."""

from __future__ import annotations

import random
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from components.domain import MAX_GRADE
from components.judging.drawing import Order, Pool
from components.judging.duel import Standing, ordered, standing
from components.judging.records import Draw, Judgment, Kind, Row, in_force

REPEAT_EVERY = 20
"""After so many pairs, one that was judged before is asked again."""
REPEAT_AFTER = 10
"""How many judgments must lie between: who remembers the first does not judge."""
LONGEST_S = 120.0
"""A longer time between two judgments is a break, and no pace."""
PACED = 20
"""Judgments that the pace is taken from, the last ones."""


class PoolKind(StrEnum):
    """Where a queue's pairs come from."""

    TOP = "top"
    RANDOM = "random"
    HOLES = "holes"
    DUEL = "duel"
    SIDES = "sides"


class DuelPlan(BaseModel):
    """What a duel needs beside its pairs, in the order of their draws; see `drawing.Pool`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    before: str
    after: str
    weights: tuple[float, ...]
    expected: tuple[float, ...]
    chances: tuple[float, ...]
    query: tuple[int, ...]
    queries: int = Field(ge=1)


class Plan(BaseModel):
    """A queue: pairs of a query's text and a document's id in the order in which they are asked.

    `highest` is the highest grade. `systems` made the rankings that the pairs come from, `depth`
    is the rank down to which a query's pairs are all there, 0 where they are not. Nothing but the
    pairs may be shown while `blind`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: PoolKind
    pairs: tuple[tuple[str, str], ...]
    highest: int = Field(ge=1, le=MAX_GRADE)
    seed: int
    systems: tuple[str, ...] = ()
    depth: int = 0
    blind: bool = True
    duel: DuelPlan | None = None

    def draw(self, id: str, number: int) -> Draw:
        """Return how the pair with a number, counted from 1, came to be asked."""
        chance = self.duel.chances[number - 1] if self.duel else 0.0
        return Draw(id, self.kind.value, number, chance, self.seed)


@dataclass(frozen=True, slots=True)
class Question:
    """A pair to be judged: its number in the queue from 1, and whether it is asked again."""

    number: int
    query: str
    document: str
    repeat: bool = False

    @property
    def pair(self) -> tuple[str, str]:
        """Return the query's text and the document's id."""
        return self.query, self.document


@dataclass(frozen=True, slots=True)
class Queue:
    """A judge's queue with all that was kept of it; `rows` are all of the corpus."""

    id: str
    plan: Plan
    judge: str
    rows: Sequence[Row]

    @property
    def judged(self) -> dict[tuple[str, str], Judgment]:
        """Return this judge's judgments in force of the queue's pairs, wherever they were made."""
        own = set(self.plan.pairs)
        mine = (row for row in self.rows if row.entry.judge == self.judge)
        return {j.pair: j for j in in_force(mine) if j.pair in own}

    @property
    def acts(self) -> list[Row]:
        """Return this judge's judgments in this queue that stand, in their order, repeats too."""
        undone = {row.undone for row in self.rows}
        kinds = (Kind.GRADE, Kind.CANNOT_SAY)
        return [
            row
            for row in self.rows
            if (row.entry.judge, row.entry.draw.queue) == (self.judge, self.id)
            and row.entry.kind in kinds
            and row.id not in undone
        ]

    def upcoming(self, skipped: Collection[tuple[str, str]] = (), most: int = 5) -> list[Question]:
        """Return what is asked next; skipped pairs come at the end."""
        judged, acts = self.judged, self.acts
        left = [
            Question(i, *pair)
            for i, pair in enumerate(self.plan.pairs, start=1)
            if pair not in judged
        ]
        left.sort(key=lambda question: question.pair in skipped)
        repeats = self._repeats(acts, judged)
        n, asked = len(judged), sum(row.entry.repeat for row in acts)
        questions: list[Question] = []
        while len(questions) < most and (left or (repeats and n // REPEAT_EVERY > asked)):
            if repeats and n // REPEAT_EVERY > asked:
                questions.append(repeats.pop(0))
                asked += 1
            else:
                questions.append(left.pop(0))
                n += 1
        return questions

    def _repeats(self, acts: Sequence[Row], judged: Collection[tuple[str, str]]) -> list[Question]:
        """Return the pairs that can be asked again, in an order that the seed settles."""
        numbers = {pair: i for i, pair in enumerate(self.plan.pairs, start=1)}
        again = {(r.entry.query, r.entry.document) for r in acts if r.entry.repeat}
        old = [
            (r.entry.query, r.entry.document) for r in acts[:-REPEAT_AFTER] if not r.entry.repeat
        ]
        able = [p for p in dict.fromkeys(old) if p in judged and p in numbers and p not in again]
        random.Random(f"{self.plan.seed} {len(again)}").shuffle(able)
        return [Question(numbers[pair], *pair, repeat=True) for pair in able]

    @property
    def pace_s(self) -> float:
        """Return the seconds a judgment takes, the median of the last ones; 0 where unknown."""
        moments = [row.at for row in self.acts[-PACED:]]
        spans = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
        working = [span for span in spans if 0 < span <= LONGEST_S]
        return statistics.median(working) if working else 0.0

    def duel(self) -> Standing | None:
        """Return how far the duel is, None where the queue is none.

        It goes by the longest beginning of the draws that is judged: a skipped pair waits.
        """
        if self.plan.duel is None:
            return None
        pool, order = _pool_of(self.plan, self.plan.duel)
        judged, grades = self.judged, list[int | None]()
        for pair in self.plan.pairs:
            if pair not in judged:
                break
            grades.append(judged[pair].grade)
        return standing(pool, order, grades, self.plan.highest, hidden=True)


def duel_plan(
    pool: Pool, texts: dict[str, str], systems: tuple[str, str], highest: int, seed: int
) -> Plan:
    """Return the queue of a duel of two systems; `texts` are those of the queries, by id."""
    order = ordered(pool, seed)
    at = order.places
    pairs = [pool.pairs[i] for i in at]
    return Plan(
        kind=PoolKind.DUEL,
        pairs=tuple((texts[query], document) for query, document in pairs),
        highest=highest,
        seed=seed,
        systems=systems,
        duel=DuelPlan(
            before=systems[0],
            after=systems[1],
            weights=tuple(pool.weights[at].tolist()),
            expected=tuple(pool.expected[at].tolist()),
            chances=tuple(order.chances.tolist()),
            query=tuple(pool.query[at].tolist()),
            queries=pool.queries,
        ),
    )


def _pool_of(plan: Plan, duel: DuelPlan) -> tuple[Pool, Order]:
    """Return a plan's pool in the order of its draws."""
    pool = Pool(
        plan.pairs,
        np.array(duel.weights, np.float64),
        np.array(duel.expected, np.float64),
        np.array(duel.query, np.intp),
        duel.queries,
    )
    return pool, Order(np.arange(len(plan.pairs)), np.array(duel.chances, np.float64))
