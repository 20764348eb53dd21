"""A collection that exists already: what was checked, how it searches, whether it has changed."""

from __future__ import annotations

from functools import partial

import streamlit as st

from components.domain import Corpus
from components.lab import BackgroundTask, costs
from components.ui.shared import page, state
from components.ui.shared.work import watch
from components.wording import shortened

CELL = 300
"""Characters of a cell in the table of checks."""


def collection() -> None:
    """Show the session's corpus as the collection that it is."""
    corpus, lab = state.corpus(), state.lab()
    about = lab.collections.about(corpus)
    # where a server is, is nobody's business but the operator's
    where = about.where if state.visitor().local else "a Qdrant server"
    page.heading(
        "Collection",
        f"{where}. It exists already, and the lab only reads it: nothing is ever written there.",
    )
    if about.changed:
        _changed(corpus, about.changed)
    lines = [
        f"{check.name}: {check.came}. {check.remedy}" for check in about.checks if check.remedy
    ]
    lines += [f"⚠ {note}" for note in lab.collections.vector_notes(corpus)]
    for i, line in enumerate(lines):
        page.soft(line, f"collection-note-{i}")
    recall = lab.collections.recall(corpus) or "recall not measured"
    page.soft(
        f"Dense search: {about.search}; {recall}. It is the collection's own, so its candidates "
        "may change with the server's state.",
        "collection-search",
    )
    _measure(corpus)
    with st.expander(f"What was checked when it was opened ({len(about.checks)})"):
        rows = [
            {
                "Looked at": check.name,
                "Expected": shortened(check.expected, CELL),
                "Came": shortened(check.came, CELL),
                "To know": shortened(check.remedy, CELL),
            }
            for check in about.checks
        ]
        height = 36 * len(rows) + 40
        st.dataframe(rows, hide_index=True, width="stretch", height=height, key="collection_checks")


def _changed(corpus: Corpus, how: str) -> None:
    """Say that the collection is not what it was, and offer to open it as it is."""
    with st.container(border=True, key="collection_changed"):
        st.text(f"⚠ {corpus.name} has changed: {how}.")
        st.text(
            "Searches go to the collection as it is now, each score with the text it was found "
            "with. What was computed before stays as it was."
        )
        if st.button("Open it anew", key="open_anew", type="primary"):
            with page.complaints():
                state.lab().collections.open(corpus.name, anew=True)
                st.rerun()


def _measure(corpus: Corpus) -> None:
    """Compare the collection's own search with exact search, on request: it costs the server."""
    lab = state.lab()
    entry = next(s.encoder for s in lab.first_stages(corpus).values() if s.encoder)
    if costs(entry.spec, lab.settings):
        page.soft("Its encoder charges for each query: recall is not measured.", "no-recall")
        return
    with st.container(horizontal=True, key="recall", vertical_alignment="center"):
        pressed = st.button("Measure recall", key="measure_recall")
        page.soft(
            "Searches its queries, 100 at most, once as the collection does and once exactly.",
            "about-recall",
        )
    if pressed:
        encoder, _ = lab.encoder(entry)
        work = partial(lab.collections.measure_recall, corpus, encoder)
        state.put(state.TASK, BackgroundTask(work).start())
    task = state.task()
    if task:
        watch(task, "recall")
