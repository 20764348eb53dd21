"""The session's corpus: its size, its judgments, its description, its first passages."""

from __future__ import annotations

import streamlit as st

from components.corpora import sample_names
from components.domain import Corpus
from components.glossary import term
from components.storage.documents import StoredDocuments
from components.ui.corpus import library
from components.ui.shared import page, state
from components.wording import shortened

PASSAGES = 100
"""Passages in the table."""

SAMPLE = 300
"""Passages whose words are counted where the others are not read."""

METADATA = 20
"""Values of a passage's metadata in it."""

CELL_CHARACTERS = 2_000
"""Characters of a text in a table, which is sent to the browser whole."""


def overview() -> None:
    """Let the visitor choose a corpus, and show what is in it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="corpus"):
        page.corpus_picker("_corpus_page", 320)
        library.manage()
    corpus = state.corpus()
    with page.complaints(), st.container(horizontal=True, key="figures", gap="large"):
        for label, value in _figures(corpus):
            entry = term(label)
            st.metric(label, value, width="content", help=str(entry) if entry else None)
    if corpus.card:
        with st.expander("About this corpus", expanded=False):
            # a sample's description is the project's own text; an uploaded one is untrusted
            (st.markdown if corpus.name in sample_names() else st.text)(corpus.card)
    with st.expander("First passages"), page.complaints():
        passages(corpus, PASSAGES)


def _figures(corpus: Corpus) -> list[tuple[str, str]]:
    documents = corpus.documents
    if corpus.remote:
        return _sampled_figures(corpus)
    n_words = (
        documents.word_count  # nobody waits until all of them are read
        if isinstance(documents, StoredDocuments)
        else state.memo(
            ("words", corpus.fingerprint), lambda: sum(len(d.passage.split()) for d in documents)
        )
    )
    judged = sum(len(grades) for grades in corpus.judgments.values())
    return [
        ("Passages", f"{len(corpus.documents):,}"),
        ("Words a passage", f"{n_words / len(corpus.documents):,.0f}"),
        ("Queries", f"{len(corpus.queries):,}"),
        ("Judgments", f"{judged:,}"),
        ("Fingerprint", corpus.fingerprint[:12]),
    ]


def _sampled_figures(corpus: Corpus) -> list[tuple[str, str]]:
    """Return the figures of a corpus that is never read whole."""
    sample = corpus.sample(SAMPLE)
    length = sum(len(document.passage.split()) for document in sample) / max(len(sample), 1)
    return [
        ("Passages", f"{len(corpus.documents):,}"),
        (f"Words a passage, of {len(sample):,} drawn at random", f"{length:,.0f}"),
        ("Queries", f"{len(corpus.queries):,}"),
        ("Judgments", f"{sum(map(len, corpus.judgments.values())):,}"),
        ("Fingerprint", corpus.fingerprint[:12]),
    ]


def passages(corpus: Corpus, most: int) -> None:
    """Show a corpus's first passages in a table, with what else their files say of them."""
    own = ("id", "title", "text")
    rows = [
        {"id": d.id, "title": d.title, "text": shortened(d.text, CELL_CHARACTERS)}
        | {
            f"{name} (metadata)" if name in own else name: shortened(value, CELL_CHARACTERS)
            for name, value in d.details[:METADATA]
        }
        for d in corpus.documents[:most]
    ]
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = [{name: row.get(name, "") for name in names} for row in rows]
    st.dataframe(table, hide_index=True, width="stretch")
