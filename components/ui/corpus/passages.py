"""How long the passages of an upload are: two settings, and what they make of the documents."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import streamlit as st

from components.corpora import Cutting, is_prose
from components.corpora.cutting import LEAST_WORDS, MOST_WORDS
from components.domain import Corpus
from components.ui.shared import page, state
from components.wording import count


def cutting_of(names: Sequence[str]) -> Cutting:
    """Let the visitor say how prose is cut; as configured where no file of these may be prose.

    A zip may hold some.
    """
    usual = Cutting.of(state.lab().settings.passages)
    if not any(is_prose(name) or name.lower().endswith((".zip", ".gz")) for name in names):
        return usual
    with st.container(horizontal=True, key="passages"):
        length = st.number_input(
            "Words of a passage",
            LEAST_WORDS,
            MOST_WORDS,
            usual.length,
            step=50,
            key="_passage_words",
            width=200,
            help="Documents are cut at headings, pages and paragraphs into passages of at most so "
            "many words; a section of up to a third more stays whole. Models read about the first "
            "350 words.",
        )
        overlap = st.number_input(
            "Words repeated",
            0,
            length // 2,
            min(usual.overlap, length // 2),
            step=10,
            key=f"_passage_overlap_{length // 2}",
            width=200,
            help="How many words at the end of a passage the next one begins with.",
        )
    return Cutting(length, overlap)


def lengths(corpus: Corpus) -> None:
    """Say what the settings made: how many passages of how many documents, and how long."""
    cut = [d for d in corpus.documents if "characters" in d.metadata and "document" in d.metadata]
    if not cut:
        return
    sizes = sorted(len(document.text.split()) for document in cut)
    n_documents = len({document.metadata["document"] for document in cut})
    page.soft(
        f"{count(len(cut), 'passage')} of {count(n_documents, 'document')}: {sizes[0]:,} to "
        f"{count(sizes[-1], 'word')}, half of them up to {median(sizes):,.0f}.",
        "passage_lengths",
    )
