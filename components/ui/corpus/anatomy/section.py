"""The section of the Corpus page that says what the corpus is made of."""

from __future__ import annotations

import streamlit as st

from components.analysis.anatomy import REMOTE, Anatomy, AnatomyStore, describe
from components.analysis.anatomy.rows import MOST
from components.domain import Corpus
from components.lab import StepReport
from components.ui.corpus.anatomy import findings, pictures
from components.ui.shared import page, state
from components.ui.shared.work import Computation, follow
from components.wording import count

AT_ONCE = 2_000
"""Documents that are read without being asked for: about a second's work, in a thread."""
SAMPLE = 20_000
"""Documents of a sample, which is offered for a corpus of twice as many."""
PATIENCE_S = 60.0
"""Seconds after which reading ends that no page asks about."""


@st.fragment
def anatomy() -> None:
    """Say what the session's corpus is made of; a large one is read once somebody asks.

    A click in here, and the end of reading, run nothing else of the page.
    """
    corpus = state.corpus()
    with st.container(key="anatomy", gap="small"):
        top = st.container()
        result = _result(corpus) or _offer(corpus)
        with top:
            page.heading("What it is made of", _about(result), "Near-duplicate", "Token")
        if result:
            findings.findings(corpus, result)
            pictures.pictures(corpus, result)


def _about(result: Anatomy | None) -> str:
    if result is None:
        return "Lengths, copies, languages, fields, judgments: what to know before a figure."
    if result.whole:
        return f"Counted over all {count(result.total, 'passage')}, what to know before a figure."
    return (
        f"Counted over {result.documents:,} of {count(result.total, 'passage')}, drawn at random: "
        "shares are those of the whole, give or take a little; copies are only told among them."
    )


def _result(corpus: Corpus) -> Anatomy | None:
    """Return what is there of a corpus: of this session, or on disk; the whole before a sample."""
    task = _task(corpus)
    if task and task.result:
        return task.result
    store = AnatomyStore(state.settings())
    most = min(len(corpus.documents), REMOTE) if corpus.remote else SAMPLE
    return state.memo(
        ("anatomy on disk", corpus), lambda: store.find(corpus) or store.find(corpus, most)
    )


def _task(corpus: Corpus) -> Computation[Anatomy] | None:
    """Return the session's latest reading of a corpus."""
    task: Computation[Anatomy] | None = state.mapping(state.COMPUTATIONS).get(("anatomy", corpus))
    return task


def _offer(corpus: Corpus) -> Anatomy | None:
    """Begin to read a small corpus, offer to read a large one, or show how far reading is.

    Return what was read where it has come to its end meanwhile.
    """
    n = len(corpus.documents)
    if _task(corpus) is None and n <= AT_ONCE and not corpus.remote:
        _begin(corpus, None)
    task = _task(corpus)
    if task:
        ended = follow(task, "anatomy")
        if not ended or task.result:
            return task.result if ended else None
    with st.container(horizontal=True, key="anatomy-offer"):
        if corpus.remote:  # it is never all read
            _sample_button(corpus, min(n, REMOTE))
            return None
        if n > 2 * SAMPLE:
            _sample_button(corpus, SAMPLE)
        st.button(
            f"Read all {count(n, 'passage')}" if n <= MOST else f"Read {MOST:,} at random",
            key="anatomy_whole",
            on_click=_begin,
            args=(corpus, None),
        )
    return None


def _sample_button(corpus: Corpus, most: int) -> None:
    st.button(
        f"Read {most:,} at random",
        type="primary",
        key="anatomy_sample",
        on_click=_begin,
        args=(corpus, most),
    )


def _begin(corpus: Corpus, most: int | None) -> None:
    """Read a corpus in a thread, and keep on disk what was read."""
    settings = state.settings()

    def read(report: StepReport) -> Anatomy:
        result = describe(corpus, settings, most, report)
        AnatomyStore(settings).keep(corpus, result, most)
        return result

    state.mapping(state.COMPUTATIONS)["anatomy", corpus] = Computation(read, PATIENCE_S).start()
