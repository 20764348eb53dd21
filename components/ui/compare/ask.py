"""What is asked: the query form, the settings, and the job that answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from components.domain import Corpus, Ranking, Spec
from components.lab import Lab, catalog
from components.pipeline import Pipelines, Request, check_request
from components.pipeline.job import ComparisonJob
from components.ui.compare import paste, permalink, recording
from components.ui.shared import page, state

MAX_SYSTEMS = 7
FIRST_PAINT_SECONDS = 0.15
"""How long the first drawing waits for the first stage, which takes milliseconds when warm."""

# ---------------------------------------------------------------- settings


def query_form() -> None:
    """Show the query and the button; a submit begins a new comparison."""
    query = state.query()
    if state.get(state.SHOWN_QUERY) != query or "_query" not in st.session_state:
        st.session_state["_query"] = query  # it was chosen elsewhere, not typed here
    with (
        st.container(key="ask"),
        st.form("question", border=False, enter_to_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(
            "Query", key="_query", label_visibility="collapsed", placeholder="Ask something"
        )
        pressed = st.form_submit_button("Compare", type="primary", width="content")
    state.put(state.SHOWN_QUERY, typed if pressed else query)
    if pressed:
        state.put(state.QUERY, typed)
        state.put(state.SAMPLE_QUERY, None)
        abandon()


def settings() -> Request:
    """Show the settings in one row and return what is to be compared."""
    with st.container(horizontal=True, key="settings", vertical_alignment="bottom"):
        page.corpus_picker("_corpus", 170)
        _choose_sample_query()
        with st.popover("Systems and depth", icon=":material/tune:", width="content"):
            choose_systems()
        recording.popover()
        paste.popover()
        st.selectbox(
            "View",
            list(permalink.VIEWS),
            format_func=lambda key: permalink.VIEWS[key],
            width=170,
            **state.bound(state.VIEW),
        )
    recording.banner()
    return request()


def presenting() -> Request | None:
    """Return the request in presenter view, which shows no control but the way out."""
    if state.get(state.VIEW) != "presenter":
        return None
    page.presenter()
    with st.container(key="presented"):
        st.text(state.query())
    if st.button("Leave presenter view", key="leave_presenter", type="tertiary"):
        state.put(state.VIEW, "all")
        st.rerun()
    return request()


def request() -> Request:
    """Return what the session's settings ask for."""
    return recording.request_for(state.query(), pipelines(), MAX_SYSTEMS)


def pipelines() -> Pipelines:
    """Return the first stage, the depth and the rerankers that the session's settings name."""
    return Pipelines(
        first_stage=state.get(state.FIRST_STAGE),
        rerankers=_with_variants(tuple(state.get(state.RERANKERS))),
        initial_k=int(state.get(state.INITIAL_K)),
        instruction=str(state.get(state.INSTRUCTION)),
        deadline_s=state.get(state.DEADLINE),
    )


def _with_variants(rerankers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the rerankers, each that follows an instruction beside itself without it, if asked."""
    if not (state.get(state.WITHOUT) and str(state.get(state.INSTRUCTION)).strip()):
        return rerankers
    specs = catalog.reranker_specs(state.lab().settings)
    pairs = [
        (key, key + catalog.WITHOUT_INSTRUCTION) if specs[key].instructions else (key,)
        for key in rerankers
    ]
    return tuple(key for pair in pairs for key in pair)[:MAX_SYSTEMS]


def _choose_sample_query() -> None:
    corpus = state.corpus()
    if not corpus.queries:
        return
    tag = _choose_tag(corpus)
    texts = [query.text for query in corpus.queries if tag in (None, *query.tags)]
    current = state.query()
    chosen = st.selectbox(
        f"Sample queries ({len(texts):,})",
        texts,
        index=texts.index(current) if current in texts else None,
        placeholder="Pick a sample query",
        width="stretch",
        key=f"_sample_{corpus.fingerprint[:8]}_{tag}_{hash(current)}",
    )
    if chosen is not None and chosen != current:
        state.put(state.QUERY, chosen)
        st.rerun()


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


def choose_systems() -> None:
    """Let the visitor choose first stage, rerankers, depths, deadline and instruction."""
    lab = state.lab()
    firsts, seconds = catalog.first_stages(), catalog.reranker_specs(lab.settings)
    missing = {key: "needs a key" for key, spec in seconds.items() if _keyless(spec, lab)}
    st.selectbox(
        "First stage",
        list(firsts),
        format_func=lambda key: f"{key} · {firsts[key].spec.family}",
        **state.bound(state.FIRST_STAGE),
    )
    st.multiselect(
        "Rerankers",
        list(seconds),
        format_func=lambda key: f"{key} · {missing.get(key) or seconds[key].family}",
        max_selections=MAX_SYSTEMS,
        **state.bound(state.RERANKERS),
    )
    st.number_input(
        "Candidates (initial_k)",
        *(1, 1000),
        help="How many documents the first stage hands to the rerankers.",
        **state.bound(state.INITIAL_K),
    )
    st.number_input(
        "Shown (final_k)",
        *(1, 50),
        help="How many documents each column shows. Changing it recomputes nothing.",
        **state.bound(state.FINAL_K),
    )
    st.number_input(
        "Deadline for each reranker, in seconds",
        *(0.1, 3600.0),
        placeholder=f"{lab.settings.remote.deadline_s:g} for those over the network",
        help="A reranker that has not finished by then fails, alone, in its column.",
        **state.bound(state.DEADLINE),
    )
    _choose_instruction([key for key in state.get(state.RERANKERS) if seconds[key].instructions])


def _keyless(spec: Spec, lab: Lab) -> bool:
    needed = spec.provider in lab.settings.variables
    return needed and spec.provider not in lab.settings.keys


def _choose_instruction(followers: Sequence[str]) -> None:
    """Let the visitor write an instruction; say who would follow it."""
    st.text_area(
        "Instruction",
        max_chars=2000,
        height=80,
        placeholder="for example: prefer passages that answer directly",
        **state.bound(state.INSTRUCTION),
    )
    words = f"Followed by {', '.join(followers)}." if followers else "None of these follows one."
    page.soft(words, "followers")
    st.checkbox(
        "A/B: show these rerankers without the instruction, too",
        disabled=not (followers and str(state.get(state.INSTRUCTION)).strip()),
        **state.bound(state.WITHOUT),
    )


# ---------------------------------------------------------------- the comparison


def current_job(request: Request) -> ComparisonJob | None:
    """Return the job for a request: the running one, or a new one that abandons the old."""
    corpus = state.corpus()
    job = state.job()
    if job and job.request == request and job.corpus.fingerprint == corpus.fingerprint:
        return job
    if job:
        job.stop()
    state.put(state.JOB, None)
    with page.complaints():
        check_request(request, state.lab())
        cached = cached_rankings(job, request, corpus) if job else {}
        job = ComparisonJob(state.lab(), corpus, request, cached).start()
        state.put(state.JOB, job.await_first_stage(FIRST_PAINT_SECONDS))
    return state.job()


def cached_rankings(job: ComparisonJob, request: Request, corpus: Corpus) -> dict[str, Ranking]:
    """Return the rankings of a job that still hold when only the choice of rerankers changed.

    Nobody should pay a provider again for adding another column.
    """
    before, now = job.request.pipelines, request.pipelines
    same = replace(before, rerankers=now.rerankers, instruction=now.instruction) == now
    candidates = replace(job.request.query, recorded=request.query.recorded) == request.query
    if not (same and candidates) or job.corpus.fingerprint != corpus.fingerprint:
        return {}
    alike, settings = before.instruction == now.instruction, job.lab.settings
    rankings = job.comparison.rankings if job.comparison else ()
    return {
        ranking.system: ranking
        for ranking in rankings
        if not ranking.recorded
        and (alike or not catalog.reranker_spec(ranking.system, settings).instructions)
    }


def abandon() -> None:
    """Stop the session's comparison and forget it, so that the next run begins anew."""
    job = state.job()
    if job:
        job.stop()
    state.put(state.JOB, None)
