"""Asks what is needed of a reranker, and recommends one with reasons."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.advice.recommendation import (
    PAIRS,
    Needs,
    Option,
    all_figures,
    alternatives,
    options,
)
from components.lab import catalog
from components.ui.rerankers.costs import tokens_a_query
from components.ui.shared import page, state


def selection_guide() -> None:
    """Ask what is needed and recommend a reranker, with reasons."""
    page.heading(
        "Which one?",
        "Say what you need. What fits is ordered by reputation or by cost; only your own queries "
        "can tell you which is best for you.",
    )
    lab = state.lab()
    figures = all_figures(lab, tokens_a_query(state.corpus()))
    _recommendation(options(catalog.entries(lab.settings), _needs(), figures))


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
        rows = [{"Reranker": o.spec.key, "Because": "; ".join(o.reasons)} for o in others]
        st.dataframe(rows, hide_index=True, width="stretch", key="others")
    out = [{"Reranker": o.spec.key, "Because": o.ruled_out} for o in ranked if o.ruled_out]
    if out:
        page.soft("Ruled out by what you need:", "ruled-out")
        st.dataframe(out, hide_index=True, width="stretch", key="out")


def _begin_with(best: Option) -> None:
    st.markdown(f"Begin with **`{best.spec.key}`**")
    reasons = [*best.reasons]
    if not best.available:
        reasons.append("it cannot run here yet: its card says what is missing")
    st.text("\n".join(f"• {reason[0].upper()}{reason[1:]}." for reason in reasons))
