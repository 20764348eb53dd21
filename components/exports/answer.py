"""The plain answer of an evaluation: should we rerank, what is gained and lost, at what price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.analysis.quality import Change
from components.evaluation import summary
from components.evaluation.significance import Difference
from components.exports.evaluation_report import EvaluationReport
from components.measures import is_quality
from components.wording import count, dollars, listed, milliseconds, signed

Outcome = Literal["better", "worse", "unclear", "none"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether reranking is worth it on the evidence of an evaluation.

    `system` is the reranker that the answer speaks of, `changes` every query's change by it, the
    greatest gain first; both are empty where there is nothing to compare. "better" and "worse" are
    said only of what is more than noise. `points` are a question and its answer each.
    """

    outcome: Outcome
    headline: str
    system: str = ""
    changes: tuple[Change, ...] = ()
    points: tuple[tuple[str, str], ...] = ()

    @property
    def gain(self) -> Change | None:
        """Return the query that gained most, if one did."""
        return next((c for c in self.changes[:1] if c.change > 0), None)

    @property
    def loss(self) -> Change | None:
        """Return the query that lost most, if one did."""
        return next((c for c in self.changes[-1:] if c.change < 0), None)


def answer(report: EvaluationReport) -> Answer:
    """Return the answer by the report's measure, against its baseline."""
    computed = report.differences()
    usable = [d for d in computed if d.mean == d.mean]
    if not usable:
        return Answer("none", " ".join(report.verdicts(computed)))
    # The greatest clear gain; without one, of what is not clearly worse the highest mean.
    gains = [d for d in usable if d.distinguishable and d.mean > 0]
    unclear = [d for d in usable if not d.distinguishable]
    subject = max(gains or unclear or usable, key=lambda d: d.mean)
    rows = summary.changes(
        report.saved.plan, report.ranked, report.base, subject.system, report.measure
    )
    if not is_quality(report.measure):
        headline = f"{report.measure} describes a ranking without judging it: it gives no answer."
        return Answer("none", headline, subject.system, rows)
    lead = "More than chance explains." if subject.distinguishable else "This may be chance."
    direction: Outcome = "better" if subject.mean > 0 else "worse"
    return Answer(
        direction if subject.distinguishable else "unclear" if subject.n > 1 else "none",
        _headline(report, subject, usable),
        subject.system,
        rows,
        (
            ("What is gained", _gained(report, subject, usable)),
            ("What is lost", _lost(report, rows, usable)),
            ("What it costs", price(report, subject.system)),
            ("How sure this is", f"{lead} {' '.join(report.verdicts([subject]))}"),
        ),
    )


def _headline(report: EvaluationReport, d: Difference, differences: Sequence[Difference]) -> str:
    """Return yes, no or no clear difference, in one sentence."""
    reranking = report.base == report.saved.plan.first_stage
    what = f"reranking with {d.system}" if reranking else d.system
    alone = f"{report.base} alone" if reranking else report.base
    if d.n == 1:
        return "No answer: one judged query is an anecdote, not evidence. Judge more queries."
    if not d.distinguishable:
        return (
            f"No clear difference: {count(d.n, 'query')} do not show that {what} gives better or "
            f"worse rankings than {alone}."
        )
    if d.mean > 0:
        return f"Yes: {what} gives better rankings than {alone}."
    if len(differences) == 1:
        return f"No: {what} gives worse rankings than {alone}."
    return f"No: all give worse rankings than {alone}, even {d.system}, which comes closest."


def _gained(report: EvaluationReport, d: Difference, differences: Sequence[Difference]) -> str:
    name = report.measure
    before, after = (report.ranked[s].mean[name] for s in (report.base, d.system))
    values = f"mean {name} {before:.3f} → {after:.3f} ({signed(d.mean)})"
    if not d.distinguishable:
        return f"Nothing that these queries could show: {values} may be chance."
    if d.mean < 0:
        return f"Nothing on average: {values}."
    others = [
        f"{o.system} ({signed(o.mean)})"
        for o in differences
        if o.distinguishable and o.mean > 0 and o.system != d.system
    ]
    also = f" Clearly better than {report.base} too: {listed(others)}." if others else ""
    return f"{values[0].upper()}{values[1:]}.{also}"


def _lost(
    report: EvaluationReport, rows: Sequence[Change], differences: Sequence[Difference]
) -> str:
    lower, higher = sum(c.change < 0 for c in rows), sum(c.change > 0 for c in rows)
    counts = (
        f"{lower:,} of {count(len(rows), 'query')} score lower than with {report.base}, "
        f"{higher:,} higher, {len(rows) - lower - higher:,} the same"
    )
    worst = f"; the greatest loss is {signed(rows[-1].change)}" if lower else ""
    harmful = [d.system for d in differences if d.distinguishable and d.mean < 0]
    also = f" Clearly worse than {report.base}: {listed(harmful)}." if harmful else ""
    return f"{counts}{worst}.{also}"


def price(report: EvaluationReport, system: str) -> str:
    """Return what a system takes and what providers ask for it, in words."""
    plan, evaluation = report.saved.plan, report.saved.evaluation
    medians = summary.median_ms(plan, evaluation)
    before, after = medians.get(report.base), medians.get(system)
    if after is None:
        time = "Its time was not measured."
    else:
        than = "" if before is None else f" instead of {milliseconds(before)} with {report.base}"
        time = f"A query takes {milliseconds(after)}{than}, in the median, both stages."
    usd = summary.usd_a_query(plan, evaluation, report.hosted).get(system)
    if usd is None:
        return f"{time} What it costs in money is not known."
    if not usd:
        return f"{time} Nobody bills for it: it costs the machine that it runs on."
    return f"{time} {dollars(1000 * usd)} for 1,000 queries."
