"""Record and replay: comparisons saved as a file, shown again without a key or a network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from components.domain import Comparison, InputError, Recorded
from components.exports.recordings import (
    RecordedQuery,
    Recording,
    Saved,
    bundle,
    columns_for,
    read_bundle,
)
from components.exports.trec import read_run
from components.pipeline import Pipelines, QueryInput, Request
from components.pipeline.job import ComparisonJob
from components.ui.compare import paste
from components.ui.compare.board.view import column_specs, first_spec
from components.ui.shared import page, state

RECORDING = "recording"
RUNS = "runs"
HISTORY = "history"
LATEST = "latest"
MOST_SAVED = 200
TYPES = ["json", "trec", "run", "txt"]


# ---------------------------------------------------------------- what is asked


def request_for(query: str, pipelines: Pipelines, most: int) -> Request:
    """Return a query's request, with the recorded columns that belong to it, `most` in all."""
    recorded = recorded_query(query)
    columns = (*(recorded.columns if recorded else ()), *_runs_for(query))
    room = max(0, most - len(pipelines.rerankers))
    first = recorded.first_stage if recorded else paste.given_order()
    if recorded:
        pipelines = replace(pipelines, initial_k=recorded.initial_k)
    return Request(pipelines, QueryInput(query, columns[:room], first))


def recording() -> Recording | None:
    """Return the recording that is being replayed, if any."""
    held: Recording | None = state.get(RECORDING)
    return held


def recorded_query(query: str) -> RecordedQuery | None:
    """Return what the recording holds for a query, while its corpus is the session's."""
    held = recording()
    if held is None or not _at_home(held):
        return None
    return columns_for(held, query)


def _at_home(held: Recording) -> bool:
    return held.matches(state.corpus()) or state.corpus().name == held.name


def _runs() -> dict[str, dict[str, Recorded]]:
    found: dict[str, dict[str, Recorded]] = st.session_state.setdefault(RUNS, {})
    return found


def _runs_for(query: str) -> tuple[Recorded, ...]:
    known = state.corpus().find_query(query)
    if known is None:
        return ()
    return tuple(run[known.id] for run in _runs().values() if known.id in run)


# ---------------------------------------------------------------- saving


def remember(job: ComparisonJob, comparison: Comparison) -> None:
    """Keep a finished comparison, so that it can be saved."""
    if st.session_state.get(LATEST) == id(job) or job.stopped:
        return
    state.put(LATEST, id(job))
    history: list[tuple[str, Saved]] = st.session_state.setdefault(HISTORY, [])
    history.append((job.corpus.fingerprint, saved(job, comparison)))
    del history[:-MOST_SAVED]


def saved(job: ComparisonJob, comparison: Comparison) -> Saved:
    """Return a comparison with what a reader must know of it: models, scales, judgments."""
    specs = column_specs(job.request, job.lab.settings)
    first = first_spec(job.request)
    known = {comparison.first_stage.system: first} | specs
    return Saved(
        comparison=comparison,
        initial_k=job.request.pipelines.initial_k,
        instruction=job.request.pipelines.instruction,
        models={key: spec.model or spec.label for key, spec in known.items()},
        scales={key: spec.scale for key, spec in known.items()},
        grades=job.corpus.grades(job.corpus.find_query(job.request.query.text)),
    )


def _save_buttons() -> None:
    corpus = state.corpus()
    history: list[tuple[str, Saved]] = st.session_state.get(HISTORY, [])
    mine = [one for fingerprint, one in history if fingerprint == corpus.fingerprint]
    if not mine:
        page.soft("A comparison can be saved once it has ended.", "nothing-to-save")
        return
    now = datetime.now(UTC)
    for label, chosen in (("Save this comparison", mine[-1:]), (f"Save all {len(mine)}", mine)):
        if chosen is mine and len(mine) < 2:
            continue
        st.download_button(
            label,
            bundle(chosen, corpus, now),
            file_name=f"{corpus.name}-{now:%Y-%m-%d-%H%M}.json",
            mime="application/json",
            icon=":material/download:",
            key=f"save-{len(chosen)}-{chosen is mine}",
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
            "A saved comparison, or a TREC run file of this corpus as a column.", "replay-how"
        )
        file = st.file_uploader(
            "Recording or run", type=TYPES, label_visibility="collapsed", key="_recording"
        )
        if file is not None and st.session_state.get("_recording_read") != file.file_id:
            st.session_state["_recording_read"] = file.file_id
            with page.complaints():
                _load(file.name, file.getvalue())
        _loaded_runs()


def _load(name: str, data: bytes) -> None:
    if name.lower().endswith(".json"):
        _replay(read_bundle(data, name))
    else:
        _add_run(name, data)
    st.rerun()


def _replay(found: Recording) -> None:
    """Make a recording the session's: its corpus, its first query, only its own columns."""
    names = [n for n in state.corpus_names() if found.matches(state.corpus_named(n))]
    if not names:
        state.uploads()[found.name] = found.corpus()
        names = [found.name]
    state.choose_corpus(names[0])
    state.put(RECORDING, found)
    state.put(state.QUERY, found.queries[0].text)
    state.put(state.RERANKERS, ())


def _add_run(name: str, data: bytes) -> None:
    run = read_run(data, name)
    known = {query.id for query in state.corpus().queries}
    if not known & run.keys():
        raise InputError(
            f"{name} ranks none of the queries of {state.corpus().name}.",
            "Choose the corpus that the run was made with; its query ids must agree.",
        )
    _runs()[next(iter(run.values())).key] = run


def _loaded_runs() -> None:
    for key, run in list(_runs().items()):
        with st.container(horizontal=True, vertical_alignment="center"):
            page.soft(f"{key}: {len(run):,} queries", f"run-{key}")
            if st.button("Remove", key=f"remove-{key}"):
                del _runs()[key]
                st.rerun()


def _failed(found: RecordedQuery | None) -> str:
    words = [f"{f.system}: {f.reason}" for f in found.failures] if found else []
    return f" Failed then: {'; '.join(words)}" if words else ""


def banner() -> None:
    """Say that a recording is being replayed, and offer to leave it."""
    held = recording()
    if held is None or not _at_home(held):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="replay"):
        found = recorded_query(state.query())
        texts = [query.text for query in held.queries]
        chosen = st.selectbox(
            f"Recorded queries ({len(texts):,})",
            texts,
            index=texts.index(found.text) if found else None,
            placeholder="This query is not in the recording",
            key=f"_recorded_{hash(state.query())}",
        )
        date = held.queries[0].first_stage.date
        page.soft(
            f"Recorded {date}. What is marked so was computed then, not now.{_failed(found)}",
            "replaying",
        )
        if st.button("Leave the recording", key="leave_recording"):
            state.put(RECORDING, None)
            state.put(state.RERANKERS, state.DEFAULTS[state.RERANKERS])
            st.rerun()
    if chosen is not None and chosen != state.query():
        state.put(state.QUERY, chosen)
        st.rerun()
