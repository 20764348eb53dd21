"""What a finished comparison shows of fewer candidates: quality and latency by depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from components import pipeline
from components.analysis.depth import depths, describe_depth, latency_by_depth, sweep_ranking
from components.charts import comparison as charts
from components.pipeline.job import ComparisonJob
from components.pipeline.limits import FINAL_K
from components.ui.compare.results import Results
from components.ui.shared import page, state
from components.ui.shared.work import on_demand


def selected_depth(job: ComparisonJob) -> int | None:
    """Return the depth at which the columns are looked at; None for all candidates."""
    candidates = len(job.first_stage.hits) if job.first_stage else 0
    depth: int | None = state.get(state.DEPTH)
    return depth if depth is not None and depth < candidates else None


def slider(job: ComparisonJob) -> None:
    """Let the visitor look at everything with fewer candidates of the same scoring pass."""
    full = len(job.first_stage.hits) if job.first_stage else 0
    if not job.finished or full <= FINAL_K or state.get(state.VIEW) == "presenter":
        return
    depth = max(state.get(state.DEPTH) or full, FINAL_K)
    state.put(state.DEPTH, depth if depth < full else None)  # all of them are all of the next, too
    widget = state.bound(state.DEPTH)
    st.session_state[widget["key"]] = min(depth, full)
    with st.container(key="reranked", width=300):
        st.slider(
            f"Candidates reranked, of {full}",
            *(FINAL_K, full),
            help="Columns, verdict, views and files follow. Nothing is computed anew; models whose "
            "scores depend on the other candidates, and recordings, keep all of theirs.",
            **widget,
        )


def by_depth(results: Results) -> None:
    """Show quality and latency at every depth, from one scoring pass."""
    columns = results.whole
    full = len(columns[0].ranking.hits)
    page.heading(
        "Depth",
        "How to read: what each reranker would have made of fewer candidates, from this one "
        "scoring pass; only those that score each candidate on its own.",
    )
    if full <= FINAL_K or not results.pointwise:
        page.soft("There are too few candidates, or no such reranker.", "no-depth")
        return
    at = results.depth or full
    measured = _measured_latency(results, full)
    columns = [columns[i] for i in results.pointwise]
    curves = {c.style: sweep_ranking(c.ranking, results.grades, results.measure) for c in columns}
    times = {
        c.style: latency_by_depth(c.ranking, measured.get(c.ranking.system, {})) for c in columns
    }
    figure = page.figure(
        (*results.key, "depth", tuple(measured)),
        lambda: charts.depth(curves, times, at, results.measure, page.palette()),
    )
    page.chart(figure, "depth", "Quality and latency by depth", styles=curves)
    style = columns[0].style
    st.text(describe_depth(curves[style], style.name, results.measure))


def _measured_latency(results: Results, full: int) -> Mapping[str, Mapping[int, Sequence[float]]]:
    """Offer to measure latency at every depth; return what was measured."""
    job, comparison = results.job, results.job.comparison
    places = [i for i in results.local if i in results.pointwise]
    if not places or comparison is None or not job.finished:
        return {}
    systems = tuple(results.rankings[i].system for i in places)
    run = replace(job.run, pipelines=replace(job.request.pipelines, rerankers=systems))
    firsts = {job.request.query.text: comparison.first_stage}
    times = on_demand(
        ("depths", job.request, systems),
        "Measure the latency at each depth",
        "depths",
        lambda report: pipeline.time_depths(run, firsts, depths(full), report),
    )
    return times or {}
