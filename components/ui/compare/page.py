"""The Compare page: the running comparison, its columns, and the views of its result."""

from __future__ import annotations

import streamlit as st

from components.pipeline.job import ComparisonJob
from components.ui.compare import (
    depth,
    differences,
    explanation,
    exports,
    permalink,
    recording,
    status,
    views,
)
from components.ui.compare.board.component import board
from components.ui.compare.board.view import board_data
from components.ui.compare.results import Results
from components.ui.shared import page, state

POLL_SECONDS = 0.3


def show(job: ComparisonJob) -> None:
    """Show what a job has so far, and draw it again until it has ended."""
    live = not job.finished
    st.fragment(_watch, run_every=POLL_SECONDS if live else None)(job, live)


def _watch(job: ComparisonJob, live: bool) -> None:
    finished = job.finished  # read before drawing, so that nothing is missed in between
    query = job.corpus.find_query(job.request.query.text)
    grades, measure = job.corpus.grades(query), str(state.get(state.COMPARE_MEASURE))
    final_k = min(int(state.get(state.FINAL_K)), job.request.pipelines.initial_k)
    if job.error:
        page.complain(job.error)
    status.note(query)
    if finished:
        status.outcome(job, grades, measure)
    else:
        status.progress(job)
    if job.first_stage is not None and not job.first_stage.hits:
        st.text("The first stage found no candidate: no document holds a word of this query.")
    elif job.first_stage is not None or not finished:
        data = board_data(job, final_k, grades, depth.selected_depth(job), measure)
        document = board(differences.focused(data), key="board", selected=state.get(state.CHOSEN))
        if finished:
            state.put(state.CHOSEN, document)
            permalink.write()
        if finished and job.comparison is not None:
            palette = page.palette()
            _show_results(
                Results.of(job, job.comparison, grades, final_k, measure, palette), document
            )
    if finished and live:
        st.rerun()  # ends the polling


def _show_results(results: Results, document: str | None) -> None:
    """Show what a finished comparison has to say; first of the document that was opened."""
    recording.remember(results.job, results.comparison)
    if document:
        explanation.detail(results.job, document, results.columns, results.grades)
    status.missing_candidates(results.job)
    differences.instruction_effects(results.columns, results.final_k)
    if state.get(state.VIEW) != "presenter":
        views.show(results)
        exports.downloads(results)
