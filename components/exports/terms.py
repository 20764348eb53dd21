"""The terms of art that an evaluation's report uses, each in a sentence or two."""

from __future__ import annotations

from components.exports.evaluation_report import EvaluationReport
from components.measures import families

_BEFORE = {
    "First stage": "The search over the whole corpus that finds the candidates.",
    "Candidate": "A document that the first stage hands to the rerankers. What is not among the "
    "candidates cannot be brought back by any of them.",
    "Reranker": "What orders the candidates anew.",
    "Judgment, grade": "One person's, or one model's, opinion of how relevant a document is to a "
    "query, as a whole number; 0 is not relevant.",
}
_AFTER = {
    "95% interval": "How far the mean might be off with other queries of the same kind.",
    "p": "The share of random worlds, in which the two systems are equally good, that show a "
    "difference at least as large as this one. It is corrected for the number of systems compared.",
    "Effect size": "The mean difference in standard deviations of the single differences.",
    "Headroom": "What a better order of the same candidates would gain.",
    "p50, p95, p99": "The time within which half, 95% and 99% of the queries were answered; p50 is "
    "the median.",
}


def terms_of(report: EvaluationReport) -> list[tuple[str, str]]:
    """Return the terms with their explanations: those of every report, and its measures."""
    measures = families()
    used = dict.fromkeys(name.partition("@")[0] for name in report.names)
    described = ((name, measures[name].description) for name in used if name in measures)
    explained = {name: f"{text[:1].upper()}{text[1:]}." for name, text in described}
    return list((_BEFORE | explained | _AFTER).items())
