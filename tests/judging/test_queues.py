"""Queues: what is asked next, what is asked again, and how a duel goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from components.domain import InputError, Query
from components.judging.drawing import pool_of
from components.judging.pools import duel_pool, random_pool, top_pool
from components.judging.queues import REPEAT_AFTER, REPEAT_EVERY, Plan, PoolKind, Queue
from components.judging.store import JudgingStore
from tests.support.judging import PLACE, graded

BEGIN = datetime(2026, 11, 26, 9, tzinfo=UTC)
QUERIES = (Query("q1", "low tide"), Query("q2", "pilot"))
RANKINGS = {
    "a": {"q1": ["d1", "d2", "d3"], "q2": ["d1", "d2"]},
    "b": {"q1": ["d3", "d4", "d1"], "q2": ["d1", "d2"]},
}


class Desk:
    """A judge with a store and one queue."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        moments = (BEGIN + timedelta(seconds=5 * i) for i in count())
        self.store, self.plan = JudgingStore(folder, lambda: next(moments)), plan
        self.tokens = count()

    @property
    def queue(self) -> Queue:
        return Queue("one", self.plan, "Ada", self.store.rows(PLACE))

    def judge(self, grade: int | None) -> tuple[str, bool]:
        """Judge what comes next; return the document, and whether it was asked again."""
        [question, *_] = self.queue.upcoming()
        draw = self.plan.draw("one", question.number)
        entry = graded("Ada", *question.pair, grade, repeat=question.repeat, draw=draw)
        self.store.record(PLACE, entry, f"t{next(self.tokens)}")
        return question.document, question.repeat


def test_a_pool_is_the_union_of_the_best_shuffled_by_its_seed() -> None:
    plan = top_pool(RANKINGS, QUERIES, 2, 3, 1)
    assert sorted(plan.pairs) == [
        *(("low tide", d) for d in ("d1", "d2", "d3", "d4")),
        ("pilot", "d1"),
        ("pilot", "d2"),
    ]
    assert plan == top_pool(RANKINGS, QUERIES, 2, 3, 1)
    assert len({top_pool(RANKINGS, QUERIES, 2, 3, seed).pairs for seed in range(9)}) > 3
    queries = [query for query, _ in plan.pairs]
    assert queries in (sorted(queries), sorted(queries, reverse=True))  # each in one piece
    assert (plan.kind, plan.depth, plan.systems) == (PoolKind.TOP, 2, ("a", "b"))
    assert set(random_pool(RANKINGS, QUERIES, 2, 3, 3, 1).pairs) < set(plan.pairs)
    with pytest.raises(InputError, match="nothing to judge"):
        top_pool(RANKINGS, (), 2, 3, 1)


def test_what_is_judged_is_not_asked_and_what_is_skipped_comes_last(tmp_path: Path) -> None:
    desk = Desk(tmp_path, top_pool(RANKINGS, QUERIES, 2, 2, 1))
    order = [question.pair for question in desk.queue.upcoming(most=9)]
    assert order == list(desk.plan.pairs)
    desk.judge(2)
    after = [question.pair for question in desk.queue.upcoming({order[1]}, most=9)]
    assert after == [*order[2:], order[1]]
    desk.judge(None)
    assert [q.number for q in desk.queue.upcoming(most=2)] == [3, 4]
    for _ in range(4):
        desk.judge(0)
    assert desk.queue.upcoming() == []
    assert desk.queue.pace_s == 5.0


def test_a_pair_is_asked_again_now_and_then(tmp_path: Path) -> None:
    pairs = tuple(("q", f"d{i}") for i in range(2 * REPEAT_EVERY + 5))
    desk = Desk(tmp_path, Plan(kind=PoolKind.TOP, pairs=pairs, highest=2, seed=3))
    asked = [desk.judge(1) for _ in range(len(pairs) + 2)]
    again = [i for i, (_, repeat) in enumerate(asked) if repeat]
    assert again == [REPEAT_EVERY, 2 * REPEAT_EVERY + 1]
    for i in again:
        assert asked[i][0] in [document for document, _ in asked[: i - REPEAT_AFTER]]
    assert len({asked[i][0] for i in again}) == 2
    assert desk.queue.upcoming() == []
    assert len(desk.queue.judged) == len(pairs)


def test_what_comes_next_does_not_change_while_it_is_asked_ahead(tmp_path: Path) -> None:
    """Five questions lie ready in the browser; judging the first leaves the others in place."""
    pairs = tuple(("q", f"d{i}") for i in range(REPEAT_EVERY + 9))
    desk = Desk(tmp_path, Plan(kind=PoolKind.TOP, pairs=pairs, highest=2, seed=3))
    for _ in range(REPEAT_EVERY - 1):
        desk.judge(1)
    ahead = desk.queue.upcoming()
    assert [question.repeat for question in ahead] == [False, True, False, False, False]
    desk.judge(1)
    assert desk.queue.upcoming()[:1] == ahead[1:2]


def test_a_duel_is_kept_with_its_chances_and_goes_on(tmp_path: Path) -> None:
    plan = duel_pool(RANKINGS, QUERIES, ("a", "b"), 2, 7)
    assert plan == Plan.model_validate_json(plan.model_dump_json())
    whole = pool_of(RANKINGS["a"], RANKINGS["b"], ["q1", "q2"])
    assert plan.duel is not None
    assert sorted(plan.pairs) == sorted(("low tide", d) for _, d in whole.pairs)
    mass = dict(zip((d for _, d in whole.pairs), whole.mass / whole.mass.sum(), strict=True))
    assert plan.draw("one", 1).chance == pytest.approx(mass[plan.pairs[0][1]])
    assert plan.draw("one", len(plan.pairs)).chance == 1.0
    desk = Desk(tmp_path, plan)
    begun = desk.queue.duel()
    assert begun is not None and (begun.graded, begun.ended) == (0, False)
    for _ in plan.pairs:
        desk.judge(1)
    ended = desk.queue.duel()
    assert ended is not None and ended.ended
    value = sum(weight / 2 for weight in whole.weights)
    assert ended.estimate == pytest.approx(2 * value)
    with pytest.raises(InputError, match="same first ten"):
        duel_pool(RANKINGS, QUERIES[1:], ("a", "b"), 2, 7)
