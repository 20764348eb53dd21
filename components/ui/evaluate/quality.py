"""The quality of an evaluation's systems: means, differences, and means by kind of query."""

from __future__ import annotations

import streamlit as st

from components.charts import evaluation as charts
from components.evaluation import significance, summary
from components.evaluation.significance import verdict
from components.exports.evaluation_report import (
    HOW_DIFFERENCES_READ,
    HOW_TAGS_READ,
    EvaluationReport,
)
from components.ui.evaluate.report import differences_of, view_key
from components.ui.shared import page, state
from components.wording import signed


def quality(report: EvaluationReport) -> None:
    """Show the means with their intervals."""
    page.heading(
        "Quality",
        f"How to read: a dot is the mean {report.measure}, the bar its 95% bootstrap interval, of "
        "this mean alone. Whether systems differ is below: there they are compared query by query.",
        "Confidence interval",
    )
    means = state.memo(
        view_key(report, "means"), lambda: significance.means(report.ranked, report.names)
    )
    looked_at = {s: values[report.measure] for s, values in means.items()}
    figure = page.figure(
        view_key(report, "quality"),
        lambda: charts.quality(looked_at, report.styles, page.palette()).update_xaxes(
            title_text=f"mean {report.measure}", automargin=True
        ),
    )
    note = f"A dot is the mean {report.measure}, the bar its 95% interval."
    page.chart(figure, "quality", f"Mean {report.measure} by system", note)
    rows = [
        {"System": report.styles[s].name}
        | {name: _describe_mean(values[name]) for name in report.names}
        for s, values in means.items()
    ]
    columns = page.explained(rows[0] if rows else ())
    st.dataframe(rows, hide_index=True, width="stretch", key="metrics", column_config=columns)
    differences = differences_of(report)
    if differences:
        page.heading(
            f"Differences from {report.base}",
            f"How to read: {HOW_DIFFERENCES_READ}",
            *("Corrected p", "Distinguishable"),
        )
        figure = page.figure(
            view_key(report, "difference", report.base),
            lambda: charts.differences(differences, report.styles, page.palette()),
        )
        values = ", ".join(f"{d.system} {signed(d.mean)} {verdict(d)}" for d in differences)
        page.chart(
            figure, "difference", f"Difference in {report.measure} from {report.base}: {values}"
        )
        facts = [significance.facts(d) for d in differences]
        columns = page.explained(facts[0])
        st.dataframe(
            facts, hide_index=True, width="stretch", key="differences", column_config=columns
        )


def _describe_mean(mean: significance.Mean) -> str:
    if mean.n < 2:
        return f"{mean.value:.3f}"
    return f"{mean.value:.3f} ({mean.low:.3f}–{mean.high:.3f})"  # noqa: RUF001


def by_tag(report: EvaluationReport) -> None:
    """Show the means by kind of query."""
    page.heading(
        "By kind of query",
        f"How to read: mean {report.measure}, {HOW_TAGS_READ}. Only what is clear has a colour: "
        "green is better, magenta worse.",
    )
    groups = state.memo(
        view_key(report, "groups", report.base),
        lambda: summary.by_tag(report.saved.plan, report.ranked, report.measure, report.base),
    )
    if not groups or report.base not in report.ranked:
        st.text("These queries carry no tags. Tags come from the metadata of queries.jsonl.")
        return
    figure = page.figure(
        view_key(report, "tags", report.base),
        lambda: charts.tags(groups, report.base, report.styles, page.palette()),
    )
    page.chart(figure, "tags", f"Mean {report.measure} by tag and system")
