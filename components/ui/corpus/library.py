"""The kept corpora: a table that opens none of them, and what can be done with the chosen one."""

from __future__ import annotations

import time

import streamlit as st

from components.domain import LabError
from components.lab.library import MAX_NAME, Entry
from components.lab.library.traces import bytes_elsewhere, indexed_by
from components.ui.shared import page, state, uploads
from components.wording import agree, count, listed

MOST_ROWS = 10
"""Rows of the table that are seen at once."""
PATIENCE_S = 10
"""Seconds that work may take to end before its corpus is deleted all the same."""
SAID_S = 10
"""Seconds in which the page says that a corpus was deleted."""


def manage() -> None:
    """Offer to rename, link, delete and share the session's corpus where it is a kept one."""
    entry = uploads.entry_of(state.corpus().name)
    if entry is None:
        return
    owner = state.visitor().owner
    own = state.visitor().local or entry.owner == owner
    with st.container(horizontal=True, key="manage", vertical_alignment="center", width="content"):
        if own:
            _rename(entry)
        with st.popover("Link", icon=":material/link:", width="content"):
            st.text("Whoever has this link finds the corpus, and nobody guesses it.")
            home = (st.context.url or "").rstrip("/").removesuffix("/corpus")
            st.code(f"{home}/?upload={entry.token}", language=None, wrap_lines=True)
        if own:
            _delete(entry)
        if own and not state.visitor().local:
            key = f"_share_{entry.id}_{entry.shared}"
            shared = st.toggle("Everybody at this lab finds it", value=entry.shared, key=key)
            if shared != entry.shared:
                state.library().share(entry, shared=shared)
                st.rerun()


def _rename(entry: Entry) -> None:
    with st.popover("Rename", icon=":material/edit:", width="content"):
        with st.form(f"rename_{entry.id}", border=False):
            name = st.text_input("New name", value=entry.name, max_chars=MAX_NAME)
            pressed = st.form_submit_button("Rename it", type="primary")
        if pressed:
            with page.complaints():
                before = state.corpus().name
                state.library().rename(entry, name)
                links, splits = state.mapping(state.LINKED), dict(state.get(state.SPLITS))
                links.pop(before, None)
                new = next(n for n, own in state.kept().items() if own.id == entry.id)
                if before in splits:
                    state.put(state.SPLITS, {**splits, new: splits[before]})
                state.put(state.CORPUS, new)
                st.rerun()


def _delete(entry: Entry) -> None:
    with st.popover("Delete", icon=":material/delete:", width="content"):
        size = (entry.bytes + bytes_elsewhere(state.lab(), entry)) / 1e6
        st.text(
            f"{entry.name}: {count(entry.documents, 'passage')}, "
            f"{count(entry.queries, 'query')} and {count(entry.judgments, 'judgment')}, with "
            f"vectors and indexes ({size:,.1f} MB). Saved evaluations stay."
        )
        if st.button("Delete it for good", type="primary", key="delete_corpus"):
            with page.complaints():
                _forget_work()
                later = state.library().remove(entry)
                rest = f" What is left of it goes later: {later}" if later else ""
                said = f"{entry.name} was deleted.{rest}"
                state.put(state.DELETED, (said, time.monotonic() + SAID_S))
                state.put(state.UPLOADED, ())
                state.choose_corpus(state.corpus_names()[0])
                st.rerun()


def _forget_work() -> None:
    """Stop what this session is at, so that nothing of its corpus is written again."""
    for work in state.work():
        if not work.finished:
            work.stop()
            work.join(PATIENCE_S)
    state.put(state.COMPUTATIONS, {})
    state.put(state.TASK, None)
    state.put(state.JOB, None)
    state.put(state.PAST_JOBS, {})


def listing() -> None:
    """List all kept corpora that the visitor finds, the latest first; a selected row is opened."""
    newest = sorted(state.kept().items(), key=lambda item: item[1].made, reverse=True)
    kept = dict(newest)
    deleted, until = state.get(state.DELETED) or ("", 0.0)
    if time.monotonic() < until:  # work that ends meanwhile draws the page again
        st.success(deleted, icon=":material/check:")
    if not kept:
        return
    lab, settings = state.lab(), state.settings().library
    local, owner = state.visitor().local, state.visitor().owner
    total = sum(e.bytes for e in kept.values() if local or e.owner == owner) / 1e6
    most = settings.limit_mb if local else settings.visitor_mb
    page.heading(
        "Library",
        f"{count(len(kept), 'corpus', 'corpora')} that {agree(len(kept), 'stays', 'stay')}: texts "
        f"of {total:,.1f} MB, at most {most:,}. Select one to open it.",
    )
    with page.complaints():
        try:
            indexes = indexed_by(lab, kept.values())
        except LabError:  # the server is gone; the list is of this machine
            indexes = {}
        rows = [_row(name, entry, indexes.get(entry.id)) for name, entry in kept.items()]
        names, current = list(kept), state.corpus().name
        event = st.dataframe(
            rows,
            hide_index=True,
            width="stretch",
            height="content" if len(rows) <= MOST_ROWS else 36 * (MOST_ROWS + 1),
            on_select="rerun",
            selection_mode="single-row",
            key=f"library_{current}",
            column_config={
                "Passages": st.column_config.NumberColumn(format="localized"),
                "Queries": st.column_config.NumberColumn(format="localized"),
                "Size": st.column_config.NumberColumn(format="bytes"),
                "Added": st.column_config.DatetimeColumn(
                    format="D MMM YYYY, HH:mm", timezone=st.context.timezone
                ),
            },
        )
        picked = [names[row] for row in event["selection"]["rows"] if row < len(names)]
        if picked and picked[0] != current:
            state.choose_corpus(picked[0])
            st.rerun()


def _row(name: str, entry: Entry, stages: tuple[str, ...] | None) -> dict[str, object]:
    """Return a corpus's row; its size is that of its texts, vectors and embedded indexes."""
    indexed = (
        "not known: the server does not answer" if stages is None else listed(stages) or "not yet"
    )
    row: dict[str, object] = {
        "Corpus": name,
        "Passages": entry.documents,
        "Queries": entry.queries,
        "Size": entry.bytes + bytes_elsewhere(state.lab(), entry),
        "Indexed for": indexed,
        "Added": entry.made,
    }
    if not state.visitor().local:
        own = entry.owner == state.visitor().owner
        seen = "everybody here" if entry.shared else "you, and who has its link"
        row["Found by"] = seen if own else "everybody here" if entry.shared else "its link"
    return row
