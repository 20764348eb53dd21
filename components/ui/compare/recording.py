"""Record and replay: comparisons saved as a file, shown again without a key or a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from components.corpora.pasted import given_order
from components.domain import NO_FILTER, Comparison, InputError, Recorded
from components.exports.recordings import (
    RecordedQuery,
    Recording,
    Saved,
    bundle,
    columns_for,
    read_bundle,
    saved,
)
from components.exports.table_reading import read_comparison
from components.exports.trec import read_runs
from components.pipeline import Pipelines, QueryInput, Request
from components.pipeline.job import ComparisonJob
from components.pipeline.limits import MAX_SYSTEMS
from components.ui.compare import jobs
from components.ui.compare.board.view import column_specs, first_spec
from components.ui.shared import page, state, uploads
from components.wording import count, named

MOST_SAVED = 200
"""Comparisons of one session that can be saved; the oldest are dropped."""
WAIT_S = 30.0
"""How long a file waits for the end of the comparison; then it holds what there is."""
TYPES = ["json", "trec", "run", "txt", "csv"]


# ---------------------------------------------------------------- what is asked


def request_for(query: str, pipelines: Pipelines) -> Request:
    """Return a query's request, with the recorded columns and loaded runs that belong to it."""
    recorded = recorded_query(query)
    columns = (*(recorded.columns if recorded else ()), *_runs_for(query))
    room = max(0, MAX_SYSTEMS - len(pipelines.rerankers))
    first = recorded.first_stage if recorded else given_order(state.corpus())
    if recorded:
        pipelines = replace(pipelines, initial_k=recorded.initial_k)
    if first is not None:  # its candidates are what they are
        pipelines = replace(pipelines, filter=recorded.filter if recorded else NO_FILTER)
    return Request(pipelines, QueryInput(query, columns[:room], first))


def replayed() -> Recording | None:
    """Return the recording that is being replayed, while its corpus is the session's."""
    recording: Recording | None = state.get(state.RECORDING)
    corpus = state.corpus()
    if recording and (recording.matches(corpus) or corpus.name == recording.name):
        return recording
    return None


def recorded_query(query: str) -> RecordedQuery | None:
    """Return what the replayed recording holds for a query."""
    recording = replayed()
    return columns_for(recording, query) if recording else None


def _runs() -> dict[str, dict[str, Recorded]]:
    """Return the loaded runs: rankings by query id, by the run's key."""
    return state.mapping(state.RUNS)


def _runs_for(text: str) -> tuple[Recorded, ...]:
    query = state.corpus().find_query(text)
    if query is None:
        return ()
    return tuple(run[query.id] for run in _runs().values() if query.id in run)


# ---------------------------------------------------------------- saving


def remember(job: ComparisonJob, comparison: Comparison) -> None:
    """Keep a finished comparison, so that it can be saved."""
    if state.get(state.LATEST) == id(job) or job.stopped:
        return
    state.put(state.LATEST, id(job))
    history = _history()
    history.append((job.corpus.fingerprint, _entry(job, comparison)))
    del history[:-MOST_SAVED]


def _entry(job: ComparisonJob, comparison: Comparison) -> Saved:
    specs = {comparison.first_stage.system: first_spec(job.request, job.lab.settings)}
    specs |= column_specs(job.request, job.lab.settings)
    return saved(comparison, job.request.pipelines, specs, job.grades)


def _history() -> list[tuple[str, Saved]]:
    """Return the session's finished comparisons with their corpora's fingerprints."""
    history: list[tuple[str, Saved]] = st.session_state.setdefault(state.HISTORY, [])
    return history


def _save_buttons() -> None:
    """Offer files that are made when they are asked for: the page is drawn before the end."""
    job, corpus, history, now = jobs.current(), state.corpus(), _history(), datetime.now(UTC)
    if not history and job is None:
        page.soft("A comparison can be saved once there is one.", "nothing-to-save")
        return

    def latest() -> str:
        if job is not None and not job.finished:
            job.join(WAIT_S)
        if job is None or job.comparison is None:
            return everything(1)
        return bundle([_entry(job, job.comparison)], corpus, now)

    def everything(most: int = MOST_SAVED) -> str:
        mine = [one for fingerprint, one in history if fingerprint == corpus.fingerprint]
        return bundle(mine[-most:], corpus, now)

    for key, label, content in (
        ("one", "Save this comparison", latest),
        ("all", "Save all of this session", everything),
    ):
        st.download_button(
            label,
            content,
            file_name=f"{corpus.name}-{now:%Y-%m-%d-%H%M}.json",
            mime="application/json",
            icon=":material/download:",
            key=f"save-{key}",
            on_click="ignore",
        )


# ---------------------------------------------------------------- loading


def popover() -> None:
    """Offer to save, to replay, and to add a run made elsewhere."""
    with st.popover("Record and replay", icon=":material/history:", width="content"):
        st.markdown("**Save**")
        page.soft("Query, candidates, scores, times and costs; never a key.", "save")
        _save_buttons()
        st.markdown("**Replay**")
        page.soft(
            "A saved comparison, or a TREC run or a comparison's CSV of this corpus as columns.",
            "replay-how",
        )
        file = st.file_uploader(
            "Recording or run", type=TYPES, label_visibility="collapsed", key="_recording"
        )
        if file is not None and state.get(state.RECORDING_READ) != file.file_id:
            state.put(state.RECORDING_READ, file.file_id)
            with page.complaints():
                _load(file.name, file.getvalue())
        for key, run in list(_runs().items()):
            with st.container(horizontal=True, vertical_alignment="center"):
                page.soft(f"{named(key)}: {count(len(run), 'query')}", f"run-{key}")
                if st.button("Remove", key=f"remove-{key}"):
                    del _runs()[key]
                    st.rerun()


def _load(name: str, data: bytes) -> None:
    if name.lower().endswith(".json"):
        _replay(read_bundle(data, name))
    elif name.lower().endswith(".csv"):
        _add_runs(name, read_comparison(data, name, state.corpus()))
    else:
        _add_runs(name, read_runs(data, name, state.corpus()))
    st.rerun()


def _replay(recording: Recording) -> None:
    """Make a recording the session's: its corpus, its first query, only its own columns."""
    name = uploads.corpus_with(recording.fingerprint)
    if name is None:
        uploads.bring(recording.corpus())
        name = recording.name
    state.choose_corpus(name)
    state.put(state.RECORDING, recording)
    state.put(state.QUERY, recording.queries[0].text)
    state.put(state.RERANKERS, ())


def _add_runs(name: str, runs: Mapping[str, dict[str, Recorded]]) -> None:
    """Add runs, by tag or system, whose rankings are by query id."""
    queries = {query.id for query in state.corpus().queries}
    if all(run.keys().isdisjoint(queries) for run in runs.values()):
        raise InputError(
            f"{name} ranks none of the queries of {state.corpus().name}.",
            "Choose the corpus that the run was made with; its query ids must agree.",
        )
    for run in runs.values():
        _runs()[next(iter(run.values())).key] = run


def banner() -> None:
    """Say that a recording is being replayed, and offer to leave it."""
    recording = replayed()
    if recording is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="replay"):
        recorded = recorded_query(state.query())
        texts = [query.text for query in recording.queries]
        text = st.selectbox(
            f"Recorded queries ({len(texts):,})",
            texts,
            index=texts.index(recorded.text) if recorded else None,
            placeholder="This query is not in the recording",
            key=f"_recorded_{hash(state.query())}",
        )
        failures = [f"{named(f.system)}: {f.reason}" for f in recorded.failures] if recorded else []
        page.soft(
            f"Recorded {recording.queries[0].first_stage.date}. What is marked so was computed "
            f"then, not now.{' Failed then: ' + '; '.join(failures) if failures else ''}",
            "replaying",
        )
        if st.button("Leave the recording", key="leave_recording"):
            state.put(state.RECORDING, None)
            state.put(state.RERANKERS, state.DEFAULTS[state.RERANKERS])
            st.rerun()
    if text is not None and text != state.query():
        state.put(state.QUERY, text)
        st.rerun()
