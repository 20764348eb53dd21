"""Where the session's corpus is indexed, and indexing with progress."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from components.domain import Corpus
from components.lab import BackgroundTask, StepReport, catalog
from components.rerankers.late_interaction import LATE_BGE, encode_ahead
from components.retrieval.vectors import is_cached
from components.ui.shared import page, state
from components.ui.shared.work import watch
from components.wording import count

AHEAD = "Otherwise they are computed when a search first wants them, a candidate at a time."


def indexer() -> None:
    """Show where the corpus is indexed, and index it on request."""
    corpus, lab = state.corpus(), state.lab()
    page.heading(
        "Index",
        f"In {lab.store.where}. Vectors are kept on disk and computed only once.",
    )
    with page.complaints():
        _collections(corpus)
    first = st.selectbox("First stage", list(catalog.first_stages()), width=320, key="_index_with")
    tokens = st.checkbox(
        f"Also encode token vectors ahead, for {LATE_BGE.key}", key="_index_tokens", help=AHEAD
    )
    if st.button("Index now", type="primary", key="index_now"):
        begin(corpus, first, tokens=tokens)
    task = state.task()
    if task and watch(task, "indexing") and not task.error:
        if task.step.state == "done":
            st.success("Indexed.", icon=":material/check:")
        else:
            st.info("Stopped. The index that was there before is untouched.")


def _collections(corpus: Corpus) -> None:
    """Show, for each first stage, what is stored, and how many token vectors there are."""
    lab = state.lab()
    collections = {s.alias: s for s in lab.store.status()}
    rows: list[dict[str, Any]] = []
    for key, stage in catalog.first_stages().items():
        cached = not stage.encoder or is_cached(lab.settings.cache_dir, corpus, stage.encoder.spec)
        alias = lab.store.alias(corpus, stage.schema)
        rows.append(_row(key, collections, alias, cached=cached))
    st.dataframe(rows, hide_index=True, width="stretch")
    texts, size = lab.tokens.size()
    page.soft(
        f"Token vectors for {LATE_BGE.key}: {count(texts, 'text')} of all corpora, "
        f"{size / 1e6:,.0f} MB of at most {lab.settings.token_vectors.limit_mb:,} MB.",
        "token-vectors",
    )


def _row(key: str, collections: Mapping[str, Any], alias: str, *, cached: bool) -> dict[str, Any]:
    status = collections.get(alias)
    return {
        "System": key,
        "In the store": count(status.points, "point") if status else "not yet",
        "Vectors on disk": "yes" if cached else "no",
        "Collection": status.collection if status else "",
    }


def begin(corpus: Corpus, first_stage: str, *, tokens: bool) -> None:
    """Index a corpus in the background, in place of an indexing that is still at work."""
    running = state.task()
    if running and not running.finished:
        running.stop()
    lab = state.lab()

    def work(report: StepReport) -> None:
        lab.index(corpus, first_stage, report)
        if tokens:
            progress = partial(report, f"encode with {LATE_BGE.key}")
            encode_ahead(lab.tokens, [document.passage for document in corpus.documents], progress)

    state.put(state.TASK, BackgroundTask(work).start())
