"""Choosing a reranker: the guide, and published prices beside latency measured here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from components import pipeline
from components.advice import recommendation as guide
from components.advice.costs import Reading, Traffic, reading_of_corpus
from components.advice.recommendation import PAIRS, Figures, Needs, Option
from components.domain import Corpus, Spec
from components.lab import Lab, StepReport, catalog
from components.lab.work import BackgroundTask
from components.pipeline import PipelineRun, Pipelines
from components.rerankers.hosted.prices import price_of
from components.ui.shared import page, state
from components.ui.shared.work import watch
from components.wording import milliseconds

ROUNDS = 3
"""Scoring passes of each reranker when its latency is measured."""
MEASURING = "measuring"
_PRIORITIES = ("quality", "cost")


# ---------------------------------------------------------------- cost and latency


@dataclass(frozen=True)
class Known:
    """Everything on file for the session's corpus: tokens of 100 candidates, figures by key."""

    tokens: int
    figures: Mapping[str, Figures]


def reading(corpus: Corpus) -> Reading:
    """Return the tokens of a corpus's queries and documents, counted once a session."""
    return state.memo(("reading", corpus), lambda: reading_of_corpus(corpus))


def known(corpus: Corpus) -> Known:
    """Return each reranker's figures for 100 candidates of a corpus."""
    lab = state.lab()
    read = reading(corpus)
    tokens = Traffic(1, PAIRS, read.query, read.document).billed().tokens
    specs = catalog.reranker_specs(lab.settings)
    found = {
        key: guide.figures(spec, list(lab.measured.get(key, ())), lab.settings, tokens)
        for key, spec in specs.items()
    }
    return Known(tokens, found)


def cost_and_latency() -> None:
    """Show the published price beside the latency measured here."""
    corpus = state.corpus()
    found = known(corpus)
    page.heading(
        "Cost and latency",
        f"For one query with {PAIRS} candidates of {corpus.name} (about {found.tokens:,} tokens). "
        "Latency is what this machine measured since the lab was started, never a quoted figure.",
    )
    specs = catalog.reranker_specs(state.lab().settings)
    rows = [_cost_row(specs[key], figure) for key, figure in found.figures.items()]
    st.dataframe(rows, hide_index=True, width="stretch", key="cost-latency")
    _measure(corpus)


def _cost_row(spec: Spec, figure: Figures) -> dict[str, str]:
    price = price_of(spec, state.lab().settings)
    if not spec.hosted:
        published, cost = "your own machine", "none"
    else:
        published = str(price) if price else "not on file"
        cost = f"${figure.usd * 1000:,.2f}" if figure.usd is not None else "unknown"
    took = "not measured" if figure.ms is None else f"{milliseconds(figure.ms)} (n = {figure.runs})"
    return {
        "Reranker": spec.key,
        "Measured here": took,
        "Published price": published,
        "1,000 queries": cost,
        "1,000 documents": f"${figure.usd * 10:,.4f}" if figure.usd else cost,
        "Price noted": price.origin if price else "",
    }


def _measure(corpus: Corpus) -> None:
    """Let the visitor measure rerankers on the session's corpus."""
    entries = catalog.entries(state.lab().settings)
    here = [e.spec for e in entries if e.stage == "reranker" and e.available]
    with st.container(horizontal=True, vertical_alignment="bottom", key="measure"):
        chosen = st.multiselect(
            "Measure",
            [spec.key for spec in here],
            default=[s.key for s in here if s.key in {"minilm-l12", "late-minilm", "bm25"}],
            key="_measure",
            help="Hosted rerankers are billed for it.",
        )
        pressed = st.button(f"Measure {ROUNDS} times", key="measure_now")
    if pressed and chosen:
        lab = state.lab()
        state.put(
            MEASURING, BackgroundTask(lambda report: measure(lab, corpus, chosen, report)).start()
        )
    task = state.get(MEASURING)
    if task:
        watch(task, "measuring")


def measure(lab: Lab, corpus: Corpus, keys: Sequence[str], report: StepReport) -> None:
    """Run rerankers one after another over the same candidates; the lab remembers the times."""
    query = corpus.queries[0].text if corpus.queries else state.first_query(corpus)
    run = PipelineRun(lab, corpus, Pipelines(rerankers=tuple(keys), initial_k=PAIRS))
    first = pipeline.retrieve(run, corpus, query)
    total = ROUNDS * len(keys)
    for done in range(total):
        key = keys[done % len(keys)]
        report(key, done, total)
        pipeline.rerank_candidates(run, query, first, key)
    report("done", total, total)


# ---------------------------------------------------------------- the guide


def selection_guide() -> None:
    """Ask what is needed and recommend a reranker, with reasons."""
    page.heading(
        "Which one?",
        "Say what you need. What fits is ordered by reputation or by cost; only your own queries "
        "can tell you which is best for you.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="needs"):
        hosting = st.selectbox(
            "Where may it run?",
            ["anywhere", "on our own machines only"],
            key="_need_hosting",
            width=230,
        )
        instructions = st.selectbox(
            "Instructions?", ["not needed", "must follow them"], key="_need_instructions", width=180
        )
        languages = st.selectbox(
            "Languages?", ["English", "several"], key="_need_languages", width=130
        )
        latency = st.number_input(
            f"At most ms for {PAIRS} candidates",
            *(1.0, 60_000.0),
            value=None,
            placeholder="any",
            key="_need_latency",
            width=220,
        )
        priority = st.selectbox(
            "Then most of all", ["quality", "cost"], key="_need_priority", width=150
        )
    needs = Needs(
        self_hosted=hosting != "anywhere",
        instructions=instructions != "not needed",
        many_languages=languages != "English",
        latency_ms=latency,
        priority="cost" if priority == "cost" else "quality",
    )
    entries = catalog.entries(state.lab().settings)
    _advice(guide.options(entries, needs, known(state.corpus()).figures))


def _advice(found: Sequence[Option]) -> None:
    fit = [option for option in found if not option.ruled_out]
    with st.container(border=True, key="advice", gap="small"):
        if fit:
            _recommend(fit[0])
        else:
            st.text("Nothing in the catalog does all of that.")
            st.text(
                "A self-hosted server with a model that follows instructions may: configure one "
                "as the README shows, with instruction = true. Or give up one of the needs."
            )
    others = guide.alternatives(found)
    if others:
        page.soft("What else fits, best first:", "others")
        rows = [{"Reranker": o.spec.key, "Because": "; ".join(o.reasons)} for o in others]
        st.dataframe(rows, hide_index=True, width="stretch", key="others")
    out = [{"Reranker": o.spec.key, "Because": o.ruled_out} for o in found if o.ruled_out]
    if out:
        page.soft("Ruled out by what you need:", "ruled-out")
        st.dataframe(out, hide_index=True, width="stretch", key="out")


def _recommend(best: Option) -> None:
    st.markdown(f"Begin with **`{best.spec.key}`**")
    reasons = [*best.reasons]
    if not best.available:
        reasons.append("it cannot run here yet: its card says what is missing")
    st.text("\n".join(f"• {reason[0].upper()}{reason[1:]}." for reason in reasons))
