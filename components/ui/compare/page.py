"""The Compare page: the running comparison, its columns, and the views of its result."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import streamlit as st

from components.domain import StoreError
from components.lab.work import ENDED
from components.pipeline.job import ComparisonJob
from components.ui.compare import (
    depth,
    differences,
    exports,
    jobs,
    panel,
    permalink,
    recording,
    status,
    views,
)
from components.ui.compare.board.component import Selection, board, column_change
from components.ui.compare.board.view import board_data, column_view
from components.ui.compare.results import Results
from components.ui.shared import live, page, state
from components.ui.shared.work import poll
from components.wording import shortened

NAME = "comparison"
"""The name under which the session's channel carries its comparison."""


def show(job: ComparisonJob) -> None:
    """Show what a job has so far; the board follows it, and the page is drawn again at its end."""
    number, at_work = job.news.number, not job.finished  # before drawing: nothing is missed
    st.fragment(_draw)(job)
    if at_work:
        poll(job, number)


def _draw(job: ComparisonJob) -> None:
    if isinstance(job.error, StoreError) and job.finished and job.first_stage is None:
        page.complain(job.error)
        last = _last_instead()
        if last is None:
            return
        job = last
    finished = job.finished  # read before drawing, so that nothing is missed in between
    query = job.corpus.find_query(job.request.query.text)
    grades, measure = job.grades, str(state.get(state.COMPARE_MEASURE))
    final_k = min(int(state.get(state.FINAL_K)), job.request.pipelines.initial_k)
    followed = None if finished else _followed(job, final_k, grades, measure)
    with st.container():  # with or without content: the browser makes anew what changes its place
        if job.error:
            page.complain(job.error)
        if state.get(state.VIEW) != "presenter":
            status.note(query)
        if not finished:
            status.progress(job, followed)
        elif job.stopped:
            page.soft("Stopped. What had finished is shown.", "stopped")
    if job.first_stage is not None and not job.first_stage.hits:
        status.no_candidate(job.first_stage)
        permalink.write()
    elif job.first_stage is not None or not finished:
        _draw_comparison(job, final_k, grades, measure, followed)


def _last_instead() -> ComparisonJob | None:
    """Offer to ask a store again that did not answer; return the last comparison, to be shown."""
    if st.button("Try again", key="try_again", icon=":material/refresh:", type="primary"):
        jobs.drop()
        st.rerun()
    last = jobs.last()
    if last:
        query = shortened(last.request.query.text, 100)
        with st.container(key="still"):
            st.text(f"Still shown: the last comparison, “{query}” in {last.corpus.name}.")
    return last


def _draw_comparison(
    job: ComparisonJob,
    final_k: int,
    grades: Mapping[str, int],
    measure: str,
    followed: Mapping[str, Any] | None,
) -> None:
    """Draw the columns, and what is to be said of those that have ended; `followed` at work."""
    at, results = depth.selected_depth(job), None
    if job.comparison is not None:
        results = Results.of(job, job.comparison, grades, final_k, measure, page.palette(), at)
        status.under_filter(results)
        with st.container(horizontal=True, vertical_alignment="bottom", key="above"):
            status.outcome(results)
            if state.get(state.VIEW) != "presenter":
                depth.slider(job)
    # A fragment of its own: to select a document draws the board and its panel, nothing else.
    st.fragment(_draw_board)(job, final_k, grades, measure, followed, results)
    if results:
        _show_results(results)


def _draw_board(
    job: ComparisonJob,
    final_k: int,
    grades: Mapping[str, int],
    measure: str,
    followed: Mapping[str, Any] | None,
    results: Results | None,
) -> None:
    """Draw the columns, and beside them the panel of the selected document.

    `followed` and `results` are those of the page around this, which is drawn again where more
    systems have ended meanwhile.
    """
    ended = len(job.comparison.results) if job.comparison else -1
    drawn = len(results.comparison.results) if results else -1
    if ended > drawn or (job.finished and followed is not None):
        st.rerun()
    document, system = state.get(state.CHOSEN), state.get(state.CHOSEN_SYSTEM) or ""
    selection = board(
        differences.focused(board_data(job, final_k, grades, depth.selected_depth(job), measure)),
        key="board",
        selected=Selection(document, system) if document else None,
        live={**followed, "silent": True} if followed else None,
        presenting=state.get(state.VIEW) == "presenter",
    )
    if job.finished:
        state.put(state.CHOSEN, selection.document if selection else None)
        state.put(state.CHOSEN_SYSTEM, selection.system if selection else None)
        permalink.write()
    if selection and results:
        panel.show(results, selection)


def _followed(
    job: ComparisonJob, final_k: int, grades: Mapping[str, int], measure: str
) -> dict[str, Any] | None:
    """Let the browser follow a job; return what the components need for it."""

    def render(topic: Hashable) -> dict[str, Any]:
        if topic == ENDED:
            return {}
        column = column_view(job, str(topic), final_k, grades, None, measure)
        part = {"part": topic} if job.comparison and job.comparison.result(str(topic)) else {}
        return column_change(column) | status.line(job).as_change() | part

    return live.carried(NAME, job, render)


def _show_results(results: Results) -> None:
    """Show what a comparison has to say so far."""
    with st.container():  # what follows keeps its place
        if results.job.finished and results.job.comparison is not None:
            recording.remember(results.job, results.job.comparison)
            if state.get(state.VIEW) != "presenter":
                exports.movement(results)
        status.missing_candidates(results.job)
        differences.instruction_effects(results.columns, results.final_k)
    if state.get(state.VIEW) != "presenter" and len(results.columns) > 1:
        views.show(results)
        if results.job.finished:
            exports.downloads(results)
