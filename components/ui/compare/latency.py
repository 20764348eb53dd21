"""What a finished comparison shows of time: stages, deadlines, and repeated scoring passes."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from components import pipeline
from components.analysis.depth import would_have_shipped
from components.charts import comparison as charts
from components.ui.compare.results import Results
from components.ui.shared import page
from components.ui.shared.work import on_demand
from components.wording import count, milliseconds

ROUNDS = 10
"""Scoring passes of each local reranker when they are repeated."""


def latency(results: Results) -> None:
    """Show each stage's time, what a deadline would have done, and warm percentiles on request."""
    wide, of_all = charts.spreads_widely(results.columns), ""
    if results.depth:
        candidates = count(len(results.whole[0].ranking.hits), "candidate")
        of_all = (
            f" Times are those of scoring all {candidates}: "
            "the view “Depth and scores” measures what fewer take."
        )
    page.heading(
        "Where the time went",
        "How to read: one bar a system, its stages in turn; the number is the time of both stages. "
        + ("The axis is logarithmic: each line is ten times the one before it. " * wide)
        + "Waiting stands apart: it is not the model's fault. Crossed is network and provider "
        f"together.{of_all}",
    )
    note = charts.STAGE_PATTERNS + " The axis is logarithmic." * wide
    chart = charts.latency(results.columns, page.palette())
    page.bars(chart, "latency", "Milliseconds by stage", note)
    _deadline(results)
    if results.local:
        _repeat(results)


def _deadline(results: Results) -> None:
    """Let the visitor set a deadline and say which order would have shipped."""
    totals = [r.timing.total_ms for r in results.rankings]
    # A power of ten, twice or five times one: the slider stays as it is from query to query.
    enough = max(50, *totals) * 1.2
    tens = 10 ** math.floor(math.log10(enough))
    most = next(step * tens for step in (1, 2, 5, 10) if step * tens >= enough)
    at = st.slider("With a deadline of so many ms …", 1, most, min(300, most), key="_deadline_ms")
    shipped = would_have_shipped(results.rankings[0], results.rankings[1:], at)
    parts = []
    for column, one in zip(results.columns[1:], shipped, strict=True):
        own = one.shipped == one.system
        what = "its own order" if own else "the first stage's order" if one.shipped else "nothing"
        parts.append(f"{column.style.letter} {what} ({milliseconds(one.ms)})")
    if parts:
        page.soft(f"… would have shipped: {'; '.join(parts)}.", "shipped")


def _repeat(results: Results) -> None:
    """Offer to repeat the local scoring passes, and show their percentiles."""
    job, rankings = results.job, {i: results.rankings[i] for i in results.local}
    systems = [ranking.system for ranking in rankings.values()]
    times = on_demand(
        ("repeat", job.request, tuple(systems)),
        f"Run those on this machine {ROUNDS} times",
        "repeat",
        lambda report: pipeline.repeat(
            job.run, job.request.query.text, results.comparison.first_stage, systems, ROUNDS, report
        ),
    )
    if times is None:
        return
    rows = [
        {
            "System": results.names[i],
            "Cold start": milliseconds(ranking.timing.load_ms),
            "Warm p50": milliseconds(float(np.percentile(times[ranking.system], 50))),
            "Warm p95": milliseconds(float(np.percentile(times[ranking.system], 95))),
            "n": len(times[ranking.system]),
        }
        for i, ranking in rankings.items()
    ]
    st.dataframe(rows, hide_index=True, width="stretch")
