"""The calculator: what a second stage costs at the traffic that the visitor gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from components.advice.costs import (
    Bill,
    Machine,
    MeanTokens,
    Measured,
    Traffic,
    bills,
    break_even,
    machines,
    measured,
    tokens_of_run,
)
from components.charts import evaluation as charts
from components.exports.evaluation_report import EvaluationReport
from components.lab import catalog
from components.network.prices import price_of
from components.pipeline.limits import MAX_INITIAL_K
from components.ui.shared import page, spending, state
from components.wording import count, dollars, listed

NOT_MEASURED = "not measured"


def show(report: EvaluationReport | None) -> None:
    """Show the monthly cost of every priced model and of a machine of one's own."""
    page.heading(
        "Money",
        "How to read: one bar a way to have a second stage, in US dollars a month at the traffic "
        "you give; hatched are machines of your own. Prices are the dated ones on file; times and "
        "texts are those of the evaluation, at its depth.",
    )
    # what another machine took says nothing of this one
    report = report if report and report.ranked and not report.saved.origin else None
    page.soft(
        report.saved.title if report else "No evaluation is open: nothing here is measured.",
        "money-of",
    )
    traffic = _traffic(report)
    settings = state.lab().settings
    evaluated = measured(report.saved.plan, report.saved.evaluation) if report else {}
    paid = {s: m.usd for s, m in evaluated.items() if m.usd is not None}
    specs = list(catalog.reranker_specs(settings).values())
    billed = bills(specs, traffic, settings, paid)
    usd, busy = float(state.get(state.MACHINE_USD)), state.get(state.BUSY) / 100
    every = machines(evaluated, settings, usd, busy)
    own = {system: machine for system, machine in every.items() if machine}
    _chart(report, own, billed, traffic)
    for system, machine in own.items():
        st.text(_describe_machine(system, machine, evaluated[system], traffic))
    _not_measured(report, [s for s, machine in every.items() if not machine], billed)
    st.dataframe(_rows(billed, own), hide_index=True, width="stretch", key="bills")


def _chart(
    report: EvaluationReport | None,
    own: Mapping[str, Machine],
    billed: Sequence[Bill],
    traffic: Traffic,
) -> None:
    """Draw what each way costs; evaluated systems have their colours, others are grey."""
    colours = {s: style.colour for s, style in report.styles.items()} if report else {}
    rows = [
        charts.Cost(f"{s} on your machine", m.cost(traffic.queries_a_day), colours.get(s), own=True)
        for s, m in own.items()
    ]
    rows += [charts.Cost(b.spec.key, b.usd_a_month, colours.get(b.spec.key)) for b in billed]
    page.chart(charts.costs(rows, page.palette()), "costs", "Monthly cost by way")


def _not_measured(
    report: EvaluationReport | None, systems: Sequence[str], billed: Sequence[Bill]
) -> None:
    """Name the models of which no cost is known, and say why."""
    if report is None:
        st.text(f"Machines of your own: {NOT_MEASURED}. Evaluate a local reranker to know.")
    if systems:
        st.text(
            f"{listed(systems)}: {NOT_MEASURED} in this evaluation, whose scores were kept from an "
            "earlier run. Evaluate without kept scores to know."
        )
    settings = state.lab().settings
    priced = {bill.spec.key for bill in billed}
    others = [s for s in catalog.reranker_specs(settings).values() if s.hosted]
    unknown = [s.key for s in others if s.key not in priced and price_of(s, settings)]
    unpriced = [s.key for s in others if price_of(s, settings) is None]
    if unpriced:
        page.soft(f"No price on file: {listed(unpriced)}.", "unpriced")
    if unknown:
        page.soft(
            f"Priced by the token, and the tokens are {NOT_MEASURED}: {listed(unknown)}.", "untold"
        )


def _traffic(report: EvaluationReport | None) -> Traffic:
    """Let the visitor give traffic and machine; say what one query is billed for."""
    depth = report.saved.plan.depth if report else int(state.get(state.PRICED_K))
    with st.container(horizontal=True, vertical_alignment="bottom", key="traffic"):
        st.number_input(
            "Queries a day", *(1, 1_000_000_000), width=160, **state.bound(state.QUERIES_A_DAY)
        )
        if report is None:
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
    mean = _mean_tokens(report, depth)
    per_day = float(state.get(state.QUERIES_A_DAY))
    traffic = Traffic(per_day, depth, mean.query, mean.document)
    billed = traffic.billed()
    searches = count(int(billed.searches), "search", "searches")
    tokens = (
        f"Tokens on {mean.source}: {mean.query:,.0f} a query and {mean.document:,.0f} a document, "
        f"as this lab's tokenizer counts them. One query is billed as "
        f"{count(billed.tokens, 'token')}, or "
        if billed.tokens
        else f"Tokens are {NOT_MEASURED}: {mean.source}. One query is billed "
    )
    page.soft(f"{count(depth, 'candidate')} a query. {tokens}as {searches}.", "tokens")
    return traffic


def _mean_tokens(report: EvaluationReport | None, depth: int) -> MeanTokens:
    """Return the tokens that a reranker reads: of the evaluation's candidates, or of the corpus."""
    if report is None:
        return spending.mean_tokens(state.corpus())
    if report.corpus is None:
        return MeanTokens(0, 0, "the documents of this evaluation are not at hand")
    saved, corpus = report.saved, report.corpus
    key = ("mean tokens", saved.id, len(saved.evaluation.complete), depth)
    return state.memo(key, lambda: tokens_of_run(saved.plan, saved.evaluation, corpus, depth))


def _describe_machine(system: str, machine: Machine, of: Measured, traffic: Traffic) -> str:
    needed = machine.needed(traffic.queries_a_day)
    return (
        f"{system} took {machine.seconds_a_query * 1000:,.0f} ms for "
        f"{count(traffic.candidates, 'candidate')} on this machine, the median of "
        f"{count(of.n, 'query')} of this evaluation: one like it reranks "
        f"{count(round(machine.queries_a_day), 'query')} a day when it is busy "
        f"{machine.busy:.0%} of the time. Your traffic needs "
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
            "Known from": "billed in this evaluation" if bill.measured else "price and tokens",
        }
        for system, machine in own.items():
            per_day = break_even(machine, bill.usd_a_query)
            since = "never" if per_day is None else f"{count(round(per_day), 'query')} a day"
            row[f"Dearer than {system} from"] = since
        rows.append({**row, "Price noted": bill.price.origin})
    return rows
