"""Paste mode: rerank a list of texts as they stand, without any index."""

from __future__ import annotations

import re

import streamlit as st

from components.corpora import fingerprint
from components.domain import Corpus, Document, InputError, Recorded
from components.ui.shared import page, state

NAME = "pasted texts"
MOST = 200
EXAMPLE = """Catch an exception with try and except, and name the class you expect.
The weather in the harbour is mild this week.
Handling errors well means catching them where something can be done about them.
A list is sorted in place by its sort method.
Raise an exception of your own class to tell callers what went wrong."""


def texts_of(pasted: str) -> list[str]:
    """Return the texts: paragraphs where a blank line parts them, else lines."""
    parts = re.split(r"\n\s*\n", pasted) if re.search(r"\S\s*\n\s*\n\s*\S", pasted) else None
    found = [part.strip() for part in parts or pasted.split("\n")]
    return [text for text in found if text]


def pasted_corpus(pasted: str) -> Corpus:
    """Return pasted texts as a corpus; InputError for none or too many."""
    texts = texts_of(pasted)
    if not texts or len(texts) > MOST:
        raise InputError(
            f"{len(texts):,} texts were pasted; between 1 and {MOST} can be reranked.",
            "Put each text on a line of its own, or part them by blank lines.",
        )
    documents = tuple(Document(f"text-{n}", "", text) for n, text in enumerate(texts, start=1))
    return Corpus(NAME, documents, fingerprint=fingerprint(documents))


def given_order() -> Recorded | None:
    """Return the texts' own order as the first stage, while they are the session's corpus."""
    corpus = state.corpus()
    if corpus.name != NAME:
        return None
    order = tuple((d.id, -float(n)) for n, d in enumerate(corpus.documents, start=1))
    return Recorded("pasted", "as pasted", "", order, "place, negated")


def popover() -> None:
    """Offer to rerank texts that were typed or pasted."""
    with st.popover("Paste texts", icon=":material/content_paste:", width="content"):
        page.soft("One text a line, or parted by blank lines. Nothing is indexed.", "paste")
        query = st.text_input("Query", value="how do I handle exceptions", key="_pasted_query")
        pasted = st.text_area("Texts", value=EXAMPLE, height=220, key="_pasted")
        if st.button("Rerank these", key="rerank_pasted", type="primary"):
            with page.complaints():
                corpus = pasted_corpus(pasted)
                state.uploads()[NAME] = corpus
                state.choose_corpus(NAME)
                state.put(state.QUERY, query)
                st.rerun()
