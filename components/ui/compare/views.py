"""What a finished comparison shows below its columns: one pair of views at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from components.ui.compare.agreement import agreement, scores
from components.ui.compare.depth import by_depth
from components.ui.compare.latency import latency
from components.ui.compare.order import is_offered, order_and_chance
from components.ui.compare.quality import gallery, harm, headroom
from components.ui.compare.results import Results
from components.ui.shared import page, state

Draw = Callable[[Results], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two views that stand beside each other, and the label under which they are opened.

    Where the left one `needs` judgments and there are none, a line says what it would have shown,
    and the right one takes the room. One that stands alone is drawn twice as wide.
    """

    label: str
    left: Draw
    right: Draw | None = None
    needs: str = ""


ORDER = "order"
"""The view of systems whose order may hang on order or chance; it is there where one is."""
PAIRS: Mapping[str, Pair] = {
    "gain": Pair("Headroom and time", headroom, latency, "Headroom, what another order could win,"),
    "harm": Pair("Harm and agreement", harm, agreement, "Harm, which relevant documents fell,"),
    "depth": Pair("Depth and scores", by_depth, scores),
    ORDER: Pair("Order and chance", order_and_chance),
}


def show(results: Results) -> None:
    """Let the visitor choose a pair of views, and draw those: the others cost nothing."""
    offered = [key for key in PAIRS if key != ORDER or is_offered(results.job)]
    if state.get(state.OPEN_VIEW) not in offered:
        state.put(state.OPEN_VIEW, offered[0])
    key = st.segmented_control(
        "What it means",
        offered,
        format_func=lambda key: PAIRS[key].label,
        label_visibility="collapsed",
        required=True,
        **state.bound(state.OPEN_VIEW),
    )
    pair = PAIRS[str(key)]
    if pair.right is None:
        pair.left(results)
        return
    if pair.needs and not any(grade > 0 for grade in results.grades.values()):
        page.soft(f"{pair.needs} needs a relevant document, and none is known here.", "needs")
        if pair.left is harm:
            gallery(results)
        pair.right(results)
        return
    for column, draw in zip(st.columns(2, gap="large"), (pair.left, pair.right), strict=True):
        with column:
            draw(results)
