"""The one-page summary for those who decide: shown in the page, printed, taken away."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from components.advice.costs import Traffic, ms_a_pair
from components.advice.monthly import Hosting, Month, month_of
from components.exports.answer import answer
from components.exports.evaluation_report import EvaluationReport
from components.exports.summary import summary_html
from components.ui.evaluate.calculator import mean_tokens
from components.ui.evaluate.report import view_key
from components.ui.shared import page, state
from components.ui.shared.sheet import sheet


def show(report: EvaluationReport) -> None:
    """Offer the summary: a switch that opens it here, and a file."""
    page.heading(
        "One page for stakeholders",
        "The answer, one picture, what it costs a month, a gain and a loss. The month is that of "
        "the view Money: give your traffic there.",
    )
    month, now = _month(report), datetime.now(UTC)
    with st.container(horizontal=True, vertical_alignment="center", key="one-page-controls"):
        opened = st.toggle("Show it here", key="_one_page")
        st.download_button(
            "One page (HTML)",
            lambda: summary_html(report, month, now),
            file_name=f"{report.saved.plan.corpus}-summary.html",
            mime="text/html",
            icon=":material/download:",
            key="take-summary",
            on_click="ignore",
            width="content",
        )
        page.soft("Opened here, it is printed or saved as PDF on one A4 page.", "one-page")
    if opened:
        html = summary_html(report, month, now)
        sheet(html, title="One-page summary", key="one-page-sheet")


def _month(report: EvaluationReport) -> Month | None:
    """Return what the answer's reranker costs at the calculator's traffic."""
    given = state.memo(view_key(report, "answer", report.base), lambda: answer(report))
    system, depth = given.system, int(state.get(state.PRICED_K))
    if not system:
        return None
    mean = mean_tokens(report, depth)
    traffic = Traffic(float(state.get(state.QUERIES_A_DAY)), depth, mean.query, mean.document)
    hosting = Hosting(float(state.get(state.MACHINE_USD)), state.get(state.BUSY) / 100)
    speeds = ms_a_pair(report.saved.plan, report.saved.evaluation)
    return month_of(system, traffic, speeds, hosting, report.settings)
