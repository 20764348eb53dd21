"""The first line of a model's card."""

from __future__ import annotations

import streamlit as st

from components import glossary
from components.charts.palette import own_letter
from components.lab.catalog import Entry
from components.ui.shared import page, state


def title(entry: Entry) -> None:
    """Show a model's letter, key, family, and whether it can run here."""
    spec = entry.spec
    letter = "A" if entry.stage == "first stage" else own_letter(spec.key, state.lab().settings)
    with st.container(horizontal=True, vertical_alignment="center"):
        if letter:
            page.tag(letter)
        st.markdown(f"**`{spec.key}`**", width="content")
        term = glossary.term(spec.family)
        page.soft(spec.family, f"family-{entry.stage}-{spec.key}", term.name if term else "")
        if entry.available:
            st.badge("ready", icon=":material/check:", color="green")
        else:
            st.badge("not here", icon=":material/block:", color="orange")
