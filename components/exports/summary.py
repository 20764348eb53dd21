"""An evaluation on one page, for those who decide: an answer, a picture, money, two examples."""

from __future__ import annotations

from datetime import datetime

from components.advice.monthly import NOT_MEASURED, Month
from components.evaluation import summary as evidence
from components.exports.answer import Answer, answer
from components.exports.evaluation_report import EvaluationReport
from components.exports.evaluation_sections import first_documents, quality_bars
from components.exports.rendering import render
from components.wording import count, milliseconds, shortened, signed

NAME, QUERY, TOP, SYSTEMS = 60, 140, 3, 5
"""Characters of a name and of a query, first documents of an example, systems in the picture: all
must fit one page."""


def summary_html(report: EvaluationReport, month: Month | None, written: datetime) -> str:
    """Return one A4 page of HTML, always light; every text is escaped, nothing is loaded.

    `month` is what the reranker of the answer costs; None where nothing is to be said of it.
    `written` is in UTC.
    """
    given, plan = answer(report), report.saved.plan
    best = sorted(report.ranked, key=lambda s: -report.ranked[s].mean[report.measure])
    drawn = list(dict.fromkeys([report.base, given.system, *best]))[:SYSTEMS]
    return render(
        "summary.html",
        paper=True,
        title=f"{shortened(plan.corpus, NAME)}: is reranking worth it?",
        corpus=shortened(plan.corpus, NAME),
        written=f"{written:%d %B %Y}",
        answer=given,
        figures=_figures(report, given, month),
        measure=report.measure,
        picture=quality_bars(report, drawn) if report.ranked else "",
        systems=len(report.ranked),
        drawn=SYSTEMS,
        examples=_examples(report, given),
        sources=_sources(report),
    )


def _figures(
    report: EvaluationReport, given: Answer, month: Month | None
) -> list[tuple[str, str, str]]:
    """Return name, value and explanation of each figure; none without a reranker."""
    if not given.system:
        return []
    means = [report.ranked[s].mean[report.measure] for s in (report.base, given.system)]
    plan, evaluation = report.saved.plan, report.saved.evaluation
    medians = evidence.median_ms(plan, evaluation)
    before, after = medians.get(report.base), medians.get(given.system)
    chance = "" if given.outcome in ("better", "worse") else ", which may be chance"
    without = "" if before is None else f", {milliseconds(before)} without reranking"
    if report.base != plan.first_stage and before is not None:
        without = f", {milliseconds(before)} with {report.base}"
    return [
        ("Quality", signed(means[1] - means[0]), f"{means[0]:.3f} → {means[1]:.3f}{chance}"),
        (
            "Time a query",
            NOT_MEASURED if after is None else milliseconds(after),
            "" if after is None else f"median of both stages{without}",
        ),
        (
            "Money a month",
            NOT_MEASURED if month is None else month.amount,
            "" if month is None else month.basis,
        ),
    ]


def _examples(report: EvaluationReport, given: Answer) -> list[dict[str, object]]:
    """Return one gain and one loss, with the first documents before and after."""
    examples: list[dict[str, object]] = []
    for title, change in (("A gain", given.gain), ("A loss", given.loss)):
        if change is None:
            verb = "gained" if title == "A gain" else "lost"
            none = f"None of the {count(len(given.changes), 'query')} {verb}."
            examples.append({"title": title, "query": "", "none": none})
            continue
        examples.append(
            {
                "title": title,
                "query": shortened(change.query.text, QUERY),
                "change": signed(change.change),
                "lists": [
                    (shortened(s, NAME), first_documents(report, s, change.query.id, TOP))
                    for s in (report.base, given.system)
                ],
            }
        )
    return examples if given.changes else []


def _sources(report: EvaluationReport) -> list[str]:
    """Return where the figures come from, a sentence each."""
    saved, plan = report.saved, report.saved.plan
    n = len(saved.evaluation.complete)
    models = (f"{s}: {model}" for s, model in saved.models.items())
    return [
        f"{count(n, 'judged query')} ({plan.subset}; judgments “{shortened(plan.split, NAME)}”) on "
        f"{count(plan.documents, 'document')}, fingerprint {plan.fingerprint[:12]}; "
        f"{count(plan.depth, 'candidate')} a query from {shortened(plan.first_stage, NAME)}."
        + (f" Rules: {report.rules}." if report.rules else ""),
        saved.origin
        or f"Measured on {saved.made:%d %B %Y} with Rerank Lab on the machine that it runs on.",
        f"Models: {shortened('; '.join(models), 300)}.",
    ]
