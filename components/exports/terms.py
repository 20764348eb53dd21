"""The terms of art that an evaluation's report uses, from the glossary."""

from __future__ import annotations

from components import glossary
from components.exports.evaluation_report import EvaluationReport
from components.measures import families

_BEFORE = ("First stage", "Candidate", "Reranker", "Baseline", "Judgment", "Grade")
_AFTER = ("Confidence interval", "Corrected p", "Effect size", "Headroom", "p50, p95, p99")


def terms_of(report: EvaluationReport) -> list[tuple[str, str]]:
    """Return the terms with their explanations: those of every report, and its measures."""
    measures = families()
    terms = {name: glossary.explain(name) for name in _BEFORE}
    for name in dict.fromkeys(name.partition("@")[0] for name in report.names):
        term = glossary.term(name)  # a measure that was added may not be in it
        described = measures[name].description if name in measures else ""
        terms[name] = str(term) if term else f"{described[:1].upper()}{described[1:]}."
    return list((terms | {name: glossary.explain(name) for name in _AFTER}).items())
