"""What a finished comparison shows below its columns, two views beside each other."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from components.ui.compare.agreement import agreement, scores
from components.ui.compare.depth import by_depth
from components.ui.compare.latency import latency
from components.ui.compare.quality import harm, headroom
from components.ui.compare.results import Results

View = Callable[[Results], None]
PAIRS: tuple[tuple[View, View], ...] = (
    (headroom, latency),
    (harm, agreement),
    (by_depth, scores),
)


def show(results: Results) -> None:
    """Draw all views."""
    for pair in PAIRS:
        for column, view in zip(st.columns(2, gap="large"), pair, strict=True):
            with column:
                view(results)
