"""An evaluation as one HTML file that needs no network and no script."""

from __future__ import annotations

from components.exports.answer import answer
from components.exports.evaluation_report import EvaluationReport
from components.exports.evaluation_sections import (
    Section,
    extremes,
    failures,
    pictures,
    statistics,
)
from components.exports.rendering import Table, render
from components.exports.terms import terms_of
from components.measures import cutoff_of
from components.wording import count


def evaluation_html(report: EvaluationReport) -> str:
    """Return the report; every text is escaped, and nothing is loaded from elsewhere.

    It begins with a plain answer; pictures, examples, statistics and a glossary follow.
    """
    saved, plan = report.saved, report.saved.plan
    given, ranked = answer(report), bool(report.ranked)
    models = Table(("System", "Model and revision"), list(saved.models.items()), text=2)
    return render(
        "evaluation.html",
        title=f"{plan.corpus} evaluated",
        heading=f"{plan.corpus}, {count(len(saved.evaluation.complete), 'query')}"
        + (f" ({report.rules})" if report.rules else ""),
        provenance=provenance(report),
        answer=given,
        sections=[*pictures(report, given), *extremes(report, given)] if ranked else [],
        verdicts=report.verdicts(),
        cautions=report.cautions(cutoff_of(report.measure) or 10),
        statistics=[
            *(statistics(report, given) if ranked else ()),
            *failures(report),
            Section("Models", table=models, level=3),
        ],
        terms=terms_of(report),
    )


def provenance(report: EvaluationReport) -> str:
    """Return of what, when and how the evaluation was made."""
    plan, instruction = report.saved.plan, report.saved.plan.pipelines.instruction
    return (
        f"{count(plan.documents, 'document')} (fingerprint {plan.fingerprint[:12]}), judgments "
        f"“{plan.split}”, queries: {plan.subset}, {count(plan.depth, 'candidate')} a query from "
        f"{plan.first_stage}, {report.saved.made:%d %B %Y %H:%M} UTC."
        + (f" Instruction: {instruction}." if instruction else "")
        + (f" Filter: {filter}." if (filter := plan.pipelines.filter) else "")
    )
