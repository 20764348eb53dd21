"""What a finished comparison shows of its systems side by side: agreement, and score by rank."""

from __future__ import annotations

import streamlit as st

from components.analysis.agreement import agreement as agreement_of
from components.analysis.agreement import describe_agreement, measures
from components.charts import comparison as charts
from components.domain import RANKS_ONLY
from components.ui.compare.results import Results
from components.ui.shared import page
from components.wording import agree, listed


def agreement(results: Results) -> None:
    """Show how alike the systems rank."""
    page.heading(
        "Agreement",
        "How to read: 1 is the same order. Kendall's tau counts pairs over all candidates, RBO "
        "weighs the top, overlap counts shared documents at the top.",
        *("Kendall's tau", "RBO"),
    )
    names = list(measures(results.final_k))
    selected = st.segmented_control(
        "Measure",
        names,
        default=names[0],
        key="_measure_of_agreement",
        label_visibility="collapsed",
    )
    between = agreement_of(results.rankings, selected or names[0], results.final_k)
    st.text(describe_agreement(between, results.names))
    styles = [column.style for column in results.columns]
    figure = page.figure(
        (*results.key, "agreement", between.measure),
        lambda: charts.agreement(between, styles, page.palette()),
    )
    page.chart(figure, "agreement", f"{between.measure} between systems", styles=styles)


def scores(results: Results) -> None:
    """Show every score by rank, each system on its own scale."""
    page.heading(
        "Score by rank",
        "How to read: each system has its own scale, so compare shapes, never heights.",
    )
    columns = [c for c in results.columns if c.style.scale != RANKS_ONLY]
    without = [c.style.name for c in results.columns if c.style.scale == RANKS_ONLY]
    if without:
        gives = agree(len(without), "gives", "give")
        page.soft(f"{listed(without)} {gives} ranks and no scores.", "without-scores")
    figure = page.figure(
        (*results.key, "scores"),
        lambda: charts.scores(columns, results.final_k, page.palette()),
    )
    page.chart(figure, "scores", "Score by rank for each system")
