"""The calculator: what a second stage costs at the traffic that the visitor gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from components.advice.costs import (
    Bill,
    Machine,
    MeanTokens,
    Traffic,
    bills,
    break_even,
    machines,
    ms_a_pair,
    tokens_of_run,
)
from components.charts import evaluation as charts
from components.exports.evaluation_report import EvaluationReport
from components.lab import catalog
from components.pipeline.limits import MAX_INITIAL_K
from components.ui.shared import page, state
from components.wording import count, dollars


def show(report: EvaluationReport | None) -> None:
    """Show the monthly cost of every priced model and of a machine of one's own."""
    page.heading(
        "Money",
        "How to read: one bar a way to have a second stage, in US dollars a month at the traffic "
        "you give; hatched are machines of your own. Prices are the dated ones on file.",
    )
    traffic = _traffic(report)
    lab = state.lab()
    billed = bills(list(catalog.reranker_specs(lab.settings).values()), traffic, lab.settings)
    speeds = ms_a_pair(report.saved.plan, report.saved.evaluation) if report else {}
    usd, busy = float(state.get(state.MACHINE_USD)), state.get(state.BUSY) / 100
    own = machines(lab, speeds, traffic.candidates, usd, busy)
    monthly = {f"{s} on your machine": m.cost(traffic.queries_a_day) for s, m in own.items()}
    hosted = {bill.spec.key: bill.usd_a_month for bill in billed}
    figure = charts.costs({**monthly, **hosted}, list(monthly), page.palette())
    page.chart(figure, "costs", "Monthly cost by way")
    for system, machine in own.items():
        st.text(_describe_machine(system, machine, traffic))
    if not own:
        st.text("Evaluate a local reranker to compare with a machine of your own.")
    st.dataframe(_rows(billed, own), hide_index=True, width="stretch", key="bills")


def _traffic(report: EvaluationReport | None) -> Traffic:
    """Let the visitor give traffic and machine; say what one query is billed for."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="traffic"):
        st.number_input(
            "Queries a day", *(1, 1_000_000_000), width=160, **state.bound(state.QUERIES_A_DAY)
        )
        st.number_input(
            "Candidates each", *(1, MAX_INITIAL_K), width=150, **state.bound(state.PRICED_K)
        )
        st.number_input(
            "Your machine, $ a month",
            *(0.01, 1_000_000.0),
            width=190,
            **state.bound(state.MACHINE_USD),
        )
        st.number_input(
            "Busy at most, %",
            *(1, 100),
            width=150,
            help="The share of the day that may be spent reranking: traffic has peaks.",
            **state.bound(state.BUSY),
        )
    depth = int(state.get(state.PRICED_K))
    mean = _mean_tokens(report, depth)
    traffic = Traffic(float(state.get(state.QUERIES_A_DAY)), depth, mean.query, mean.document)
    billed = traffic.billed()
    page.soft(
        f"Measured on {mean.source}: {mean.query:,.0f} tokens a query and {mean.document:,.0f} a "
        f"document, as this lab's tokenizer counts them. One query is billed as {billed.tokens:,} "
        f"tokens, or as {billed.searches:g} search{'es' if billed.searches != 1 else ''}.",
        "tokens",
    )
    return traffic


def _mean_tokens(report: EvaluationReport | None, depth: int) -> MeanTokens:
    """Return the tokens that a reranker reads: of the evaluation's candidates, or of the corpus."""
    if report is None or report.corpus is None or not report.ranked:
        return state.mean_tokens(state.corpus())
    saved, corpus = report.saved, report.corpus
    key = ("mean tokens", saved.id, len(saved.evaluation.complete), depth)
    return state.memo(key, lambda: tokens_of_run(saved.plan, saved.evaluation, corpus, depth))


def _describe_machine(system: str, machine: Machine, traffic: Traffic) -> str:
    needed = machine.needed(traffic.queries_a_day)
    return (
        f"{system} took {machine.seconds_a_query * 1000:,.0f} ms for {traffic.candidates:,} "
        f"candidates on this machine: one like it reranks {machine.queries_a_day:,.0f} queries a "
        f"day when it is busy {machine.busy:.0%} of the time. Your traffic needs "
        f"{'one machine' if needed == 1 else count(needed, 'machine')}, "
        f"{dollars(machine.cost(traffic.queries_a_day), 2)} a month."
    )


def _rows(billed: Sequence[Bill], own: Mapping[str, Machine]) -> list[dict[str, str]]:
    rows = []
    for bill in billed:
        row = {
            "Model": bill.spec.key,
            "Price": str(bill.price),
            "A query": dollars(bill.usd_a_query, 6),
            "A month": dollars(bill.usd_a_month, 2),
        }
        for system, machine in own.items():
            queries = break_even(machine, bill.usd_a_query)
            since = "never" if queries is None else f"{queries:,.0f} queries a day"
            row[f"Dearer than {system} from"] = since
        rows.append({**row, "Price noted": bill.price.origin})
    return rows
