"""What is said above the columns: the query's note, progress, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from components.analysis.quality import verdict
from components.domain import Query
from components.pipeline.job import FIRST, ComparisonJob
from components.ui.compare.board.view import describe_step
from components.ui.shared import page
from components.ui.shared.progress import Line
from components.ui.shared.progress import progress as progress_lines


def note(query: Query | None) -> None:
    """Write a sample query's tags and its note for teachers."""
    if query and (query.tags or query.note):
        tags = f"Tags: {', '.join(query.tags)}. " if query.tags else ""
        page.soft(f"{tags}{'For the teacher: ' + query.note if query.note else ''}", "note")


def line(job: ComparisonJob) -> Line:
    """Return which system is at work and how far it is."""
    stages = list(job.steps.items())  # the job's threads add to them meanwhile
    busy = [(n, s) for n, s in stages if s.state not in {"done", "failed", "wait"}]
    name, stage = busy[-1] if busy else (FIRST, job.steps.get(FIRST))
    doing = describe_step(stage) or stage.state if stage else "starting"
    count = f" {stage.done:,} of {stage.total:,}" if stage and stage.total else ""
    share = stage.done / stage.total if stage and stage.total else 0.0
    return Line("work", f"{name}: {doing}{count}", share)


def progress(job: ComparisonJob, followed: Mapping[str, Any] | None) -> None:
    """Show which system is at work and how far it is; offer to stop."""
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        board = job.first_stage is None or bool(job.first_stage.hits)
        # Where there is a board, it is the one that asks for the script at the end.
        silent = followed and {**followed, "silent": board}
        progress_lines([line(job)], key="progress_line", live=silent)
        if st.button("Stop", key="stop", icon=":material/stop:", width="content"):
            job.stop()


def outcome(job: ComparisonJob, grades: Mapping[str, int], measure: str) -> None:
    """Say that a job was stopped, and what its first reranker did to the ranking."""
    if job.stopped:
        page.soft("Stopped. What had finished is shown.", "stopped")
    judged = verdict(job.comparison, grades, measure) if job.comparison else None
    if judged:
        with st.container(key="verdict"):
            st.text(judged.sentence)
            page.soft(judged.caution, "caution")


def missing_candidates(job: ComparisonJob) -> None:
    """Say why there are fewer candidates than were asked for."""
    candidates = len(job.first_stage.hits) if job.first_stage else 0
    asked = job.request.pipelines.initial_k
    if candidates < asked:
        whole = candidates == len(job.corpus.documents)
        why = "the whole corpus" if whole else "all that the first stage found"
        page.soft(f"{candidates:,} candidates instead of {asked:,}: {why}.", "depth")
