"""A corpus from uploaded files; they are read and checked before anything changes."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from components.corpora import (
    MAX_SIZE,
    Columns,
    TablePreview,
    Upload,
    describe_formats,
    member_endings,
    preview_columns,
)
from components.domain import Corpus, StoreError
from components.lab.library import MAX_NAME, check_name, suggested
from components.ui.corpus import indexing, reading
from components.ui.corpus.imports import show_report
from components.ui.corpus.overview import CELL_CHARACTERS, passages
from components.ui.corpus.passages import cutting_of, lengths
from components.ui.shared import page, state, uploads
from components.wording import count, shortened

NO_COLUMN = "(none)"
FILES, FOLDER = "Files", "A folder"


def uploader() -> None:
    """Take a corpus from files and offer to use it."""
    page.heading(
        "Upload a corpus",
        f"A BEIR folder or a zip of one, or {describe_formats()} files; {MAX_SIZE} in all. "
        f"{_describe_keeping()}",
    )
    uploaded: tuple[str, ...] = state.get(state.UPLOADED) or ()
    if uploaded and uploaded[-1] == state.corpus().name:
        _ready(state.corpus())
    with st.container(key="_files"):
        kind = st.segmented_control(
            "What to upload",
            [FILES, FOLDER],
            default=FILES,
            required=True,
            label_visibility="collapsed",
            key="_upload_kind",
        )
        files = st.file_uploader(
            kind,
            type=list(member_endings()),
            accept_multiple_files="directory" if kind == FOLDER else True,
            label_visibility="collapsed",
            # a field of its own after each upload: it is empty again
            key=f"_files_{kind}_{len(uploaded)}",
        )
    cutting = cutting_of([file.name for file in files])
    ids = (*(file.file_id for file in files), repr(cutting))
    reading.abandon(but=ids)
    if not files:
        return

    def uploads() -> list[Upload]:
        return [Upload(file.name, file.getvalue(), cutting=cutting) for file in files]

    with page.complaints():
        preview = None
        if len(files) == 1:  # the file is looked at once, not at every run of the page
            preview = state.memo(("columns", ids), lambda: preview_columns(uploads()[0]))
        columns = _columns(preview) if preview else None
        at_once = reading.is_small(files[0].name, sum(file.size for file in files))
        corpus = reading.corpus_of((ids, columns), uploads, at_once=at_once)
        if corpus:
            _offer(corpus)


def _ready(corpus: Corpus) -> None:
    """Say that the session's corpus is there, and offer to search it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="uploaded"):
        st.text(
            f"✓ {corpus.name} is here: {count(len(corpus.documents), 'passage')}. A search waits "
            "until they are indexed."
        )
        if unkept := state.get(state.UNKEPT):
            page.soft(f"⚠ {unkept}", "unkept")
        if st.button("Search it", type="primary", key="search_upload", icon=":material/search:"):
            st.switch_page("app.py")


def _describe_keeping() -> str:
    """Say who sees an upload, and that it stays."""
    whose = "Everybody at this lab" if state.visitor().local else "You, and who has its link,"
    return f"{whose} can use it; it stays until it is deleted."


def _columns(preview: TablePreview) -> Columns | None:
    """Let the visitor choose columns; None where they stay as they are suggested."""
    if preview.suggested:
        page.soft(_describe_guess(preview, preview.suggested), "guess")
    rows = [[shortened(cell, CELL_CHARACTERS) for cell in row] for row in preview.rows[:5]]
    st.dataframe([dict(zip(preview.columns, row, strict=False)) for row in rows], hide_index=True)
    names, guess = list(preview.columns), preview.suggested
    table = hash(preview.columns)  # another table begins with its own guess
    with st.container(horizontal=True):
        text = st.selectbox(
            "Text column",
            names,
            index=names.index(guess.text) if guess and guess.text in names else 0,
            key=f"_text_column_{table}",
        )
        title, identity = (
            st.selectbox(
                f"{label} column",
                [NO_COLUMN, *names],
                index=names.index(suggested) + 1 if suggested else 0,
                key=f"_{label.lower()}_column_{table}",
            )
            for label, suggested in (
                ("Title", guess.title if guess else None),
                ("Id", guess.id if guess else None),
            )
        )
    columns = Columns(
        text,
        None if title == NO_COLUMN else title,
        None if identity == NO_COLUMN else identity,
    )
    return None if columns == guess else columns


def _describe_guess(preview: TablePreview, guess: Columns) -> str:
    """Say which column is read as the text and why; the report warns of one that is guessed."""
    other = " Choose another if it is not." if preview.guessed else ""
    return f"{guess.text!r} is read as the text: {preview.reason}.{other}"


def _offer(corpus: Corpus) -> None:
    st.text(
        f"{corpus.name}: {count(len(corpus.documents), 'passage')}, "
        f"{count(len(corpus.queries), 'query')}, "
        f"{count(sum(map(len, corpus.judgments.values())), 'judgment')}."
    )
    lengths(corpus)
    show_report(corpus.report)
    passages(corpus, 5)
    key = f"_new_name_{corpus.fingerprint[:12]}"  # another upload begins with its own name
    proposal = suggested(corpus.name, state.lab().collection_names)
    name = st.text_input("Name", value=proposal, max_chars=MAX_NAME, width=320, key=key)
    if uploads.taken(name):
        page.soft("This takes the place of your corpus of that name, which is deleted.", "replaces")
    if st.button("Use this corpus and index it", type="primary", key="use_upload"):
        _adopt(corpus, name)


def _adopt(corpus: Corpus, name: str) -> None:
    """Keep a corpus, make it the session's and begin to index it."""
    named = replace(corpus, name=check_name(name, state.lab().collection_names))
    try:
        with st.spinner("Keeping it"):
            name = uploads.keep(named)
    except StoreError as exc:  # a disk that cannot be written costs keeping it, no search
        uploads.bring(named)
        name = named.name
        state.put(state.UNKEPT, f"{exc.reason} {name} stays until this window is closed.")
    state.choose_corpus(name)
    state.put(state.UPLOADED, (*(state.get(state.UPLOADED) or ()), name))
    state.put(state.NEW_CORPUS, None)
    first, brought = state.get(state.FIRST_STAGE), state.corpus_named(name)
    if not indexing.cost(brought, first).systems:  # what costs money waits for a click
        indexing.begin(brought, first, tokens=False)
    st.rerun()
