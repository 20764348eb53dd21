"""The change of every query of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.analysis.quality import Change
from components.charts import evaluation as charts
from components.evaluation import summary
from components.evaluation.saved import SavedEvaluation
from components.exports.evaluation_report import EvaluationReport
from components.pipeline.limits import MAX_INITIAL_K
from components.ui.evaluate.report import view_key
from components.ui.shared import page, state, uploads
from components.wording import count, signed


def by_query(report: EvaluationReport) -> None:
    """Show the change of every query, each of which opens in Compare."""
    others = [s for s in report.ranked if s != report.base]
    if not others or report.base not in report.ranked:
        st.text("There is no second system to compare with.")
        return
    system = _choose_system(others)
    changes = summary.changes(report.saved.plan, report.ranked, report.base, system, report.measure)
    up, down = sum(c.change > 0 for c in changes), sum(c.change < 0 for c in changes)
    page.heading(
        f"{system} against {report.base}, query by query",
        f"How to read: one bar a query; up is a gain in {report.measure}. {count(up, 'gain')}, "
        f"{count(down, 'loss', 'losses')}, {len(changes) - up - down:,} the same. Choose a bar or "
        "a row to open its query in Compare.",
    )
    places = [*_chart(report, system, changes), *_table(report, system, changes)]
    if places:
        _open(report.saved, changes[places[0]].query.text)


def _choose_system(systems: Sequence[str]) -> str:
    if len(systems) == 1:
        return systems[0]
    system = st.segmented_control(
        "System",
        systems,
        default=systems[0],
        key="_changed_system",
        label_visibility="collapsed",
        required=True,
    )
    return system or systems[0]


def _chart(report: EvaluationReport, system: str, changes: Sequence[Change]) -> list[int]:
    """Draw one bar a query; return the places of those that the visitor selected."""
    figure = page.figure(
        view_key(report, "changes", system, report.base),
        lambda: charts.changes(changes, report.measure, page.palette()),
    )
    event = page.chart(
        figure,
        f"changes-{system}",
        f"Change in {report.measure} by query: {system} against {report.base}",
        on_select="rerun",
        selection_mode=("points",),
    )
    return [point["point_index"] for point in event["selection"]["points"]]


def _table(report: EvaluationReport, system: str, changes: Sequence[Change]) -> list[int]:
    """Show one row a query; return the places of those that the visitor selected."""
    rows = [
        {
            "Query": c.query.text,
            "Tags": ", ".join(c.query.tags),
            report.base: f"{c.before:.3f}",
            system: f"{c.after:.3f}",
            "Change": signed(c.change),
        }
        for c in changes
    ]
    event = st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height=min(380, 36 * len(rows) + 40),
        on_select="rerun",
        selection_mode="single-row",
        key=f"changed-{system}",
    )
    return list(event["selection"]["rows"])


def _open(saved: SavedEvaluation, query: str) -> None:
    """Show a query in Compare with the evaluation's corpus and systems."""
    state.choose_corpus(uploads.corpus_with(saved.plan.fingerprint) or state.corpus().name)
    state.choose_split(state.corpus().name, saved.plan.split)
    state.put(state.QUERY, query)
    pipelines = saved.plan.pipelines
    state.put(state.FILTER, pipelines.filter)
    state.put(state.FIRST_STAGE, pipelines.first_stage)
    state.put(state.RERANKERS, tuple(r for r in pipelines.rerankers if "@" not in r))
    state.put(state.INITIAL_K, min(pipelines.initial_k, MAX_INITIAL_K))  # commands take more
    st.switch_page("app.py")
