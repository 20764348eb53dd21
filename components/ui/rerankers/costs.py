"""Published prices of rerankers beside the latency that was measured here."""

from __future__ import annotations

import streamlit as st

from components.advice.costs import Traffic
from components.advice.estimates import estimate_queries
from components.advice.latency import ROUNDS, measure
from components.advice.recommendation import PAIRS, Figures, all_figures
from components.domain import Corpus, Spec
from components.lab import BackgroundTask, catalog
from components.network.prices import price_of
from components.ui.shared import page, spending, state
from components.ui.shared.work import Computation, patience, watch
from components.wording import count, dollars, milliseconds


def tokens_a_query(corpus: Corpus) -> int:
    """Return the tokens that a reranker reads for one query with PAIRS candidates of a corpus."""
    mean = spending.mean_tokens(corpus)
    return Traffic(1, PAIRS, mean.query, mean.document).billed().tokens


def cost_and_latency() -> None:
    """Show the published price beside the latency measured here, and offer to measure."""
    corpus, lab = state.corpus(), state.lab()
    tokens = tokens_a_query(corpus)
    page.heading(
        "Cost and latency",
        f"For one query with {PAIRS} candidates of {corpus.name} (about {count(tokens, 'token')}). "
        "Latency is what this machine measured since the lab was started, never a quoted figure.",
    )
    specs = catalog.reranker_specs(lab.settings)
    rows = [_row(specs[key], figures) for key, figures in all_figures(lab, tokens).items()]
    st.dataframe(rows, hide_index=True, width="stretch", key="cost-latency")
    _offer_to_measure(corpus)


def _row(spec: Spec, figures: Figures) -> dict[str, str]:
    price = price_of(spec, state.lab().settings)
    if not spec.hosted:
        published, cost = "your own machine", "none"
    else:
        published = str(price) if price else "not on file"
        cost = dollars(figures.usd * 1000, 2) if figures.usd is not None else "unknown"
    measured = f"{milliseconds(figures.ms)} (n = {figures.runs})" if figures.ms is not None else ""
    return {
        "Reranker": spec.key,
        "Measured here": measured or "not measured",
        "Published price": published,
        "1,000 queries": cost,
        "1,000 documents": dollars(figures.usd * 10, 4) if figures.usd else cost,
        "Price noted": price.origin if price else "",
    }


def _offer_to_measure(corpus: Corpus) -> None:
    """Let the visitor measure rerankers on the session's corpus."""
    lab = state.lab()
    entries = catalog.entries(lab.settings)
    runnable = [e.spec.key for e in entries if e.stage == "reranker" and e.available]
    with st.container(horizontal=True, vertical_alignment="bottom", key="measure"):
        keys = st.multiselect(
            "Measure",
            runnable,
            default=[key for key in runnable if key in state.DEFAULTS[state.RERANKERS]],
            key="_measure",
            help="Hosted rerankers are billed for it.",
        )
        pressed = st.button(f"Measure {ROUNDS} times", key="measure_now")
    candidates = min(PAIRS, len(corpus.documents))
    estimate = estimate_queries(
        keys, ROUNDS, candidates, lambda: spending.mean_tokens(corpus), lab.settings
    )
    if spending.confirmed(pressed and bool(keys), estimate, "measuring"):
        patience_s = patience(estimate)
        task = Computation(lambda report: measure(lab, corpus, keys, PAIRS, report), patience_s)
        state.put(state.MEASURING, task.start())
    measuring: BackgroundTask | None = state.get(state.MEASURING)
    if measuring:
        watch(measuring, "measuring")
