"""Headroom and depth of an evaluation: what other orders and fewer candidates would have had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import streamlit as st

from components import pipeline
from components.analysis.depth import depths
from components.charts import comparison as charts
from components.evaluation import summary
from components.exports.evaluation_report import EvaluationReport
from components.lab import StepReport
from components.measures import is_quality
from components.pipeline import PipelineRun
from components.ui.evaluate.report import view_key
from components.ui.shared import page, state
from components.ui.shared.work import on_demand
from components.wording import count

LISTWISE = " Left out, as their scores depend on the other candidates: "
LATENCY_QUERIES = 5
"""Queries on which latency by depth is measured."""


def headroom(report: EvaluationReport) -> None:
    """Show what was reached, what was badly ranked, what was not retrieved; and by depth."""
    left, right = st.columns(2, gap="large")
    with left:
        _ceiling(report)
    with right:
        _depth(report)


def _ceiling(report: EvaluationReport) -> None:
    plan = report.saved.plan
    if not is_quality(report.measure):
        page.heading("Headroom", "What another order of the same candidates would have.")
        st.text(f"{report.measure} describes a ranking without judging it: no order is the best.")
        return
    ceiling = state.memo(
        view_key(report, "ceiling"),
        lambda: summary.ceiling(plan, report.saved.evaluation, report.measure),
    )
    page.heading(
        "Headroom",
        "How to read: the solid part was reached; the hatched part was badly ranked, another order "
        "of the same candidates would have it; the dotted part was not retrieved.",
        *("Headroom", "R"),
    )
    values = {report.styles[s]: m.mean[report.measure] for s, m in report.ranked.items()}
    st.text(
        f"Among {count(ceiling.depth, 'candidate')} are {ceiling.recall:.1%} of the relevant "
        f"documents: that is the ceiling. Their best order has {report.measure} "
        f"{ceiling.best:.3f}; the "
        f"highest mean of a system is {max(values.values()):.3f}."
    )
    chart = charts.headroom(values, ceiling.best, page.palette())
    page.bars(chart, "ceiling", f"{report.measure} reached and lost", charts.HEADROOM_PARTS)


def _depth(report: EvaluationReport) -> None:
    plan = report.saved.plan
    listwise = [s for s in report.ranked if s in report.listwise]
    page.heading(
        "Depth",
        f"How to read: mean {report.measure} had the rerankers seen only the first candidates, "
        "from the same scores. More candidates take more time."
        + (f"{LISTWISE}{', '.join(listwise)}." if listwise else ""),
        *("Depth", "Listwise"),
    )
    systems = [s for s in report.ranked if s != plan.first_stage and s not in listwise]
    if not systems:
        st.text("No reranker here scores each candidate on its own.")
        return
    curves = state.memo(
        view_key(report, "sweep", *systems),
        lambda: summary.sweep(plan, report.saved.evaluation, systems, report.measure),
    )
    measured = _measured_depths(report)
    quality_of = {report.styles[s]: curves[s] for s in systems}
    timed = {report.styles[s]: sorted(measured.get(s, {}).items()) for s in systems}
    figure = page.figure(
        view_key(report, "depth", tuple(measured)),
        lambda: charts.depth(quality_of, timed, plan.depth, report.measure, page.palette()),
    )
    page.chart(figure, "sweep", "Quality and latency by depth", styles=quality_of)


def _measured_depths(report: EvaluationReport) -> Mapping[str, Mapping[int, float]]:
    """Offer to measure latency by depth; return medians in milliseconds."""
    saved, corpus, lab = report.saved, report.corpus, state.lab()
    plan, hosted = saved.plan, report.hosted
    local = tuple(s for s in plan.pipelines.rerankers if s not in hosted)
    if corpus is None or not local or plan.candidates is not None:
        return {}
    steps = depths(plan.depth)

    def measure(report: StepReport) -> Mapping[str, Mapping[int, list[float]]]:
        run = PipelineRun(lab, corpus, replace(plan.pipelines, rerankers=local))
        texts = [query.text for query in plan.queries[:LATENCY_QUERIES]]
        firsts = {text: pipeline.retrieve(run, corpus, text) for text in texts}
        return pipeline.time_depths(run, firsts, steps, report)

    times = on_demand(
        ("depths", saved.id),
        f"Measure latency by depth ({LATENCY_QUERIES} queries)",
        "depth-latency",
        measure,
    )
    if not times:
        page.soft("Latency by depth is measured on request, warm, one system at a time.", "depth-t")
        return {}
    return {
        s: {d: float(np.median(t)) for d, t in by_depth.items()} for s, by_depth in times.items()
    }
