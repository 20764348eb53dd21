"""What is asked: the query form, the settings, and the job that answers."""

from __future__ import annotations

from collections import Counter
from functools import partial

import streamlit as st

from components.advice.estimates import Estimate, estimate_first_stage, estimate_queries
from components.domain import Corpus
from components.exports.permalink import VIEWS
from components.lab import PAID_PATIENCE_S
from components.measures import families, quality_measures
from components.pipeline import Request, check_request
from components.pipeline.job import ComparisonJob
from components.ui.compare import jobs, paste, recording
from components.ui.shared import filters, page, spending, state, systems

FIRST_PAINT_SECONDS = 0.15
"""How long the first drawing waits for the first stage, which takes milliseconds when warm."""

# ---------------------------------------------------------------- settings


def query_form() -> None:
    """Show the query and the button; a submit begins a new comparison."""
    query = state.query()
    if state.get(state.DRAWN_QUERY) != query or "_query" not in st.session_state:
        st.session_state["_query"] = query  # set by another widget, not typed here
    with (
        st.container(key="ask"),
        st.form("question", border=False, enter_to_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(
            "Query", key="_query", label_visibility="collapsed", placeholder="Ask something"
        )
        pressed = st.form_submit_button("Compare", type="primary", width="content")
    state.put(state.DRAWN_QUERY, typed if pressed else query)
    if pressed:
        if typed == query:
            jobs.shelve()  # what is asked again is computed again
        state.put(state.QUERY, typed)
        state.put(state.FROM_ADDRESS, False)


def settings() -> Request:
    """Show the settings in one row and return what is to be compared."""
    with st.container(horizontal=True, key="settings", vertical_alignment="bottom"):
        page.corpus_picker("_corpus", 170)
        _choose_sample_query()
        with st.popover("Systems and depth", icon=":material/tune:", width="content"):
            systems.choose()
            _choose_measure()
        filters.popover()
        recording.popover()
        paste.popover()
        st.selectbox(
            "View",
            list(VIEWS),
            format_func=lambda key: VIEWS[key],
            width=170,
            **state.bound(state.VIEW),
        )
    recording.banner()
    return recording.request_for(state.query(), systems.pipelines())


def _choose_measure() -> None:
    """Let the visitor choose the measure of the columns' quality, the verdict and the views."""
    current = state.get(state.COMPARE_MEASURE)
    described = [f"- **{m.name}**: {m.description}" for m in families().values() if m.quality]
    st.selectbox(
        "Measure",
        dict.fromkeys((*quality_measures(), current)),
        help="\n".join(["Where the query is judged. Changing it recomputes nothing.", *described]),
        **state.bound(state.COMPARE_MEASURE),
    )


def _choose_sample_query() -> None:
    corpus = state.corpus()
    if not corpus.queries:
        return
    tag = _choose_tag(corpus)
    texts = [query.text for query in corpus.queries if tag in (None, *query.tags)]
    key = f"_sample_{corpus.fingerprint[:8]}_{tag}"
    st.session_state[key] = state.query() if state.query() in texts else None
    st.selectbox(
        f"Sample queries ({len(texts):,})",
        texts,
        index=None,
        placeholder="Pick a sample query",
        width="stretch",
        key=key,
        on_change=lambda: state.put(state.QUERY, st.session_state[key] or state.query()),
    )


def _choose_tag(corpus: Corpus) -> str | None:
    """Return the difficulty to which the sample queries are narrowed, if any."""
    counts = Counter(tag for query in corpus.queries for tag in query.tags)
    if not counts:
        return None
    return st.selectbox(
        "What makes it hard",
        sorted(counts),
        index=None,
        placeholder="anything",
        format_func=lambda tag: f"{tag} ({counts[tag]:,})",
        width=220,
        key=f"_tag_{corpus.fingerprint[:8]}",
    )


# ---------------------------------------------------------------- the comparison


def current_job(request: Request) -> ComparisonJob | None:
    """Return the job for a request: the running one, or a new one that abandons the old.

    There is none while a request that spends waits for a click.
    """
    corpus = state.corpus()
    job = jobs.current()
    if job and job.request == request and job.corpus.identity == corpus.identity:
        return job
    jobs.shelve()
    if state.get(state.NAVIGATED) and (past := jobs.take_back(request, corpus)):
        return past
    with page.complaints():
        check_request(request, state.lab())
        if request.query.recorded_first is None:
            corpus.fields.check(request.pipelines.filter)
        if not _may_send(request, corpus):
            return None
        cached = job.reusable_rankings(request, corpus) if job else {}
        job = ComparisonJob(state.lab(), corpus, request, cached, PAID_PATIENCE_S).start()
        state.put(state.JOB, job.await_first_stage(FIRST_PAINT_SECONDS))
    return jobs.current()


def _may_send(request: Request, corpus: Corpus) -> bool:
    """Return whether a request may begin; ask before one that spends by an address, or much."""
    lab = state.lab()
    estimate = estimate_queries(
        request.pipelines.rerankers,
        1,
        min(request.pipelines.initial_k, len(corpus.documents)),
        lambda: spending.mean_tokens(corpus),
        lab.settings,
    )
    encoding = partial(estimate_first_stage, request.pipelines.first_stage, corpus)
    tokens = partial(spending.mean_tokens, corpus)
    estimate += encoding(1, tokens, lab)
    much = estimate.needs_confirmation(lab.settings.spending)
    if not estimate.systems or state.get(state.CONFIRMED) == request:
        return True
    if not (much or state.get(state.FROM_ADDRESS)):
        return True
    what = "documents and query" if encoding(0, tokens, lab).systems else "the query"
    _ask_to_send(request, estimate, what)
    return False


def _ask_to_send(request: Request, estimate: Estimate, what: str) -> None:
    """Ask before calls with an API key: whoever wrote an address must not spend by it."""
    by_address = state.get(state.FROM_ADDRESS)
    with st.container(border=True, key="spending"):
        st.text(
            f"This {'address' if by_address else 'comparison'} asks for "
            f"{', '.join(estimate.systems)}: called over the network with an API key, which may "
            f"cost money. The estimate is {estimate}. Nothing has been sent yet."
            + (" The whole corpus is sent to be encoded, once." if "documents" in what else "")
        )
        st.button(f"Send {what}", key="send", type="primary", on_click=_send, args=(request,))


def _send(request: Request) -> None:
    """Allow a request."""
    state.put(state.FROM_ADDRESS, False)
    state.put(state.CONFIRMED, request)
