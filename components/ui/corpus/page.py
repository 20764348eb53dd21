"""The Corpus page's pieces: what is indexed and where, uploads, and indexing with progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from components.corpora import (
    MAX_SIZE,
    Columns,
    Upload,
    describe_formats,
    preview_columns,
    read_uploads,
    sample_names,
    upload_endings,
)
from components.domain import Corpus, CorpusError
from components.lab import LATE_LIMIT, TOKEN_SCHEMA, StepReport, catalog
from components.lab.work import BackgroundTask
from components.rerankers.late_interaction import LATE_MINILM
from components.retrieval.vectors import is_cached
from components.ui.shared import page, state

NEW_CORPUS = "new_corpus"


# ---------------------------------------------------------------- overview


def overview() -> None:
    """Show the session's corpus: its size, its judgments, its card."""
    page.corpus_picker("_corpus_page", 320)
    found = state.corpus()
    with st.container(horizontal=True, key="figures", gap="large"):
        for label, value in _figures(found):
            st.metric(label, value, width="content")
    if found.card:
        with st.expander("About this corpus", expanded=False):
            # a sample's card is the project's own text; an uploaded one is anybody's
            (st.markdown if found.name in sample_names() else st.text)(found.card)
    with st.expander("First passages"):
        st.dataframe(_rows(found), hide_index=True, width="stretch")


def _figures(found: Corpus) -> list[tuple[str, str]]:
    words = sum(len(d.passage.split()) for d in found.documents)
    judged = sum(len(grades) for grades in found.judgments.values())
    return [
        ("Passages", f"{len(found.documents):,}"),
        ("Words a passage", f"{words / len(found.documents):,.0f}"),
        ("Queries", f"{len(found.queries):,}"),
        ("Judgments", f"{judged:,}"),
        ("Fingerprint", found.fingerprint[:12]),
    ]


def _rows(found: Corpus, limit: int = 100) -> list[dict[str, str]]:
    return [{"id": d.id, "title": d.title, "text": d.text} for d in found.documents[:limit]]


# ---------------------------------------------------------------- indexing


def indexer() -> None:
    """Show where the corpus is indexed, and index it on request."""
    found, lab = state.corpus(), state.lab()
    page.heading(
        "Index",
        f"In {lab.store.where}. Vectors are kept on disk and computed only once.",
    )
    with page.complaints():
        _show_index(found)
    first = st.selectbox("First stage", list(catalog.first_stages()), width=320, key="_index_with")
    late = len(found.documents) <= LATE_LIMIT and st.checkbox(
        "Also keep token vectors, for late-minilm", value=True, key="_index_tokens"
    )
    if st.button("Index now", type="primary", key="index_now"):
        _begin(found, first, tokens=late)
    _show_task()


def _show_index(found: Corpus) -> None:
    lab = state.lab()
    held = {s.alias: s for s in lab.store.status()}
    rows: list[dict[str, Any]] = []
    for key, stage in catalog.first_stages().items():
        kept = not stage.encoder or is_cached(lab.settings.cache_dir, found, stage.encoder.spec)
        rows.append(_index_row(found, held, key, lab.store.alias(found, stage.schema), kept))
    kept = is_cached(lab.settings.cache_dir, found, LATE_MINILM)
    alias = lab.store.alias(found, TOKEN_SCHEMA)
    rows.append(_index_row(found, held, LATE_MINILM.key, alias, kept))
    st.dataframe(rows, hide_index=True, width="stretch")


def _index_row(
    found: Corpus, held: dict[str, Any], key: str, alias: str, kept: bool
) -> dict[str, Any]:
    status = held.get(alias)
    return {
        "System": key,
        "In the store": f"{status.points:,} points" if status else "not yet",
        "Vectors on disk": "yes" if kept else "no",
        "Collection": status.collection if status else "",
    }


def _begin(found: Corpus, first: str, *, tokens: bool) -> None:
    running = state.task()
    if running and not running.finished:
        running.stop()
    lab = state.lab()

    def work(report: StepReport) -> None:
        lab.index_all(found, first, tokens=tokens, report=report)

    state.put(state.TASK, BackgroundTask(work).start())


def _show_task() -> None:
    task = state.task()
    if task:
        live = not task.finished
        st.fragment(_watch_task, run_every=0.3 if live else None)(task, live)


def _watch_task(task: BackgroundTask, live: bool) -> None:
    finished, stage = task.finished, task.step
    if task.error:
        page.complain(task.error)
    elif finished and stage.state == "done":
        st.success("Indexed.", icon=":material/check:")
    elif finished:
        st.info("Stopped. The index that was there before is untouched.")
    else:
        share = stage.done / stage.total if stage.total else 0.0
        st.progress(share, text=f"{stage.state}: {stage.done:,} of {stage.total:,}")
        if st.button("Stop", key="stop_indexing", icon=":material/stop:"):
            task.stop()
    if finished and live:
        st.rerun()


# ---------------------------------------------------------------- uploads


def uploader() -> None:
    """Take a corpus from files; it is read and checked before anything changes."""
    page.heading(
        "Upload a corpus",
        f"A BEIR folder as a zip, or {describe_formats()} files; {MAX_SIZE} in all. "
        "It stays in this browser session.",
    )
    files = st.file_uploader(
        "Files",
        type=list(upload_endings()),
        accept_multiple_files=True,
        label_visibility="collapsed",
        key="_files",
    )
    if not files:
        return
    with page.complaints():
        uploads = [Upload(file.name, file.getvalue()) for file in files]
        columns = _columns(uploads)
        found = _parsed(uploads, tuple(file.file_id for file in files), columns)
        _offer(found)


def _columns(uploads: Sequence[Upload]) -> Columns | None:
    """Let the user choose a table's columns; None where no table was uploaded."""
    preview = preview_columns(uploads[0]) if len(uploads) == 1 else None
    if preview is None:
        return None
    st.dataframe(
        [dict(zip(preview.columns, row, strict=False)) for row in preview.rows[:5]],
        hide_index=True,
    )
    names, guess = list(preview.columns), preview.suggested
    table = hash(preview.columns)  # another table begins with its own guess
    with st.container(horizontal=True):
        text = st.selectbox(
            "Text column",
            names,
            index=names.index(guess.text) if guess else 0,
            key=f"_text_column_{table}",
        )
        title = st.selectbox(
            "Title column",
            ["(none)", *names],
            index=names.index(guess.title) + 1 if guess and guess.title else 0,
            key=f"_title_column_{table}",
        )
        identity = st.selectbox(
            "Id column",
            ["(none)", *names],
            index=names.index(guess.id) + 1 if guess and guess.id else 0,
            key=f"_id_column_{table}",
        )
    return Columns(text, _optional(title), _optional(identity))


def _optional(column: str) -> str | None:
    return None if column == "(none)" else column


def _parsed(
    uploads: Sequence[Upload], identities: tuple[str, ...], columns: Columns | None
) -> Corpus:
    """Read the files once, not at every rerun of the page."""
    key, held = (identities, columns), st.session_state.get(NEW_CORPUS)
    if held is None or held[0] != key:
        held = (key, read_uploads(uploads, columns=columns))
        st.session_state[NEW_CORPUS] = held
    found: Corpus = held[1]
    return found


def _offer(found: Corpus) -> None:
    st.text(
        f"{found.name}: {len(found.documents):,} passages, {len(found.queries):,} queries, "
        f"{sum(map(len, found.judgments.values())):,} judgments."
    )
    st.dataframe(_rows(found, 5), hide_index=True, width="stretch")
    key = f"_new_name_{found.fingerprint[:12]}"  # another upload begins with its own name
    name = st.text_input("Name", value=found.name, max_chars=60, width=320, key=key)
    if name.strip() in state.uploads():
        page.soft("This takes the place of the corpus of that name.", "replaces")
    if st.button("Use this corpus and index it", type="primary", key="use_upload"):
        _adopt(found, name.strip())


def _adopt(found: Corpus, name: str) -> None:
    if not name or name in sample_names():
        raise CorpusError(
            f"The name {name!r} is empty or taken by a sample.", "Give the corpus another name."
        )
    named = replace(found, name=name)
    state.uploads()[name] = named
    state.choose_corpus(name)
    _begin(named, state.get(state.FIRST_STAGE), tokens=False)
    st.rerun()
