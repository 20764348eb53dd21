"""The Evaluate page's run: begin, watch, stop, resume."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict
from typing import Any

import streamlit as st

from components.charts.palette import evaluated_styles
from components.domain import LabError
from components.evaluation import Plan
from components.evaluation.job import EvaluationJob, at_work
from components.evaluation.saved import SavedEvaluation
from components.ui.evaluate import report
from components.ui.evaluate.planning import describe_plan, estimate
from components.ui.shared import live, page, spending, state
from components.ui.shared.progress import Line, progress
from components.ui.shared.work import poll
from components.wording import count, duration


def run(plan: Plan | LabError) -> None:
    """Offer to evaluate a plan; show a run's progress until it ends."""
    job: EvaluationJob | None = state.get(state.EVALUATING)
    live = job is not None and not job.has_ended
    if isinstance(plan, LabError):
        page.complain(plan)
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="evaluate"):
            begin = st.button("Evaluate", type="primary", key="evaluate_now", disabled=live)
            resume = _offer_resume(job)
            page.soft(describe_plan(plan), "plan")
        if spending.confirmed(begin, estimate(plan, len(plan.queries)), "evaluation"):
            _begin(plan, None)
        if job is not None:
            rest = estimate(job.plan, _unfinished(job))
            if spending.confirmed(resume, rest, "resumed"):
                _begin(job.plan, job.saved)
    if not live:
        _offer_others()
    if job is not None:
        number, at_work = job.news.number, not job.finished  # before drawing: nothing is missed
        st.fragment(_watch)(job, at_work=at_work)
        if at_work:
            poll(job, number)


def _offer_others() -> None:
    """Offer to watch the visitor's evaluations that other windows began, or this one did."""
    for i, other in enumerate(at_work(state.visitor().owner)):
        other.ask()
        with st.container(horizontal=True, vertical_alignment="center", key=f"other-{i}"):
            if st.button("Watch it", key=f"watch_{i}"):
                state.put(state.EVALUATING, other)
                st.rerun()
            done = len(other.evaluation.complete)
            page.soft(
                f"An evaluation of {other.plan.corpus} is at work: {done:,} of "
                f"{count(len(other.plan.queries), 'query')}, {', '.join(other.plan.systems)}.",
                f"other-words-{i}",
            )


def _offer_resume(job: EvaluationJob | None) -> bool:
    """Offer to go on with a run that was stopped, or to try again what failed."""
    if job is None or not job.finished or job.saved is None:
        return False
    unfinished = _unfinished(job)
    return unfinished > 0 and st.button(
        f"Go on with {count(unfinished, 'query')}",
        key="resume",
        help="Finished queries are kept; failed ones are tried again.",
    )


def _unfinished(job: EvaluationJob) -> int:
    return len(job.plan.queries) - len(job.evaluation.complete)


def _begin(plan: Plan, before: SavedEvaluation | None) -> None:
    """Evaluate a plan in place of the session's run; go on with what was saved `before`."""
    old: EvaluationJob | None = state.get(state.EVALUATING)
    if old is not None:
        old.stop()
    corpus = old.corpus if before is not None and old is not None else state.corpus()
    state.put(state.EVALUATING, EvaluationJob(state.lab(), corpus, plan, before).start())
    st.rerun()


def _watch(job: EvaluationJob, *, at_work: bool) -> None:
    job.ask()
    # read before drawing, so that nothing is missed in between
    finished, ended, saved = job.finished, job.has_ended, job.saved
    if at_work and ended and saved is not None and state.get(state.EVALUATED) is not saved:
        report.open_saved(saved, dict(job.metrics))
        st.rerun()
    if at_work and finished:
        st.rerun()
    if not ended:
        _progress(job)
    elif job.error:
        page.complain(job.error, key="complaint-evaluation")
    if ended and job.save_error:
        page.complain(job.save_error, key="complaint-kept")
    if ended and job.stopped:
        why = " No window was open any more, and it costs money." if job.forgotten else ""
        page.soft(f"Stopped. What had finished is shown and kept.{why}", "stopped")


def _progress(job: EvaluationJob) -> None:
    def render(topic: Hashable) -> dict[str, Any]:
        return {"lines": [asdict(line) for line in _lines(job)]}

    followed = live.carried("evaluation", job, render)
    with st.container(border=True, key="evaluating"):
        progress(_lines(job), key="progress_evaluation", live=followed)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Stop", key="stop_evaluation", icon=":material/stop:"):
                job.stop()
            page.soft("Finished queries are kept.", "doing")


def _lines(job: EvaluationJob) -> list[Line]:
    """Return how far each system is, and what is done right now."""
    styles = evaluated_styles(job.plan.systems, job.lab.settings)
    total, step, lines = len(job.plan.queries), job.step, []
    for system in job.plan.systems:
        done = job.evaluation.ended(system)
        left = _describe_left(job.seconds_left(system)) if done < total else ""
        text = f"{styles[system].letter} {system}: {done:,} of {count(total, 'query')}{left}"
        lines.append(Line(system, text, done / total))
    doing = f"{step.state}: {step.done:,} of {step.total:,}" if step.total else step.state
    share = step.done / step.total if step.total else 0.0
    return [*lines, Line("now", f"Now {doing}", min(share, 1.0))]


def _describe_left(seconds: float | None) -> str:
    if seconds is None:
        return " · not begun"
    if seconds < 1:
        return " · less than a second left"
    return f" · about {duration(seconds)} left"
