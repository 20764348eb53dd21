"""Quality against latency and cost, and the latency of every stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from components.charts import evaluation as charts
from components.evaluation import summary
from components.evaluation.summary import TradeOff
from components.exports.evaluation_report import EvaluationReport, describe_cost, describe_reused
from components.ui.evaluate.report import view_key
from components.ui.shared import page
from components.wording import milliseconds


def latency(report: EvaluationReport) -> None:
    """Show quality against latency and cost, and the percentiles of every stage."""
    plan, evaluation = report.saved.plan, report.saved.evaluation
    quality = {s: m.mean[report.measure] for s, m in report.ranked.items()}
    usd = summary.usd_a_query(plan, evaluation, report.hosted)
    by_time = summary.pareto(quality, summary.median_ms(plan, evaluation))
    by_cost = summary.pareto(quality, {s: 1000 * value for s, value in usd.items()})
    page.heading(
        "Is it worth its price?",
        "How to read: left is cheaper, up is a higher mean; of a grey system another one has at "
        "least the mean for no more. Whether means differ clearly is in the verdict.",
        "Pareto",
    )
    billed = any(p.price for p in by_cost)
    left, right = st.columns(2, gap="large") if billed else (st.container(), st.container())
    with left:
        if len(by_time) > 1:
            _trade_offs(report, by_time, "worth-time", "median ms of both stages", "latency")
        else:
            st.text("No latency was measured of more than one system.")
    with right:
        if billed:
            _trade_offs(report, by_cost, "worth-cost", "US dollars for 1,000 queries", "cost")
        else:
            page.soft(
                "Nobody bills for these systems: they cost the machine they run on. The view "
                "Money compares that with what providers ask.",
                "unbilled",
            )
    _percentiles(report, usd)


def _trade_offs(
    report: EvaluationReport, trade_offs: Sequence[TradeOff], key: str, across: str, price: str
) -> None:
    figure = page.figure(
        view_key(report, key),
        lambda: charts.trade_offs(
            trade_offs, report.styles, across, report.measure, page.palette()
        ),
    )
    page.chart(figure, key, f"Quality by {price}")


def _percentiles(report: EvaluationReport, usd: Mapping[str, float]) -> None:
    times = summary.stage_times(report.saved.plan, report.saved.evaluation)
    page.heading(
        "Latency",
        "Percentiles over the queries, warm, one system at a time; loading and waiting are not in "
        f"them. {describe_reused(times)}",
        *("p50, p95, p99", "Cold start"),
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
