"""The Compare page's pieces: the running comparison and the views of its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from components.analysis import comparison as analysis
from components.charts.palette import LETTERS, StyledRanking, SystemStyle, letters
from components.domain import Comparison, Query
from components.lab import catalog
from components.pipeline.job import FIRST, ComparisonJob
from components.ui.compare import exports, permalink, recording, views, why
from components.ui.compare.board.component import BoardData, board
from components.ui.compare.board.view import board_data, column_specs, first_spec
from components.ui.shared import page, state
from components.wording import movement as movement_words

POLL_SECONDS = 0.3
QUALITY_DEPTH = 10


def show(job: ComparisonJob) -> None:
    """Show what a job holds so far, and look again until it has ended."""
    live = not job.finished
    st.fragment(_watch, run_every=POLL_SECONDS if live else None)(job, live)


def _watch(job: ComparisonJob, live: bool) -> None:
    finished = job.finished  # read before drawing, so that nothing is missed in between
    final_k = _final_k(job)
    query = job.corpus.find_query(job.request.query.text)
    grades = job.corpus.grades(query)
    if job.error:
        page.complain(job.error)
    _status(job, query, grades, finished=finished)
    if job.first_stage is not None and not job.first_stage.hits:
        st.text("The first stage found no candidate: no document holds a word of this query.")
    elif job.first_stage is not None or not finished:
        data = focused(board_data(job, final_k, grades, views.chosen_depth(job)))
        chosen = board(data, key="board", selected=state.get(state.CHOSEN))
        if finished:
            state.put(state.CHOSEN, chosen)
            permalink.write()
        if finished and job.comparison is not None:
            _results(job, job.comparison, final_k, grades, chosen)
    if finished and live:
        st.rerun()  # ends the polling


def focused(data: BoardData) -> BoardData:
    """Return the columns of the chosen view: all, or two with only what differs between them."""
    if state.get(state.VIEW) != "differences" or len(data.columns) < 2:
        return data
    names = [f"{c.letter} {c.label}" for c in data.columns]
    with st.container(horizontal=True, key="focus", vertical_alignment="center"):
        left = st.selectbox("Compare", names, index=0, key="_focus_left", width=220)
        right = st.selectbox("with", names, index=1, key="_focus_right", width=220)
    pair = [data.columns[names.index(name)] for name in (left, right)]
    if left == right:
        page.soft("Choose two different systems.", "focus")
        return data
    ranks = [{card.id: card.rank for card in column.cards} for column in pair]
    same = {i for i, rank in ranks[0].items() if ranks[1].get(i) == rank}
    page.soft(f"{len(same)} documents stand at the same rank in both and are left out.", "focus")
    columns = tuple(
        replace(c, cards=tuple(card for card in c.cards if card.id not in same)) for c in pair
    )
    return replace(data, columns=columns, paths=())


def _final_k(job: ComparisonJob) -> int:
    return min(int(state.get(state.FINAL_K)), job.request.pipelines.initial_k)


def _status(
    job: ComparisonJob, query: Query | None, grades: Mapping[str, int], *, finished: bool
) -> None:
    if query and (query.tags or query.note):
        tags = f"Tags: {', '.join(query.tags)}. " if query.tags else ""
        page.soft(f"{tags}{'For the teacher: ' + query.note if query.note else ''}", "note")
    if not finished:
        _progress(job)
        return
    if job.stopped:
        page.soft("Stopped. What had finished is shown.", "stopped")
    if job.comparison is None:
        return
    found = analysis.verdict(job.comparison, grades, QUALITY_DEPTH)
    if found:
        with st.container(key="verdict"):
            st.text(found.sentence)
            page.soft(found.caution, "caution")


_WORDS = {"load": "loading", "wait": "waiting for another model", "run": "scoring"}


def _progress(job: ComparisonJob) -> None:
    stages = list(job.steps.items())  # the job's threads add to them meanwhile
    busy = [(n, s) for n, s in stages if s.state not in {"done", "failed", "wait"}]
    name, stage = busy[-1] if busy else (FIRST, job.steps.get(FIRST))
    words = _WORDS.get(stage.state, stage.state) if stage else "starting"
    count = f" {stage.done:,} of {stage.total:,}" if stage and stage.total else ""
    share = stage.done / stage.total if stage and stage.total else 0.0
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(min(share, 1.0), text=f"{name}: {words}{count}")
        if st.button("Stop", key="stop", icon=":material/stop:", width="content"):
            job.stop()


# ---------------------------------------------------------------- views of a finished job


def _results(
    job: ComparisonJob,
    comparison: Comparison,
    final_k: int,
    grades: Mapping[str, int],
    chosen: str | None,
) -> None:
    recording.remember(job, comparison)
    columns = _styled(job, comparison)
    if chosen:
        why.detail(job, chosen, columns, grades)
    _depth_note(job, comparison)
    _instruction_views(columns, final_k)
    if state.get(state.VIEW) == "presenter":
        return
    shown = views.Shown(job, comparison, columns, grades, final_k)
    views.show(shown)
    exports.downloads(shown)


def _instruction_views(columns: Sequence[StyledRanking], final_k: int) -> None:
    """Show, for each reranker that ran with and without the instruction, what it changed."""
    for plain in columns:
        system = plain.ranking.system
        key = system.removesuffix(catalog.WITHOUT_INSTRUCTION)
        told = next((c for c in columns if c.ranking.system == key != system), None)
        if told is None:
            continue
        found = analysis.moves(plain.ranking, told.ranking, final_k)
        page.heading(
            f"What the instruction changed in {key}",
            f"{analysis.moves_words(found, final_k)} How to read: ranks in column "
            f"{plain.style.letter} without and in column {told.style.letter} with the instruction.",
        )
        rows = [
            {
                "With": move.after,
                "Without": move.before,
                "Moved": movement_words((move.before or 0) - (move.after or 0)),
                "Document": move.document.title or move.document.text[:120],
            }
            for move in found
        ]
        narrow = {name: st.column_config.Column(width=80) for name in ("With", "Without", "Moved")}
        st.dataframe(rows, hide_index=True, width="stretch", column_config=narrow)


def _styled(job: ComparisonJob, comparison: Comparison) -> list[StyledRanking]:
    """Return the rankings with their styles, the first stage's first."""
    settings, palette = job.lab.settings, page.palette()
    first, specs = first_spec(job.request), column_specs(job.request, settings)
    a, named = LETTERS[0], letters(job.request.systems, settings)
    columns = [
        StyledRanking(
            comparison.first_stage, SystemStyle(a, first.label, palette.colour(a), first.scale)
        )
    ]
    for ranking in comparison.rankings:
        letter, spec = named[ranking.system], specs[ranking.system]
        colour, remote = palette.colour(letter), bool(spec.provider)
        style = SystemStyle(letter, spec.label, colour, spec.scale, remote)
        columns.append(StyledRanking(ranking, style))
    return columns


def _depth_note(job: ComparisonJob, comparison: Comparison) -> None:
    found, asked = len(comparison.first_stage.hits), job.request.pipelines.initial_k
    if found < asked:
        whole = found == len(job.corpus.documents)
        why = "the whole corpus" if whole else "all that the first stage found"
        page.soft(f"{found:,} candidates instead of {asked:,}: {why}.", "depth")
