"""What a finished comparison shows of quality: headroom, harm, and queries made worse."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import evaluation
from components.analysis.headroom import describe_headroom
from components.analysis.headroom import headroom as headroom_of
from components.analysis.quality import Change, harms, worst_first
from components.charts import comparison as charts
from components.evaluation.summary import changes
from components.pipeline import Pipelines
from components.ui.compare.results import Results
from components.ui.shared import page, state
from components.ui.shared.work import on_demand
from components.wording import count


def headroom(results: Results) -> None:
    """Show what was reached, what was badly ranked, what was never retrieved."""
    page.heading(
        "Headroom",
        "How to read: the solid part was reached; the hatched part was badly ranked, another order "
        "of the same candidates would have it; the dotted part was not retrieved.",
    )
    room = headroom_of(results.rankings, results.grades, results.measure)
    if room is None:
        return
    st.text(describe_headroom(room, results.names))
    reached = {c.style: v for c, v in zip(results.columns, room.values, strict=True)}
    chart = charts.headroom(reached, room.best, page.palette())
    page.bars(chart, "headroom", f"{results.measure} reached and lost", charts.HEADROOM_PARTS)


def harm(results: Results) -> None:
    """Show the relevant documents that rerankers moved down, and queries that they made worse."""
    page.heading(
        "Harm",
        f"Relevant documents of the first stage's first {results.final_k} that a reranker moved "
        "down, deepest first.",
    )
    rows = [
        {
            "System": name,
            "From": harm.before,
            "To": harm.after,
            "": "fell out" if harm.dropped else "",
            "Grade": harm.grade,
            "Document": harm.document.title or harm.document.text[:120],
        }
        for name, ranking in zip(results.names[1:], results.rankings[1:], strict=True)
        for harm in harms(ranking, results.grades, results.final_k)
    ]
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch")
    else:
        page.soft("None was moved down.", "no-harm")
    gallery(results)


def gallery(results: Results) -> None:
    """Offer to find the corpus's queries on which the first stage beats a reranker."""
    job, pipelines = results.job, results.job.request.pipelines
    if not (job.corpus.judgments and results.local) or job.request.query.recorded_first is not None:
        return
    system = results.rankings[results.local[0]].system
    asked = Pipelines(
        pipelines.first_stage, (system,), pipelines.initial_k, reuse=True, filter=pipelines.filter
    )
    key = ("gallery", job.corpus.identity, asked)
    result = on_demand(
        key,
        f"Where does the first stage beat {system}?",
        "gallery",
        lambda report: evaluation.evaluate_corpus(job.lab, job.corpus, asked, report),
    )
    if result is None:
        return
    plan, evaluated = result
    metrics = state.memo(
        (*key, results.measure, len(evaluated.complete)),
        lambda: evaluated.metrics(plan.judgments, (results.measure,)),
    )
    _worse_queries(
        changes(plan, metrics, plan.first_stage, system, results.measure), system, results.measure
    )


def _worse_queries(changed: Sequence[Change], system: str, measure: str) -> None:
    """List the queries that a reranker made worse; the selected one is opened."""
    worse = worst_first(changed)
    better = sum(c.change > 0 for c in changed)
    page.soft(
        f"Of {count(len(changed), 'judged query')} {system} makes {better} better and "
        f"{len(worse)} worse "
        f"({measure}). Choose one to open it.",
        "gallery",
    )
    if not worse:
        return
    event = st.dataframe(
        [
            {"Query": c.query.text, "First stage": f"{c.before:.2f}", system: f"{c.after:.2f}"}
            for c in worse
        ],
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="single-row",
        key="gallery_rows",
    )
    for row in event["selection"]["rows"]:
        if worse[row].query.text != state.query():
            state.put(state.QUERY, worse[row].query.text)
            st.rerun()
