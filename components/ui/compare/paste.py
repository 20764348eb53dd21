"""Paste mode: rerank a list of texts as they stand, without any index."""

from __future__ import annotations

import streamlit as st

from components.corpora.pasted import NAME, pasted_corpus
from components.ui.shared import page, state, uploads

EXAMPLE = """Catch an exception with try and except, and name the class you expect.
The weather in the harbour is mild this week.
Handling errors well means catching them where something can be done about them.
A list is sorted in place by its sort method.
Raise an exception of your own class to tell callers what went wrong."""


def popover() -> None:
    """Offer to rerank texts that were typed or pasted."""
    with st.popover("Paste texts", icon=":material/content_paste:", width="content"):
        page.soft("One text a line, or parted by blank lines. Nothing is indexed.", "paste")
        query = st.text_input("Query", value="how do I handle exceptions", key="_pasted_query")
        pasted = st.text_area("Texts", value=EXAMPLE, height=220, key="_pasted")
        if st.button("Rerank these", key="rerank_pasted", type="primary"):
            with page.complaints():
                uploads.bring(pasted_corpus(pasted))
                state.choose_corpus(NAME)
                state.put(state.QUERY, query)
                st.rerun()
