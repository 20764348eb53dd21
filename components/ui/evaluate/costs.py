"""The calculator: what a second stage costs on the visitor's own traffic."""

from __future__ import annotations

import streamlit as st

from components.advice.costs import Machine, Reading, Traffic, bills, break_even, reading_of_run
from components.charts import evaluation as drawn
from components.evaluation import summary as evidence
from components.exports.evaluation_report import EvaluationReport
from components.lab import catalog
from components.ui.compare.views import CHART
from components.ui.rerankers.choosing import reading
from components.ui.shared import page, state


def show(report: EvaluationReport | None) -> None:
    """Show the monthly cost of every priced model and of a machine of one's own."""
    page.heading(
        "Money",
        "How to read: one bar a way to have a second stage, in US dollars a month at the traffic "
        "you give; hatched are machines of your own. Prices are the dated ones on file.",
    )
    settings = state.lab().settings
    with st.container(horizontal=True, vertical_alignment="bottom", key="traffic"):
        st.number_input(
            "Queries a day", *(1, 1_000_000_000), width=160, **state.bound(state.QUERIES_A_DAY)
        )
        st.number_input("Candidates each", *(1, 1000), width=150, **state.bound(state.PRICED_K))
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
    read = _reading(report, depth)
    traffic = Traffic(float(state.get(state.QUERIES_A_DAY)), depth, read.query, read.document)
    found = bills(list(catalog.reranker_specs(settings).values()), traffic, settings)
    machines = _machines(report, traffic)
    monthly = {bill.spec.key: bill.usd_a_month for bill in found}
    own = {f"{s} on your machine": m.cost(traffic.queries_a_day) for s, m in machines.items()}
    billed = traffic.billed()
    page.soft(
        f"Measured on {read.source}: {read.query:,.0f} tokens a query and {read.document:,.0f} a "
        f"document, as this lab's tokenizer counts them. One query is billed as {billed.tokens:,} "
        f"tokens, or as {billed.searches:g} search{'es' if billed.searches != 1 else ''}.",
        "tokens",
    )
    figure = drawn.costs({**own, **monthly}, list(own), page.palette())
    st.plotly_chart(figure, key="costs", config=CHART, alt="Monthly cost by way")
    for system, machine in machines.items():
        _machine_words(system, machine, traffic)
    if not machines:
        st.text("Evaluate a local reranker to compare with a machine of your own.")
    rows = [
        {
            "Model": bill.spec.key,
            "Price": str(bill.price),
            "A query": f"${bill.usd_a_query:.6f}",
            "A month": f"${bill.usd_a_month:,.2f}",
            **{
                f"Dearer than {s} from": _from(break_even(m, bill.usd_a_query))
                for s, m in machines.items()
            },
            "Price noted": bill.price.origin,
        }
        for bill in found
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="bills")


def _from(queries: float | None) -> str:
    return "never" if queries is None else f"{queries:,.0f} queries a day"


def _machine_words(system: str, machine: Machine, traffic: Traffic) -> None:
    needed = machine.needed(traffic.queries_a_day)
    one = "one machine" if needed == 1 else f"{needed:,} machines"
    st.text(
        f"{system} took {machine.seconds_a_query * 1000:,.0f} ms for {traffic.candidates:,} "
        f"candidates on this machine: one like it reranks {machine.queries_a_day:,.0f} queries a "
        f"day when it is busy {machine.busy:.0%} of the time. Your traffic needs {one}, "
        f"${machine.cost(traffic.queries_a_day):,.2f} a month."
    )


def _machines(report: EvaluationReport | None, traffic: Traffic) -> dict[str, Machine]:
    """Return a machine for each local reranker whose speed is known, scaled to the depth asked.

    The speed is the evaluation's median, else that of the lab's measurements since it started.
    """
    specs = catalog.reranker_specs(state.lab().settings)
    local = [
        k for k, s in specs.items() if s.local and s.runtime != "none" and s.family != "fusion"
    ]
    found = {}
    for key in local:
        per_pair = _ms_a_pair(report, key)
        if per_pair:
            found[key] = Machine(
                float(state.get(state.MACHINE_USD)),
                per_pair * traffic.candidates / 1000,
                state.get(state.BUSY) / 100,
            )
    return found


def _ms_a_pair(report: EvaluationReport | None, key: str) -> float:
    if report is not None:
        times = evidence.stage_times(report.saved.plan, report.saved.evaluation)
        mine = [
            t.p50 / t.pairs for t in times if (t.system, t.stage) == (key, "rerank") and t.pairs
        ]
        if mine:
            return mine[0]
    return state.lab().ms_a_pair(key) or 0.0


def _reading(report: EvaluationReport | None, depth: int) -> Reading:
    """Return the tokens that a reranker reads: of the evaluation's candidates, or of the corpus."""
    if report is None or report.corpus is None or not report.ranked:
        return reading(state.corpus())
    one, corpus = report.saved, report.corpus
    key = ("reading", one.id, len(one.evaluation.complete), depth)
    return state.memo(key, lambda: reading_of_run(one.plan, one.evaluation, corpus, depth))
