"""Queues that were begun, to go on with them; and how far judges agree."""

from __future__ import annotations

import math

import streamlit as st
from pydantic import ValidationError

from components.domain import LabError
from components.judging import agreement as agreeing
from components.judging.queues import Plan, PoolKind, Queue
from components.judging.records import in_force
from components.ui.judge import desk, sides
from components.ui.shared import page
from components.wording import MINUS, count

MOST = 10
"""Queues that are listed, the newest ones."""
_NAMES = {"top": "best of each", "random": "random", "holes": "holes", "duel": "which of two"}


def queues() -> None:
    """List the corpus's queues; nothing of what came out of them."""
    try:
        kept = desk.store().queues(desk.place())[:MOST]
        rows = desk.store().rows(desk.place()) if kept else []
    except LabError as exc:
        page.complain(exc, key="complaint-queues")
        return
    if not kept:
        return
    page.heading("Queues", "Each belongs to its judge. Leave one at any time, and go on later.")
    for one in kept:
        if one.plan.get("kind") == PoolKind.SIDES:
            sides.entry(one)
            continue
        try:
            plan = Plan.model_validate(one.plan)
        except ValidationError:
            page.soft(f"The queue of {one.at:%d %b %Y %H:%M} is of another version.", one.id)
            continue
        judged, total = len(Queue(one.id, plan, one.judge, rows).judged), len(set(plan.pairs))
        with st.container(horizontal=True, key=f"queue-{one.id}", vertical_alignment="center"):
            st.button(
                "Go on" if judged < total else "See",
                key=f"open-{one.id}",
                on_click=desk.open_queue,
                args=(one.id, plan, one.judge),
            )
            line = f"{one.at:%d %b %Y %H:%M} UTC · {one.judge} · {_NAMES[plan.kind]}"
            page.soft(f"{line} · {judged:,} of {count(total, 'pair')}", f"queue-{one.id}")


def agreement() -> None:
    """Say how far the judges of the corpus agree."""
    try:
        rows = desk.store().rows(desk.place())
        agreed = agreeing.agreement(in_force(rows), in_force(rows, repeats=True)) if rows else None
    except LabError as exc:
        page.complain(exc, key="complaint-agreement")
        return
    if agreed is None or not (agreed.two or agreed.own):
        return
    page.heading("Agreement", agreed.sentence)
    st.dataframe(
        [
            {
                "Judge": two.first,
                "with": "asked again" if two.first == two.second else two.second,
                "Pairs": two.n,
                "Same": two.same,
                "Cohen's kappa": _written(two.kappa),
                "Weighted": _written(two.weighted),
            }
            for two in (*agreed.two, *agreed.own)
            if two.n
        ],
        hide_index=True,
        width="stretch",
        key="agreement-of-judges",
    )
    if agreed.disputed:
        page.soft(f"{count(len(agreed.disputed), 'pair')} disputed.", "disputed")


def _written(kappa: float) -> str:
    """Return a kappa in words, empty where it is not defined."""
    return "" if math.isnan(kappa) else f"{kappa:.2f}".replace("-", MINUS)
