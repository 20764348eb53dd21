"""The one-page summary for those who decide: shown in the page, printed, taken away."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from components.advice.costs import MeanTokens, Traffic, tokens_of_run
from components.advice.monthly import Hosting, Month, month_of
from components.evaluation.summary import stage_times
from components.exports.answer import answer
from components.exports.evaluation_report import EvaluationReport
from components.exports.summary import summary_html
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
    """Return what the answer's reranker costs at the calculator's traffic, at this depth.

    Times and texts are those of this evaluation; what was scored in an earlier run is not measured.
    """
    saved, corpus = report.saved, report.corpus
    plan, evaluation, depth = saved.plan, saved.evaluation, saved.plan.depth
    given = state.memo(view_key(report, "answer", report.base), lambda: answer(report))
    if not given.system:
        return None
    mean = MeanTokens(0, 0, "")
    if corpus is not None:
        key = ("tokens of", saved.id, len(evaluation.complete), depth)
        mean = state.memo(key, lambda: tokens_of_run(plan, evaluation, corpus, depth))
    speeds = {
        t.system: t.p50 / t.pairs
        for t in stage_times(plan, evaluation)
        if t.stage == "rerank" and t.pairs and not t.reused
    }
    traffic = Traffic(float(state.get(state.QUERIES_A_DAY)), depth, mean.query, mean.document)
    hosting = Hosting(float(state.get(state.MACHINE_USD)), state.get(state.BUSY) / 100)
    return month_of(given.system, traffic, speeds, hosting, report.settings)
