"""Asks what is needed of a reranker, and recommends one with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from components.advice.own_figures import OwnFigures, own_figures, telling_evaluations
from components.advice.recommendation import (
    PAIRS,
    STANDINGS,
    Needs,
    Option,
    all_figures,
    alternatives,
    options,
)
from components.domain import LabError
from components.evaluation.store import EvaluationStore
from components.lab import catalog
from components.measures import DEFAULT
from components.ui.rerankers.costs import tokens_a_query
from components.ui.shared import page, state
from components.wording import dollars, milliseconds, signed

OWN_COLUMNS = f"{DEFAULT} (95% CI)", "Against the first stage"
"""Columns that only an evaluation fills."""


def selection_guide() -> None:
    """Ask what is needed and recommend a reranker, with reasons."""
    corpus, lab = state.corpus(), state.lab()
    page.heading(
        "Which one?",
        f"Say what you need. What your own evaluations of {corpus.name} say comes first, then what "
        "can run here, then the rest by reputation; only your own queries can tell you which is "
        "best for you.",
    )
    own = _own_figures()
    figures = all_figures(lab, tokens_a_query(corpus), own)
    _recommendation(options(catalog.entries(lab.settings), _needs(), figures, own))
    if not own:
        _offer_to_evaluate()


def _own_figures() -> Mapping[str, OwnFigures]:
    """Return what the visitor's kept evaluations of the session's corpus say, by reranker."""
    store, owner = EvaluationStore(state.settings().data_dir), state.visitor().owner
    specs = catalog.reranker_specs(state.lab().settings)
    try:
        kept = telling_evaluations(store.summaries(owner), state.corpus().fingerprint, specs)
        return state.memo(
            ("own figures", *((summary.id, summary.made) for summary in kept)),
            lambda: own_figures([store.load(summary.id, owner) for summary in kept]),
        )
    except LabError as exc:
        page.complain(exc, key="complaint-own")
        return {}


def _offer_to_evaluate() -> None:
    """Say that nothing was measured on the visitor's queries, and lead to where it is."""
    corpus = state.corpus()
    with st.container(horizontal=True, vertical_alignment="center", key="unmeasured"):
        if not corpus.judgments:
            page.soft(f"{corpus.name} has no judgments: it cannot be evaluated.", "unmeasured")
            return
        page.soft(f"No kept evaluation of {corpus.name} has any of these yet.", "unmeasured")
        if st.button("Evaluate them", key="evaluate_them"):
            st.switch_page("pages/evaluate.py")


def _needs() -> Needs:
    """Return what the visitor says is needed."""
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
    return Needs(
        self_hosted=hosting != "anywhere",
        instructions=instructions != "not needed",
        many_languages=languages != "English",
        latency_ms=latency,
        priority="cost" if priority == "cost" else "quality",
    )


def _recommendation(ranked: Sequence[Option]) -> None:
    """Show the recommended reranker, what else fits, and what the needs rule out."""
    best = next((option for option in ranked if not option.ruled_out), None)
    with st.container(border=True, key="advice", gap="small"):
        if best:
            _begin_with(best)
        else:
            st.text("Nothing in the catalog does all of that.")
            st.text(
                "A self-hosted server with a model that follows instructions may: configure one "
                "as .docs/settings.md shows, with instruction = true. Or give up one of the needs."
            )
    others = alternatives(ranked)
    if others:
        page.soft("What else fits, best first:", "others")
        rows = [_row(option) for option in others]
        if not any(option.own for option in others):
            rows = [{k: v for k, v in row.items() if k not in OWN_COLUMNS} for row in rows]
        columns = page.explained(rows[0])
        st.dataframe(rows, hide_index=True, width="stretch", key="others", column_config=columns)
    out = [{"Reranker": o.spec.key, "Because": o.ruled_out} for o in ranked if o.ruled_out]
    if out:
        page.soft("Ruled out by what you need:", "ruled-out")
        st.dataframe(out, hide_index=True, width="stretch", key="out")


def _begin_with(best: Option) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="advised"):
        st.markdown(f"Begin with **`{best.spec.key}`**", width="content")
        st.badge(STANDINGS[best.standing], color="green" if best.own else "gray")
    reasons = [*best.reasons]
    if best.standing == "elsewhere":
        reasons.append("it cannot run here yet: its card says what is missing")
    st.text("\n".join(f"• {reason[0].upper()}{reason[1:]}." for reason in reasons))


def _row(option: Option) -> dict[str, str]:
    own, figures = option.own, option.figures
    quality = gain = ""
    if own is not None:
        mean, clear = own.mean, own.gain.distinguishable
        quality = f"{mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f}), n = {mean.n:,}"
        gain = f"{signed(own.gain.mean)}{'' if clear else ', no clear difference'}"
    ms, usd = figures.ms, figures.usd
    took = "not measured" if ms is None else f"{milliseconds(ms)} (n = {figures.runs:,})"
    return {
        "Reranker": option.spec.key,
        "What is known": STANDINGS[option.standing],
        **dict(zip(OWN_COLUMNS, (quality, gain), strict=True)),
        f"Median for {PAIRS} candidates": took,
        "1,000 queries": "unknown" if usd is None else dollars(1000 * usd, 2) if usd else "none",
        "Because": option.missing or "; ".join(option.reasons),
    }
