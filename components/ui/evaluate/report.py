"""The session's evaluation as it is looked at: measure, cut-off and baseline included."""

from __future__ import annotations

from collections.abc import Mapping

from components.evaluation.samples import sample_evaluation
from components.evaluation.saved import SavedEvaluation
from components.evaluation.significance import Difference
from components.evaluation.unjudged import Standing
from components.exports.evaluation_report import EvaluationReport
from components.measures import Metrics, cutoff_of, families, measures_at, usual_measures
from components.ui.shared import page, state, uploads


def current() -> EvaluationReport | None:
    """Return the session's evaluation, without its documents where they are not at hand.

    Until one is open, it is the one that comes with the corpus, which samples have.
    """
    saved: SavedEvaluation | None = state.get(state.EVALUATED)
    saved = saved or sample_evaluation(state.corpus().fingerprint)
    if saved is None:
        return None
    corpus = uploads.corpus_with(saved.plan.fingerprint)
    name = families()[state.get(state.MEASURE)].at(state.get(state.CUT))
    baseline = state.get(state.BASELINE)
    return EvaluationReport(
        saved,
        metrics_of(saved, name),
        state.lab().settings,
        state.corpus_named(corpus) if corpus else None,
        baseline if baseline in saved.plan.systems else "",
        name,
        page.palette(),
    )


def open_saved(saved: SavedEvaluation, metrics: dict[str, Metrics] | None = None) -> None:
    """Make an evaluation the session's; its usual metrics need not be computed where given."""
    state.put(state.EVALUATED, saved)
    if metrics is not None:
        state.memo(_usual_key(saved), lambda: metrics)


def metrics_of(saved: SavedEvaluation, name: str) -> Mapping[str, Metrics]:
    """Return an evaluation's metrics: the usual ones, and all at the named measure's cut-off."""
    evaluation, judgments = saved.evaluation, saved.plan.judgments
    usual = state.memo(_usual_key(saved), lambda: evaluation.metrics(judgments))
    names = tuple(n for n in measures_at(cutoff_of(name) or 10) if n not in usual_measures())
    if not names:
        return usual
    others = state.memo((*_usual_key(saved), *names), lambda: evaluation.metrics(judgments, names))
    return {system: _joined(others[system], usual[system]) for system in usual}


def _usual_key(saved: SavedEvaluation) -> tuple[object, ...]:
    """Return the key of an evaluation's usual metrics; a resumed one has more queries."""
    return ("metrics", saved.id, len(saved.evaluation.complete))


def _joined(first: Metrics, second: Metrics) -> Metrics:
    per_query = {q: {**first.per_query[q], **second.per_query[q]} for q in second.per_query}
    return Metrics({**first.mean, **second.mean}, per_query)


def view_key(report: EvaluationReport, *more: object) -> tuple[object, ...]:
    """Return the memo's key of what is computed from an evaluation by its measure."""
    return (*more, report.saved.id, len(report.saved.evaluation.complete), report.measure)


def standings_of(report: EvaluationReport) -> tuple[Standing, ...]:
    """Return what unjudged documents could do to the differences, computed once."""
    key = view_key(report, "standings", report.base)
    return state.memo(key, lambda: report.standings(differences_of(report)))


def differences_of(report: EvaluationReport) -> tuple[Difference, ...]:
    """Return the differences from the baseline, computed once."""
    return state.memo(view_key(report, "differences", report.base), report.differences)
