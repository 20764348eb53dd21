"""What an evaluation shows of headroom, depth, latency and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import streamlit as st

from components import evaluation
from components.analysis.depth import depths
from components.charts import comparison
from components.charts import evaluation as drawn
from components.evaluation import summary as evidence
from components.exports.evaluation_report import EvaluationReport, describe_cost, describe_reused
from components.ui.compare.views import CHART
from components.ui.evaluate.run import view_key
from components.ui.shared import page, state
from components.ui.shared.work import on_demand
from components.wording import milliseconds

LATENCY_QUERIES = 5
"""Queries on which latency by depth is measured."""


# ---------------------------------------------------------------- headroom and depth


def headroom(report: EvaluationReport) -> None:
    """Show what was reached, what was badly ranked, what was not retrieved; and by depth."""
    left, right = st.columns(2, gap="large")
    with left:
        _ceiling(report)
    with right:
        _depth(report)


def _ceiling(report: EvaluationReport) -> None:
    plan = report.saved.plan
    found = state.memo(
        view_key(report, "ceiling"),
        lambda: evidence.ceiling(plan, report.saved.evaluation, report.measure),
    )
    page.heading(
        "Headroom",
        "How to read: the solid part was reached; the hatched part was badly ranked, another order "
        "of the same candidates would have it; the dotted part was not retrieved.",
    )
    values = {report.styles[s]: m.mean[report.measure] for s, m in report.ranked.items()}
    st.text(
        f"The {found.depth:,} candidates hold {found.recall:.1%} of the relevant documents: that "
        f"is the ceiling. Their best order has {report.measure} {found.best:.3f}; the best system "
        f"comes to {max(values.values()):.3f}."
    )
    figure = comparison.headroom(values, found.best, page.palette())
    st.plotly_chart(figure, key="ceiling", config=CHART, alt=f"{report.measure} reached and lost")


def _depth(report: EvaluationReport) -> None:
    plan = report.saved.plan
    listwise = [s for s in report.ranked if s in report.listwise]
    page.heading(
        "Depth",
        f"How to read: mean {report.measure} had the rerankers seen only the first candidates, "
        "from the same scores. More candidates take more time."
        + (f" Left out, as they score by company: {', '.join(listwise)}." if listwise else ""),
    )
    systems = [s for s in report.ranked if s != plan.first_stage and s not in listwise]
    if not systems:
        st.text("No reranker here scores each candidate on its own.")
        return
    curves = state.memo(
        view_key(report, "sweep", *systems),
        lambda: evidence.sweep(plan, report.saved.evaluation, systems, report.measure),
    )
    measured = _measured_depths(report)
    quality_of = {report.styles[s]: curves[s] for s in systems}
    timed = {report.styles[s]: sorted(measured.get(s, {}).items()) for s in systems}
    figure = comparison.depth(quality_of, timed, plan.depth, report.measure, page.palette())
    st.plotly_chart(figure, key="sweep", config=CHART, alt="Quality and latency by depth")


def _measured_depths(report: EvaluationReport) -> Mapping[str, Mapping[int, float]]:
    """Offer to measure latency by depth; return medians in milliseconds."""
    one, corpus, lab = report.saved, report.corpus, state.lab()
    hosted = report.hosted
    local = tuple(s for s in one.plan.pipelines.rerankers if s not in hosted)
    if corpus is None or not local or one.plan.candidates is not None:
        return {}
    steps = depths(one.plan.depth)

    def measure(report: Callable[[str, int, int], None], out: dict[str, object]) -> None:
        plan = replace(one.plan, pipelines=replace(one.plan.pipelines, rerankers=local))
        out |= evaluation.time_depths(lab, corpus, plan, steps, LATENCY_QUERIES, report)

    found = on_demand(
        ("depths", one.id),
        f"Measure latency by depth ({LATENCY_QUERIES} queries)",
        "depth-latency",
        measure,
    )
    if not found:
        page.soft("Latency by depth is measured on request, warm, one system at a time.", "depth-t")
        return {}
    return {s: {d: float(np.median(t)) for d, t in times.items()} for s, times in found.items()}


# ---------------------------------------------------------------- latency and cost


def latency(report: EvaluationReport) -> None:
    """Show quality against latency and cost, and the percentiles of every stage."""
    plan, found = report.saved.plan, report.saved.evaluation
    quality_of = {s: m.mean[report.measure] for s, m in report.ranked.items()}
    usd = evidence.usd_a_query(plan, found, report.hosted)
    by_time = evidence.points(quality_of, evidence.median_ms(plan, found))
    by_cost = evidence.points(quality_of, {s: 1000 * value for s, value in usd.items()})
    page.heading(
        "Is it worth its price?",
        "How to read: left is cheaper, up is better; grey systems are equalled or beaten in both "
        "by another one.",
    )
    billed = any(p.price for p in by_cost)
    left, right = st.columns(2, gap="large") if billed else (st.container(), st.container())
    with left:
        if len(by_time) > 1:
            across = "median ms of both stages"
            figure = drawn.trade_offs(
                by_time, report.styles, across, report.measure, page.palette()
            )
            st.plotly_chart(figure, key="worth-time", config=CHART, alt="Quality by latency")
        else:
            st.text("No latency was measured of more than one system.")
    with right:
        if billed:
            across = "US dollars for 1,000 queries"
            figure = drawn.trade_offs(
                by_cost, report.styles, across, report.measure, page.palette()
            )
            st.plotly_chart(figure, key="worth-cost", config=CHART, alt="Quality by cost")
        else:
            page.soft(
                "Nobody bills for these systems: they cost the machine they run on. The view "
                "Money compares that with what providers ask.",
                "unbilled",
            )
    _percentiles(report, usd)


def _percentiles(report: EvaluationReport, usd: Mapping[str, float]) -> None:
    times = evidence.stage_times(report.saved.plan, report.saved.evaluation)
    page.heading(
        "Latency",
        "Percentiles over the queries, warm, one system at a time; loading and waiting are not in "
        f"them. {describe_reused(times)}",
    )
    rows = [
        {
            "System": report.styles[t.system].name,
            "Stage": t.stage,
            "p50": milliseconds(t.p50),
            "p95": milliseconds(t.p95),
            "p99": milliseconds(t.p99),
            "Pairs": f"{t.pairs:,.0f}" if t.pairs else "",
            "Tokens": f"{t.tokens:,.0f}" if t.tokens else "not counted" if t.pairs else "",
            "Cost of 1,000 queries": describe_cost(t, usd),
            "n": f"{t.n:,}",
        }
        for t in times
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="percentiles")
