"""A comparison as one HTML file that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from components.analysis.comparison import movement_paths
from components.analysis.verdict import Verdict
from components.charts.palette import StyledRanking, SystemStyle
from components.domain import Corpus, Failure, Hit
from components.exports import svg
from components.exports.rendering import Table, render
from components.wording import count, describe_grade, dollars, milliseconds, score, shortened
from components.wording import movement as describe_movement

LONGEST_BAR = 420
"""Pixels of the longest bar of time."""


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """What a report shows of a comparison.

    `columns` begin with the first stage's. `models` are the systems' models with their revisions,
    `grades` the judgments of the query by document id; `made` is in UTC.
    """

    query: str
    corpus: Corpus
    columns: Sequence[StyledRanking]
    models: Mapping[SystemStyle, str]
    failures: Sequence[Failure]
    grades: Mapping[str, int]
    verdict: Verdict | None
    final_k: int
    instruction: str
    made: datetime


def comparison_html(report: ComparisonReport) -> str:
    """Return the report; every text is escaped, and nothing is loaded from elsewhere."""
    styles = [column.style for column in report.columns]
    rankings = [column.ranking for column in report.columns]
    relevant = {document for document, grade in report.grades.items() if grade > 0}
    return render(
        "comparison.html",
        title=shortened(report.query, 80),
        query=report.query,
        provenance=_provenance(report),
        verdict=report.verdict,
        columns=[_column(report, column) for column in report.columns],
        failures=report.failures,
        final_k=report.final_k,
        movement=svg.movement(
            movement_paths(rankings, report.final_k), styles, report.final_k, relevant
        ),
        times=_times(report.columns),
        models=Table((), [(s.name, model) for s, model in report.models.items()], text=2),
    )


def _provenance(report: ComparisonReport) -> str:
    corpus = report.corpus
    instruction = f" Instruction: {report.instruction}." if report.instruction else ""
    return (
        f"{corpus.name}, {count(len(corpus.documents), 'document')}, fingerprint "
        f"{corpus.fingerprint[:12]}. {report.made:%d %B %Y %H:%M} UTC.{instruction}"
    )


def _column(report: ComparisonReport, column: StyledRanking) -> dict[str, object]:
    """Return a column as its template takes it."""
    ranking, first = column.ranking, column is report.columns[0]
    timing, usage = ranking.timing, ranking.usage
    facts = [milliseconds(timing.total_ms if first else timing.rerank_ms), column.style.scale]
    if usage.usd is not None:
        facts.append(dollars(usage.usd) + (" estimated" if usage.estimated else ""))
    facts += [f"recorded {ranking.recorded}"] if ranking.recorded else []
    facts += ["cached"] if ranking.cached else []
    hits = [_hit(report, hit, first=first) for hit in ranking.hits[: report.final_k]]
    return {"style": column.style, "facts": facts, "hits": hits}


def _hit(report: ComparisonReport, hit: Hit, *, first: bool) -> dict[str, object]:
    document = hit.document
    marks = [
        f"{hit.rank}",
        "" if first else _origin(hit, report.final_k),
        describe_grade(report.grades.get(document.id)) if report.grades else "",
        score(hit.score),
    ]
    return {
        "title": shortened(document.title, 200),
        "text": shortened(document.text, 160),
        "marks": [mark for mark in marks if mark],
    }


def _origin(hit: Hit, k: int) -> str:
    """Return where a document came from: the ranks it moved, or its rank below the cut-off."""
    if not hit.first_stage_rank:
        return "not retrieved"
    if hit.first_stage_rank > k:
        return f"from {hit.first_stage_rank}"
    return describe_movement(hit.movement)


def _times(columns: Sequence[StyledRanking]) -> list[dict[str, object]]:
    """Return each system's total time, and the length of its bar in pixels."""
    totals = [column.ranking.timing.total_ms for column in columns]
    most = max([*totals, 1e-9])
    return [
        {
            "style": column.style,
            "total": milliseconds(ms),
            "width": f"{max(2, LONGEST_BAR * ms / most):.0f}",
        }
        for column, ms in zip(columns, totals, strict=True)
    ]
