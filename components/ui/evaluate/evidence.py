"""What an evaluation shows: the verdict, and one view of the evidence at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from components.charts import evaluation as drawn
from components.evaluation import significance
from components.evaluation import summary as evidence
from components.evaluation.store import SavedEvaluation
from components.exports.evaluation_report import HOW_DIFFERENCES_READ, EvaluationReport
from components.measures import cutoff_of, families
from components.ui.compare.views import CHART
from components.ui.evaluate import costs as money
from components.ui.evaluate import saved as kept
from components.ui.evaluate import worth
from components.ui.evaluate.run import view_key
from components.ui.shared import page, state
from components.wording import signed


def show(report: EvaluationReport | None) -> None:
    """Show the verdict and the chosen evidence; without an evaluation, what else there is."""
    chosen = _choose_view(report)
    if report is None:
        if chosen not in _ALWAYS:
            _nothing_yet()
            return
    elif chosen not in _ALWAYS:
        _controls(report)
        _verdict(report, whole=chosen == "quality")
        if not report.ranked:
            _failures(report)
            return
    _VIEWS[chosen][1](report)
    if report is not None and chosen not in _ALWAYS:
        _failures(report)


_PROMISES = (
    (
        "Is it better, and are we sure?",
        "Every judged query through every system. One sentence each: by how much, with an "
        "interval, and whether that is more than noise.",
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
    """Say what an evaluation answers, and offer the last one that is kept."""
    job = state.get(state.EVALUATING)
    st.text(
        "Results appear here when the evaluation ends."
        if job is not None and not job.finished
        else "Nothing is evaluated yet. Choose systems and queries, then press Evaluate."
    )
    for column, (title, line) in zip(st.columns(3, gap="large"), _PROMISES, strict=True):
        with column:
            page.heading(title, line)
    kept.offer_last()


def _choose_view(report: EvaluationReport | None) -> str:
    chosen = st.segmented_control(
        "Evidence",
        list(_VIEWS),
        format_func=lambda key: _VIEWS[key][0],
        label_visibility="collapsed",
        required=True,
        **state.bound(state.EVIDENCE),
    )
    return str(chosen)


def _controls(report: EvaluationReport) -> None:
    """Let the visitor choose the measure, its cut-off, and whom to compare with."""
    one = report.saved
    systems = one.plan.systems
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
            *(1, 1000),
            width=110,
            disabled=families()[state.get(state.MEASURE)].cutoff is None,
            **state.bound(state.CUT),
        )
        st.selectbox("Compared with", systems, width=200, **state.bound(state.BASELINE))
        page.soft(one.title, "shown-evaluation")


def _verdict(report: EvaluationReport, *, whole: bool) -> None:
    with st.container(key="verdict"):
        for line in report.verdicts(_changed(report)):
            st.text(line)
    plan, found = report.saved.plan, report.saved.evaluation
    said = evidence.warnings(plan, found)
    if whole:
        said += evidence.remarks(plan, found, cutoff_of(report.measure) or 10)
    for i, line in enumerate(said):
        page.soft(line, f"caution-{i}")


def _changed(report: EvaluationReport) -> tuple[significance.Difference, ...]:
    return state.memo(view_key(report, "differences", report.base), report.differences)


def _failures(report: EvaluationReport) -> None:
    found = report.saved.evaluation.failures
    rows = [
        {"System": system, "Query": query, "Reason": failure.reason, "What to do": failure.remedy}
        for system, failures in found.items()
        for query, failure in failures
    ]
    if rows:
        page.heading("Failures", f"{len(rows):,} in all; none counts as a zero.")
        st.dataframe(rows, hide_index=True, width="stretch", key="evaluation-failures")


# ---------------------------------------------------------------- quality


def quality(report: EvaluationReport) -> None:
    """Show the means with their intervals."""
    page.heading(
        "Quality",
        f"How to read: a dot is the mean {report.measure}, the bar its 95% bootstrap interval. "
        "Intervals that overlap can still differ: the verdict above compares query by query.",
    )
    found = state.memo(
        view_key(report, "means"), lambda: significance.means(report.ranked, report.names)
    )
    chosen = {s: values[report.measure] for s, values in found.items()}
    figure = drawn.quality(chosen, report.styles, page.palette())
    st.plotly_chart(figure, key="quality", config=CHART, alt=f"Mean {report.measure} by system")
    rows = [
        {"System": report.styles[s].name} | {name: _interval(values[name]) for name in report.names}
        for s, values in found.items()
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="metrics")
    changed = _changed(report)
    if changed:
        page.heading(f"Differences from {report.base}", f"How to read: {HOW_DIFFERENCES_READ}")
        facts = [significance.facts(d) for d in changed]
        st.dataframe(facts, hide_index=True, width="stretch", key="differences")


def _interval(mean: significance.Mean) -> str:
    if mean.n < 2:
        return f"{mean.value:.3f}"
    return f"{mean.value:.3f} ({mean.low:.3f}–{mean.high:.3f})"  # noqa: RUF001


# ---------------------------------------------------------------- by query, by tag


def by_query(report: EvaluationReport) -> None:
    """Show the change of every query, each of which opens in Compare."""
    others = [s for s in report.ranked if s != report.base]
    if not others or report.base not in report.ranked:
        st.text("There is no second system to compare with.")
        return
    system = others[0]
    if len(others) > 1:
        system = (
            st.segmented_control(
                "System",
                others,
                default=others[0],
                key="_changed_system",
                label_visibility="collapsed",
                required=True,
            )
            or others[0]
        )
    found = evidence.changes(report.saved.plan, report.ranked, report.base, system, report.measure)
    up, down = sum(c.change > 0 for c in found), sum(c.change < 0 for c in found)
    page.heading(
        f"{system} against {report.base}, query by query",
        f"How to read: one bar a query; up is a gain in {report.measure}. {up:,} better, {down:,} "
        f"worse, {len(found) - up - down:,} the same. Choose a bar or a row to open its query in "
        "Compare.",
    )
    figure = drawn.changes(
        found, report.styles[system], report.styles[report.base], report.measure, page.palette()
    )
    event = st.plotly_chart(
        figure,
        key=f"changes-{system}",
        config=CHART,
        on_select="rerun",
        selection_mode=("points",),
        alt=f"Change in {report.measure} by query",
    )
    rows = [
        {
            "Query": c.query.text,
            "Tags": ", ".join(c.query.tags),
            report.base: f"{c.before:.3f}",
            system: f"{c.after:.3f}",
            "Change": signed(c.change),
        }
        for c in found
    ]
    table = st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height=min(380, 36 * len(rows) + 40),
        on_select="rerun",
        selection_mode="single-row",
        key=f"changed-{system}",
    )
    places = [p["point_index"] for p in event["selection"]["points"]]
    places += table["selection"]["rows"]
    if places:
        _open(report.saved, found[places[0]].query.text)


def _open(one: SavedEvaluation, query: str) -> None:
    """Show a query in Compare with the evaluation's corpus and systems."""
    names = state.corpus_names()
    held = {state.corpus_named(name).fingerprint: name for name in names}
    state.choose_corpus(held[one.plan.fingerprint])
    state.choose_split(state.corpus().name, one.plan.split)
    state.put(state.QUERY, query)
    known = one.plan.pipelines
    state.put(state.FIRST_STAGE, known.first_stage)
    state.put(state.RERANKERS, tuple(r for r in known.rerankers if "@" not in r))
    state.put(state.INITIAL_K, known.initial_k)
    st.switch_page("app.py")


def by_tag(report: EvaluationReport) -> None:
    """Show the means by kind of query."""
    page.heading(
        "By kind of query",
        f"How to read: mean {report.measure}, and the difference from {report.base}; blue is "
        "better, orange worse. A kind with few queries says little.",
    )
    groups = evidence.by_tag(report.saved.plan, report.ranked, report.measure)
    if not groups or report.base not in report.ranked:
        st.text("These queries carry no tags. Tags come from the metadata of queries.jsonl.")
        return
    figure = drawn.tags(groups, report.base, report.styles, page.palette())
    st.plotly_chart(
        figure, key="tags", config=CHART, alt=f"Mean {report.measure} by tag and system"
    )


_ALWAYS = ("money", "past", "kept")
"""Views that do not need an evaluation."""
_VIEWS: Mapping[str, tuple[str, Callable[..., None]]] = {
    "quality": ("Quality", quality),
    "queries": ("By query", by_query),
    "tags": ("By kind", by_tag),
    "headroom": ("Headroom and depth", worth.headroom),
    "latency": ("Latency and worth", worth.latency),
    "money": ("Money", money.show),
    "kept": ("Kept and files", kept.show),
    "past": ("Past searches", kept.past_searches),
}
