"""The session's comparison at work, and those that have ended and are kept for who goes back."""

from __future__ import annotations

from typing import Final

from components.domain import Corpus
from components.pipeline import Request
from components.pipeline.job import ComparisonJob
from components.ui.shared import state

MOST_PAST: Final = 8
"""Comparisons that are kept; the oldest are dropped."""


def current() -> ComparisonJob | None:
    """Return the session's comparison, if one was begun."""
    job: ComparisonJob | None = state.get(state.JOB)
    return job


def drop() -> None:
    """Stop the session's comparison and forget it, so that the next run begins anew."""
    job = current()
    if job and not job.finished:  # one that has ended well may be shown again
        job.stop()
    state.put(state.JOB, None)


def shelve() -> None:
    """Drop the session's comparison, but keep it for a while if it has ended well."""
    job = current()
    if job and job.finished and not (job.stopped or job.error):
        shelf = state.mapping(state.PAST_JOBS)
        shelf.pop((job.request, job.corpus.identity), None)  # the latest stands last
        shelf[job.request, job.corpus.identity] = job
        if len(shelf) > MOST_PAST:
            shelf.pop(next(iter(shelf)))
    drop()


def last() -> ComparisonJob | None:
    """Return the latest of the comparisons that are kept."""
    return next(reversed(state.mapping(state.PAST_JOBS).values()), None)


def take_back(request: Request, corpus: Corpus) -> ComparisonJob | None:
    """Make a comparison that is kept the session's again, where there is one of a request."""
    job: ComparisonJob | None = state.mapping(state.PAST_JOBS).get((request, corpus.identity))
    if job:
        state.put(state.JOB, job)
    return job


def forget() -> None:
    """Drop the session's comparison and those that are kept."""
    drop()
    state.put(state.PAST_JOBS, {})
