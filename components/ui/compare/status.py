"""What is said above the columns: the query's note, progress, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from components.analysis.verdict import Verdict, verdict
from components.domain import Query, Ranking
from components.pipeline.job import FIRST, ComparisonJob
from components.ui.compare.board.view import column_specs, describe_step
from components.ui.compare.results import Results
from components.ui.shared import filters, page, state
from components.ui.shared.progress import Line
from components.ui.shared.progress import progress as progress_lines
from components.wording import count, listed


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
        # This line asks for the script at the end: the board would ask for its own fragment alone.
        ended = [result.system for result in job.comparison.results] if job.comparison else []
        parts = {**followed, "drawn": ended} if followed else None
        progress_lines([line(job)], key="progress_line", live=parts)
        if st.button("Stop", key="stop", icon=":material/stop:", width="content"):
            job.stop()


def no_candidate(first: Ranking) -> None:
    """Say why there is nothing to show, and offer to remove the filter where there is one."""
    reason = "no document holds a word of this query"
    if first.filter:
        reason = f"no document that meets the filter {first.filter} holds a word of this query"
    if first.filter and not first.matching:
        reason = f"no document meets the filter {first.filter}"
    st.text(f"The first stage found no candidate: {reason}.")
    if first.filter and not first.recorded:
        filters.clear_button("search_whole")


def under_filter(results: Results) -> None:
    """Say under which filter the candidates were found, and what that leaves out."""
    first, job = results.comparison.first_stage, results.job
    if first.filter:
        judged = job.corpus.grades(job.corpus.find_query(results.comparison.query))
        outside = len(judged) - len(results.grades)
        page.soft(filters.describe(first, job.corpus, outside), "under-filter")


def outcome(results: Results) -> None:
    """Say what each reranker that has ended did to the ranking, and what is still to come."""
    job = results.job
    judged = verdict_of(results)
    specs = column_specs(job.request, job.lab.settings)
    coming = [specs[s].label for s in job.request.systems if results.comparison.result(s) is None]
    if not judged and (job.finished or not coming):
        return
    with st.container(key="verdict"):
        for line in judged.lines if judged else ():
            st.text(line)
        if coming and not job.finished:
            page.soft(f"Still to come: {listed(coming)}.", "coming")
        if judged:
            page.soft(judged.caution, "caution")


def verdict_of(results: Results) -> Verdict | None:
    """Return the verdict on all rerankers that have ended."""
    names = {c.ranking.system: c.style.name for c in results.columns[1:]}
    judgments = results.job.corpus.judgments
    highest = state.memo(
        ("highest grade", results.job.corpus),
        lambda: max((max(row.values(), default=0) for row in judgments.values()), default=0),
    )
    return verdict(results.comparison, results.grades, results.measure, names, highest)


def missing_candidates(job: ComparisonJob) -> None:
    """Say why there are fewer candidates than were asked for."""
    candidates = len(job.first_stage.hits) if job.first_stage else 0
    asked = job.request.pipelines.initial_k
    if candidates < asked:
        whole = candidates == len(job.corpus.documents)
        why = "the whole corpus" if whole else "all that the first stage found"
        if job.first_stage and job.first_stage.filter and candidates == job.first_stage.matching:
            why = "all that meet the filter"
        page.soft(f"{count(candidates, 'candidate')} instead of {asked:,}: {why}.", "depth")
