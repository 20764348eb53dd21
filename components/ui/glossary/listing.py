"""All terms of art, and a field to find one."""

from __future__ import annotations

import streamlit as st

from components.glossary import TERMS, Term, as_markdown
from components.ui.shared import page
from components.wording import count


def listing() -> None:
    """Show the terms that hold what the visitor looks for, by name first; all without it."""
    page.heading(
        "Glossary",
        "The terms of art of this lab, as information retrieval uses them. Where one stands on a "
        "page, a question mark beside it says the same.",
    )
    wanted = st.text_input(
        "Find a term", key="_term", placeholder="such as nDCG, listwise or interval", width=420
    )
    terms = matching(wanted)
    page.soft(count(len(terms), "term") if terms else "No term has that.", "terms")
    with st.container(key="glossary", width=760):
        st.markdown(as_markdown(terms))


def matching(wanted: str) -> list[Term]:
    """Return the terms with a text in a name of theirs, then those with it in their text."""
    text = wanted.strip().lower()
    named = [t for t in TERMS.values() if any(text in n.lower() for n in (t.name, *t.also))]
    return named + [t for t in TERMS.values() if t not in named and text in t.text.lower()]
