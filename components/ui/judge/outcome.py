"""What came out of a queue at its end: here, and not before, systems are named."""

from __future__ import annotations

import streamlit as st

from components.judging.desk import Desk
from components.judging.duel import Standing
from components.judging.queues import PoolKind
from components.judging.records import in_force
from components.ui.shared import page
from components.wording import agree, count

_NO_QRELS = "These grades are no qrels: they leave out what both rank alike, or what was not drawn."


def show(desk: Desk) -> None:
    """Say what a queue has come to, and how far the judge agrees with himself."""
    queue = desk.queue
    judged = queue.judged.values()
    unclear = sum(judgment.grade is None for judgment in judged)
    page.heading("The queue has ended", f"{count(len(judged), 'pair')} judged by {desk.judge}.")
    duel = queue.duel()
    if duel is not None:
        _verdict(desk, duel)
    if desk.plan.kind is PoolKind.TOP:
        st.text(
            f"{', '.join(desk.plan.systems)}: judged wholly down to rank {desk.plan.depth}. "
            "rerank-lab judge export writes these judgments as qrels."
        )
    else:
        page.soft(_NO_QRELS, "no-qrels")
    if unclear:
        page.soft(f"Of {count(unclear, 'pair')} the judge could not say.", "unclear")
    _again(desk)


def _verdict(desk: Desk, duel: Standing) -> None:
    assert desk.plan.duel is not None
    with st.container(key="verdict"):
        st.text(duel.sentence(desk.plan.duel.before, desk.plan.duel.after))
    d = duel.difference
    if d is not None and d.low == d.low:
        page.soft(
            f"Over {count(d.n, 'query')}: 95% interval {d.low:+.3f} to {d.high:+.3f}.",
            "over-queries",
        )


def _again(desk: Desk) -> None:
    """Say how often the judge gave the same grade when asked again."""
    first = desk.queue.judged
    mine = [row for row in desk.queue.rows if row.entry.judge == desk.judge]
    again = [j for j in in_force(mine, repeats=True) if j.pair in first]
    if again:
        same = sum(first[j.pair].grade == j.grade for j in again)
        page.soft(
            f"Asked again about {count(len(again), 'pair')}, the answer was the same {same:,} "
            f"{agree(same, 'time', 'times')}.",
            "again",
        )
