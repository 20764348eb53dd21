"""What an evaluation shows: the verdict, and one view of the evidence at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.evaluation.cautions import remarks, warnings
from components.exports.evaluation_report import EvaluationReport
from components.glossary import explain
from components.measures import cutoff_of, families
from components.pipeline.limits import MAX_INITIAL_K
from components.ui.evaluate import (
    by_query,
    calculator,
    headroom,
    past_searches,
    quality,
    saved,
    tradeoffs,
)
from components.ui.evaluate.report import differences_of, standings_of, view_key
from components.ui.shared import page, state
from components.wording import count


def show(report: EvaluationReport | None) -> None:
    """Show the verdict and the chosen evidence; without an evaluation, what else there is."""
    view = VIEWS[_choose_view()]
    if not view.needs_report:
        view.draw(report)
    elif report is None:
        _nothing_yet()
    else:
        _origin(report)
        _controls(report)
        _verdict(report, whole=view.draw is quality.quality)
        if report.ranked:
            view.draw(report)
        _failures(report)


_PROMISES = (
    (
        "Is it better, and are we sure?",
        "Every judged query through every system. One sentence each: by how much, with an "
        "interval, and whether the difference is clear.",
    ),
    (
        "For which queries?",
        "Each query's gain or loss, one click from its ranking; the kinds of query that profit; "
        "what no order of these candidates could have reached.",
    ),
    (
        "At what price?",
        "Milliseconds by stage, quality against latency and cost, and a month's bill on your own "
        "traffic.",
    ),
)


def _nothing_yet() -> None:
    """Say what an evaluation answers, and offer the last saved one."""
    job = state.get(state.EVALUATING)
    st.text(
        "Results appear here when the evaluation ends."
        if job is not None and not job.finished
        else "Nothing is evaluated yet. Choose systems and queries, then press Evaluate."
    )
    for column, (title, line) in zip(st.columns(3, gap="large"), _PROMISES, strict=True):
        with column:
            page.heading(title, line)
    saved.offer_last()


def _origin(report: EvaluationReport) -> None:
    """Say of an evaluation that was not made here where it comes from, and offer one's own."""
    if report.saved.origin:
        page.soft(report.saved.origin, "evaluation-origin")
        saved.offer_last()


def _choose_view() -> str:
    key = st.segmented_control(
        "Evidence",
        list(VIEWS),
        format_func=lambda key: VIEWS[key].label,
        label_visibility="collapsed",
        required=True,
        **state.bound(state.EVIDENCE),
    )
    return str(key)


def _controls(report: EvaluationReport) -> None:
    """Let the visitor choose the measure, its cut-off, and the baseline."""
    systems = report.saved.plan.systems
    if state.get(state.BASELINE) not in systems:
        state.put(state.BASELINE, systems[0])
    with st.container(horizontal=True, vertical_alignment="bottom", key="measure-controls"):
        described = [f"- **{m.name}**: {m.description}" for m in families().values()]
        st.selectbox(
            "Measure",
            list(families()),
            width=130,
            help="\n".join(described),
            **state.bound(state.MEASURE),
        )
        st.number_input(
            "at k",
            *(1, MAX_INITIAL_K),
            width=110,
            help=explain("Cut-off"),
            disabled=families()[state.get(state.MEASURE)].cutoff is None,
            **state.bound(state.CUT),
        )
        st.selectbox(
            "Compared with",
            systems,
            width=200,
            help=explain("Baseline"),
            **state.bound(state.BASELINE),
        )
        rules = f" · {report.rules}" if report.rules else ""
        page.soft(f"{report.saved.title}{rules}", "shown-evaluation")


def _verdict(report: EvaluationReport, *, whole: bool) -> None:
    with st.container(key="verdict"):
        for line in report.verdicts(differences_of(report), standings_of(report)):
            st.text(line)
    _turning(report)
    plan, evaluation = report.saved.plan, report.saved.evaluation
    key = view_key(report, "counting")
    cautions = (*state.memo(key, report.counting), *warnings(plan, evaluation))
    if whole:
        k = cutoff_of(report.measure) or 10
        cautions += (*remarks(plan, evaluation, k), *report.beyond_settled(k))
    for i, line in enumerate(cautions):
        page.soft(line, f"caution-{i}")


def _turning(report: EvaluationReport) -> None:
    """List the unjudged pairs that could reverse a verdict."""
    queries = {query.id: query.text for query in report.saved.plan.queries}
    turning = [i for standing in standings_of(report) for _, i in standing.turning]
    documents = report.corpus.some(turning) if report.corpus else {}
    rows = [
        {
            "Verdict on": standing.system,
            "Query": queries.get(query, query),
            "Unjudged document": documents[i].title or i if i in documents else i,
            "Document id": i,
        }
        for standing in standings_of(report)
        for query, i in standing.turning
    ]
    if rows:
        with st.expander(f"The {count(len(rows), 'unjudged pair')} that could reverse a verdict"):
            page.soft(
                "Were these relevant and the other unjudged documents not, the difference would "
                "have the other sign. Judge offers them as “holes that could turn an evaluation "
                "over”.",
                "turning-why",
            )
            st.page_link("pages/judge.py", label="Grade them", icon=":material/edit_note:")
            st.dataframe(rows, hide_index=True, width="stretch", key="turning")


def _failures(report: EvaluationReport) -> None:
    rows = [
        {"System": system, "Query": query, "Reason": failure.reason, "What to do": failure.remedy}
        for system, failures in report.saved.evaluation.failures.items()
        for query, failure in failures
    ]
    if rows:
        page.heading("Failures", f"{len(rows):,} in all; none counts as a zero.")
        st.dataframe(rows, hide_index=True, width="stretch", key="evaluation-failures")


@dataclass(frozen=True, slots=True)
class View:
    """One of the views: its label, what draws it, and whether it needs an evaluation."""

    label: str
    draw: Callable[[Any], None]
    needs_report: bool = True


VIEWS: Mapping[str, View] = {
    "quality": View("Quality", quality.quality),
    "queries": View("By query", by_query.by_query),
    "tags": View("By kind", quality.by_tag),
    "headroom": View("Headroom and depth", headroom.headroom),
    "latency": View("Latency and worth", tradeoffs.latency),
    "money": View("Money", calculator.show, needs_report=False),
    "kept": View("Kept and files", saved.show, needs_report=False),
    "past": View("Past searches", past_searches.show, needs_report=False),
}
