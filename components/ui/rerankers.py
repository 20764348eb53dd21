"""The Rerankers page's pieces: the catalog, each entry with whose it is and whether it runs."""

from __future__ import annotations

import streamlit as st

from components import catalog
from components.catalog import Entry
from components.ui import page, state
from components.ui.board_view import letters


def listing() -> None:
    """Show every first stage and every reranker."""
    entries = catalog.entries(state.lab().settings)
    for stage, title, how in (
        ("first stage", "First stages", "Search the whole corpus and hand on the candidates."),
        ("reranker", "Rerankers", "Score the same candidates anew; the lab sorts by that score."),
    ):
        page.heading(title, how)
        columns = st.columns(2)
        shown = [entry for entry in entries if entry.stage == stage]
        for i, entry in enumerate(shown):
            with columns[i % 2]:
                _card(entry)


def _card(entry: Entry) -> None:
    spec = entry.spec
    with st.container(border=True, key=f"entry-{entry.stage.replace(' ', '-')}-{spec.key}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            page.tag(_letter(entry))
            st.markdown(f"**`{spec.key}`**", width="content")
            page.soft(spec.family, f"family-{entry.stage}-{spec.key}")
            if entry.available:
                st.badge("ready", icon=":material/check:", color="green")
            else:
                st.badge("not here", icon=":material/block:", color="orange")
        st.text(spec.summary)
        if spec.caution:
            st.text(f"Caution: {spec.caution}")
        if not entry.available:
            st.text(f"{entry.reason} {entry.remedy}")
        page.soft(_facts(entry), f"facts-{entry.stage}-{spec.key}")


def _letter(entry: Entry) -> str:
    if entry.stage == "first stage":
        return "A"
    return letters((entry.spec.key,), state.lab().settings)[entry.spec.key]


def _facts(entry: Entry) -> str:
    spec = entry.spec
    facts = [
        spec.model,
        f"by {spec.authors}" if spec.authors else "",
        f"license {spec.license}",
        f"scores: {spec.scale}",
        f"{spec.size_mb:,.0f} MB" if spec.size_mb else "",
        f"reads {spec.max_tokens:,} tokens" if spec.max_tokens else "",
        spec.source,
    ]
    return " · ".join(fact for fact in facts if fact)
