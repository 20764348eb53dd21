"""What differs between two columns, and between a reranker with and without the instruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from components.analysis.comparison import describe_moves, moves
from components.charts.palette import StyledRanking
from components.lab import catalog
from components.ui.compare.board.component import BoardData
from components.ui.shared import page, state
from components.wording import count, movement


def focused(data: BoardData) -> BoardData:
    """Return the columns of the selected view: all, or two with only what differs between them."""
    if state.get(state.VIEW) != "differences" or len(data.columns) < 2:
        return data
    names = [f"{c.letter} {c.label}" for c in data.columns]
    with st.container(horizontal=True, key="focus", vertical_alignment="center"):
        left = st.selectbox("Compare", names, index=0, key="_focus_left", width=220)
        right = st.selectbox("with", names, index=1, key="_focus_right", width=220)
    pair = [data.columns[names.index(name)] for name in (left, right)]
    if left == right:
        page.soft("Choose two different systems.", "focus")
        return data
    ranks = [{card.id: card.rank for card in column.cards} for column in pair]
    same = {i for i, rank in ranks[0].items() if ranks[1].get(i) == rank}
    page.soft(f"Left out: {count(len(same), 'document')} at the same rank in both.", "focus")
    columns = tuple(
        replace(c, cards=tuple(card for card in c.cards if card.id not in same)) for c in pair
    )
    return replace(data, columns=columns, paths=())


def instruction_effects(columns: Sequence[StyledRanking], final_k: int) -> None:
    """Show, for each reranker that ran with and without the instruction, what it changed."""
    for without in columns:
        system = without.ranking.system
        key = system.removesuffix(catalog.WITHOUT_INSTRUCTION)
        told = next((c for c in columns if c.ranking.system == key != system), None)
        if told is None:
            continue
        moved = moves(without.ranking, told.ranking, final_k)
        page.heading(
            f"What the instruction changed in {key}",
            f"{describe_moves(moved, final_k)} How to read: ranks in column "
            f"{without.style.letter} without and in column {told.style.letter} with the "
            "instruction.",
        )
        rows = [
            {
                "With": move.after,
                "Without": move.before,
                "Moved": movement((move.before or 0) - (move.after or 0)),
                "Document": move.document.title or move.document.text[:120],
            }
            for move in moved
        ]
        narrow = {name: st.column_config.Column(width=80) for name in ("With", "Without", "Moved")}
        st.dataframe(rows, hide_index=True, width="stretch", column_config=narrow)
