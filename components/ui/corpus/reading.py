"""Reading an upload: a small one at once, a larger one in the background while it is watched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from components.corpora import ZIP_RATIO, Columns, Upload, read_uploads
from components.domain import Corpus
from components.lab import StepReport
from components.ui.shared import state
from components.ui.shared.work import Computation, watch

READ_AT_ONCE = 256 * 1024
"""Bytes, of a zip as it may unpack, that are read in the page's own run: half a second's work."""

PATIENCE_S = 10.0
"""Seconds after which reading ends that no page asks about: its window or its page has gone."""

Identity = tuple[tuple[str, ...], Columns | None]
"""The files and the columns that a corpus is read from."""


class UploadReading(Computation[Corpus]):
    """The reading of an upload in the background."""

    def __init__(self, identity: Identity, uploads: Sequence[Upload]) -> None:
        self.identity = identity

        def read(report: StepReport) -> Corpus:
            progress = partial(report, "reading")
            return read_uploads(uploads, columns=identity[1], progress=progress)

        super().__init__(read, PATIENCE_S)


def is_small(name: str, size: int) -> bool:
    """Return whether files of this size, the first of which has this name, are read at once."""
    return size * (ZIP_RATIO if name.lower().endswith(".zip") else 1) <= READ_AT_ONCE


def corpus_of(
    identity: Identity, uploads: Callable[[], Sequence[Upload]], *, at_once: bool
) -> Corpus | None:
    """Return an upload's corpus; None while it is read, after Stop or an error, which are shown.

    Raises `CorpusError` for an upload that is read at once.
    """
    latest: tuple[Identity, Corpus] | None = state.get(state.NEW_CORPUS)
    if latest and latest[0] == identity:
        return latest[1]  # read once, not at every run of the page
    if at_once:
        corpus = read_uploads(uploads(), columns=identity[1])
        state.put(state.NEW_CORPUS, (identity, corpus))
        return corpus
    task = _task(identity, uploads)
    if watch(task, "reading") and task.result:
        state.put(state.NEW_CORPUS, (identity, task.result))
        state.put(state.READING, None)
        return task.result
    if task.finished and not task.error:
        st.info("Stopped. Nothing was read.")
        st.button("Read again", key="read_again", on_click=abandon)
    return None


def abandon(but: tuple[str, ...] = ()) -> None:
    """Stop and forget the session's reading, unless it is of these files."""
    task: UploadReading | None = state.get(state.READING)
    if task and task.identity[0] != but:
        task.stop()
        state.put(state.READING, None)


def _task(identity: Identity, uploads: Callable[[], Sequence[Upload]]) -> UploadReading:
    """Return the reading of these files; one of other files is abandoned."""
    task: UploadReading | None = state.get(state.READING)
    if task is None or task.identity != identity:
        abandon()
        task = UploadReading(identity, uploads())
        state.put(state.READING, task.start())
    return task
