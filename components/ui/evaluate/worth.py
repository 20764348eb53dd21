"""What an evaluation shows of headroom, depth, latency and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st

from components import evaluation
from components.analysis.depth import depths
from components.charts import comparison
from components.charts import evaluation as drawn
from components.evaluation import summary as evidence
from components.exports import evaluation as dossier
from components.exports.evaluation_report import Dossier
from components.ui.compare.views import CHART
from components.ui.evaluate.run import view_key
from components.ui.shared import page, state
from components.ui.shared.work import on_demand
from components.wording import dollars, milliseconds

LATENCY_QUERIES = 5
"""Queries on which latency by depth is measured."""


# ---------------------------------------------------------------- headroom and depth


def headroom(view: Dossier) -> None:
    """Show what was reached, what was badly ranked, what was not retrieved; and by depth."""
    left, right = st.columns(2, gap="large")
    with left:
        _ceiling(view)
    with right:
        _depth(view)


def _ceiling(view: Dossier) -> None:
    plan = view.snapshot.plan
    found = state.memo(
        view_key(view, "ceiling"),
        lambda: evidence.ceiling(plan, view.snapshot.evaluation, view.measure),
    )
    page.heading(
        "Headroom",
        "How to read: the solid part was reached; the hatched part was badly ranked, another order "
        "of the same candidates would have it; the dotted part was not retrieved.",
    )
    values = {view.styles[s]: m.mean[view.measure] for s, m in view.ranked.items()}
    st.text(
        f"The {found.depth:,} candidates hold {found.recall:.1%} of the relevant documents: that "
        f"is the ceiling. Their best order has {view.measure} {found.best:.3f}; the best system "
        f"comes to {max(values.values()):.3f}."
    )
    figure = comparison.headroom(values, found.best, page.palette())
    st.plotly_chart(figure, key="ceiling", config=CHART, alt=f"{view.measure} reached and lost")


def _depth(view: Dossier) -> None:
    plan, listwise = view.snapshot.plan, _listwise(view)
    page.heading(
        "Depth",
        f"How to read: mean {view.measure} had the rerankers seen only the first candidates, from "
        "the same scores. More candidates take more time."
        + (f" Left out, as they score by company: {', '.join(listwise)}." if listwise else ""),
    )
    systems = [s for s in view.ranked if s != plan.first_stage and s not in listwise]
    if not systems:
        st.text("No reranker here scores each candidate on its own.")
        return
    curves = state.memo(
        view_key(view, "sweep", *systems),
        lambda: evidence.sweep(plan, view.snapshot.evaluation, systems, view.measure),
    )
    measured = _measured_depths(view)
    quality_of = {view.styles[s]: curves[s] for s in systems}
    timed = {view.styles[s]: sorted(measured.get(s, {}).items()) for s in systems}
    figure = comparison.depth(quality_of, timed, plan.depth, view.measure, page.palette())
    st.plotly_chart(figure, key="sweep", config=CHART, alt="Quality and latency by depth")


def _listwise(view: Dossier) -> list[str]:
    return [s for s in view.ranked if s in view.listwise]


def _measured_depths(view: Dossier) -> Mapping[str, Mapping[int, float]]:
    """Offer to measure latency by depth; return medians in milliseconds."""
    one, corpus, lab = view.snapshot, view.corpus, state.lab()
    hosted = dossier.hosted_systems(view.styles)
    local = tuple(s for s in one.plan.request.rerankers if s not in hosted)
    if corpus is None or not local or one.plan.candidates is not None:
        return {}
    steps = depths(one.plan.depth)

    def measure(report: Callable[[str, int, int], None], out: dict[str, object]) -> None:
        plan = dossier.with_rerankers(one.plan, local)
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


def latency(view: Dossier) -> None:
    """Show quality against latency and cost, and the percentiles of every stage."""
    plan, found = view.snapshot.plan, view.snapshot.evaluation
    quality_of = {s: m.mean[view.measure] for s, m in view.ranked.items()}
    usd = evidence.usd_a_query(plan, found, dossier.hosted_systems(view.styles))
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
            figure = drawn.trade_offs(by_time, view.styles, across, view.measure, page.palette())
            st.plotly_chart(figure, key="worth-time", config=CHART, alt="Quality by latency")
        else:
            st.text("No latency was measured of more than one system.")
    with right:
        if billed:
            across = "US dollars for 1,000 queries"
            figure = drawn.trade_offs(by_cost, view.styles, across, view.measure, page.palette())
            st.plotly_chart(figure, key="worth-cost", config=CHART, alt="Quality by cost")
        else:
            page.soft(
                "Nobody bills for these systems: they cost the machine they run on. The view "
                "Money compares that with what providers ask.",
                "unbilled",
            )
    _percentiles(view, usd)


def _percentiles(view: Dossier, usd: Mapping[str, float]) -> None:
    times = evidence.stage_times(view.snapshot.plan, view.snapshot.evaluation)
    page.heading(
        "Latency",
        "Percentiles over the queries, warm, one system at a time; loading and waiting are not in "
        f"them. {dossier.reused_words(times)}",
    )
    rows = [
        {
            "System": f"{view.styles[t.system].letter} {t.system}",
            "Stage": t.stage,
            "p50": milliseconds(t.p50),
            "p95": milliseconds(t.p95),
            "p99": milliseconds(t.p99),
            "Pairs": f"{t.pairs:,.0f}" if t.pairs else "",
            "Tokens": f"{t.tokens:,.0f}" if t.tokens else "not counted" if t.pairs else "",
            "Cost of 1,000 queries": _cost(t, usd),
            "n": f"{t.n:,}",
        }
        for t in times
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="percentiles")


def _cost(time: evidence.StageTime, usd: Mapping[str, float]) -> str:
    if time.stage != "rerank":
        return ""
    return dollars(1000 * usd[time.system]) if time.system in usd else "unknown"
