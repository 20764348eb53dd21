"""The Evaluate page's run: how far it is, and which evaluation is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib import import_module

import streamlit as st

from components.charts.palette import evaluated_styles
from components.domain import Corpus, LabError
from components.evaluation import Plan
from components.evaluation.job import EvaluationJob, at_work
from components.evaluation.store import SavedEvaluation
from components.exports.evaluation_report import EvaluationReport
from components.measures import Metrics, cutoff_of, families, measures_at, usual_measures
from components.ui.evaluate.planning import plan_words
from components.ui.shared import page, state
from components.wording import duration, queries

POLL_SECONDS = 0.3


# ---------------------------------------------------------------- the run


def run(chosen: Plan | LabError) -> None:
    """Offer to evaluate; show a run's progress until it ends."""
    job: EvaluationJob | None = state.get(state.EVALUATING)
    live = job is not None and not job.has_ended
    if isinstance(chosen, LabError):
        page.complain(chosen)
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="evaluate"):
            if st.button("Evaluate", type="primary", key="evaluate_now", disabled=live):
                _begin(chosen, None)
            _offer_resume(job)
            page.soft(plan_words(chosen), "plan")
    if not live:
        _offer_others()
    if job is not None:
        every = None if job.finished else POLL_SECONDS
        st.fragment(_watch, run_every=every)(job, every is not None)


def _offer_others() -> None:
    """Offer to watch an evaluation that another window, or this one before a reload, began."""
    for i, other in enumerate(at_work(state.fingerprints())):
        with st.container(horizontal=True, vertical_alignment="center", key=f"other-{i}"):
            if st.button("Watch it", key=f"watch_{i}"):
                state.put(state.EVALUATING, other)
                st.rerun()
            done = len(other.evaluation.complete)
            page.soft(
                f"An evaluation of {other.plan.corpus} is at work: {done:,} of "
                f"{len(other.plan.queries):,} queries, {', '.join(other.plan.systems)}.",
                f"other-words-{i}",
            )


def _offer_resume(job: EvaluationJob | None) -> None:
    """Offer to go on with a run that was stopped, or to try again what failed."""
    if job is None or not job.finished or job.saved is None:
        return
    open_ = len(job.plan.queries) - len(job.evaluation.complete)
    if open_ and st.button(
        f"Go on with {queries(open_)}",
        key="resume",
        help="Finished queries are kept; failed ones are tried again.",
    ):
        _begin(job.plan, job.saved)


def _begin(chosen: Plan, before: SavedEvaluation | None) -> None:
    old: EvaluationJob | None = state.get(state.EVALUATING)
    if old is not None:
        old.stop()
    corpus = old.corpus if before is not None and old is not None else state.corpus()
    # Streamlit's first table imports pandas, most of a second that nobody need wait for at the end
    threading.Thread(target=import_module, args=("pandas",), daemon=True).start()
    state.put(state.EVALUATING, EvaluationJob(state.lab(), corpus, chosen, before).start())
    st.rerun()


def _watch(job: EvaluationJob, live: bool) -> None:
    # read before drawing, so that nothing is missed in between
    finished, ended, saved = job.finished, job.has_ended, job.saved
    if not ended:
        _progress(job)
    else:
        _ended(job)
    fresh = live and saved is not None and state.get(state.EVALUATED) is not saved
    if fresh and saved is not None:
        state.put(state.EVALUATED, saved)
        state.memo(_usual(saved), lambda: dict(job.metrics))
    if fresh or (finished and live):
        st.rerun()


def _progress(job: EvaluationJob) -> None:
    styles = evaluated_styles(job.plan.systems, state.lab().settings)
    total, step = len(job.plan.queries), job.step
    with st.container(border=True, key="evaluating"):
        for system in job.plan.systems:
            done = job.evaluation.ended(system)
            left = job.seconds_left(system)
            words = f"{styles[system].letter} `{system}`: {done:,} of {total:,} queries"
            st.progress(min(done / total, 1.0), text=words + _left_words(left, done < total))
        doing = f"{step.state}: {step.done:,} of {step.total:,}" if step.total else step.state
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Stop", key="stop_evaluation", icon=":material/stop:"):
                job.stop()
            page.soft(f"Now {doing}. Finished queries are kept.", "doing")


def _left_words(seconds: float | None, unfinished: bool) -> str:
    if not unfinished:
        return ""
    if seconds is None:
        return " · not begun"
    if seconds < 1:
        return " · less than a second left"
    return f" · about {duration(seconds)} left"


def _ended(job: EvaluationJob) -> None:
    if job.error:
        page.complain(job.error, key="complaint-evaluation")
    if job.save_error:
        page.complain(job.save_error, key="complaint-kept")
    if job.stopped:
        page.soft("Stopped. What had finished is shown and kept.", "stopped")


# ---------------------------------------------------------------- what is shown


def shown() -> EvaluationReport | None:
    """Return the session's evaluation as it is looked at: measure and baseline included."""
    one: SavedEvaluation | None = state.get(state.EVALUATED)
    if one is None or one.plan.fingerprint not in state.fingerprints():
        return None
    name, systems = measure_name(), one.plan.systems
    baseline = state.get(state.BASELINE)
    return EvaluationReport(
        one,
        metrics_of(one, name),
        state.lab().settings,
        next((c for c in _corpora() if c.fingerprint == one.plan.fingerprint), None),
        baseline if baseline in systems else "",
        name,
        page.palette(),
    )


def _corpora() -> Iterator[Corpus]:
    return (state.corpus_named(name) for name in state.corpus_names())


def measure_name() -> str:
    """Return the measure that the session looks at, such as nDCG@10."""
    family = state.get(state.MEASURE)
    return families()[family].at(state.get(state.CUT))


def metrics_of(one: SavedEvaluation, name: str) -> dict[str, Metrics]:
    """Return an evaluation's metrics: the usual ones, and all at the named measure's cut-off."""
    usual = state.memo(_usual(one), lambda: one.evaluation.metrics(one.plan.judgments))
    names = tuple(n for n in measures_at(cutoff_of(name) or 10) if n not in usual_measures())
    if not names:
        return usual
    others = state.memo(
        (*_usual(one), *names), lambda: one.evaluation.metrics(one.plan.judgments, names)
    )
    return {system: _joined(others[system], usual[system]) for system in usual}


def _usual(one: SavedEvaluation) -> tuple[object, ...]:
    """Return the key of an evaluation's usual metrics; a resumed one has more queries."""
    return ("metrics", one.id, len(one.evaluation.complete))


def _joined(first: Metrics, second: Metrics) -> Metrics:
    per_query = {q: {**first.per_query[q], **second.per_query[q]} for q in second.per_query}
    return Metrics({**first.mean, **second.mean}, per_query)


def view_key(report: EvaluationReport, *more: object) -> tuple[object, ...]:
    """Return the key of what is computed from an evaluation as it is looked at."""
    return (*more, report.saved.id, len(report.saved.evaluation.complete), report.measure)
