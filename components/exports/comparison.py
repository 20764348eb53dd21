"""A comparison as one HTML file that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from components.analysis.comparison import movement_paths
from components.analysis.quality import quality
from components.analysis.verdict import Verdict
from components.charts.palette import StyledRanking, SystemStyle
from components.corpora.details import detail_line
from components.domain import RANKS_ONLY, Corpus, Failure, Hit
from components.exports import svg
from components.exports.rendering import Table, render
from components.measures import DEFAULT
from components.wording import agree, count, describe_grade, dollars, milliseconds, score, shortened
from components.wording import movement as describe_movement

LONGEST_BAR = 420
"""Pixels of the longest bar of time."""
MOST_DOTS = 5
"""The highest grade that is drawn as dots."""
SIDE_BY_SIDE = 5
"""Columns in one row; more of them stand in two rows."""


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """What a report shows of a comparison.

    `columns` begin with the first stage's. `models` are the systems' models with their revisions,
    `grades` the judgments of the query by document id; `made` is in UTC. `measure` is that of each
    column's quality, `link` the address of the comparison in the lab, empty where there is none.
    `scored` candidates were scored, of which the columns may show the rankings of fewer; 0 stands
    for all that they hold.
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
    measure: str = DEFAULT
    link: str = ""
    scored: int = 0

    @property
    def top_grade(self) -> int:
        """Return how many dots a grade is drawn with, as on the page; 0 without judgments."""
        return max(3, *self.grades.values()) if self.grades else 0


def comparison_html(report: ComparisonReport) -> str:
    """Return the report; every text is escaped, and nothing is loaded from elsewhere."""
    styles = [column.style for column in report.columns]
    rankings = [column.ranking for column in report.columns]
    relevant = {document for document, grade in report.grades.items() if grade > 0}
    bold = "those judged relevant" if relevant else "the systems' firsts"
    emphasised = relevant or {r.hits[0].document.id for r in rankings if r.hits}
    paths = movement_paths(rankings, report.final_k)
    return render(
        "comparison.html",
        title=shortened(report.query, 80),
        query=report.query,
        provenance=_provenance(report),
        link=report.link,
        verdict=report.verdict,
        legend=_reading(report),
        columns=[_column(report, column) for column in report.columns],
        detailed=any(hit.document.details for ranking in rankings for hit in ranking.hits),
        side_by_side=len(styles) if len(styles) <= SIDE_BY_SIDE else -(-len(styles) // 2),
        failures=report.failures,
        final_k=report.final_k,
        bold=bold,
        movement=svg.movement(paths, styles, report.final_k, emphasised),
        times=_times(report.columns),
        models=Table((), [(s.name, model) for s, model in report.models.items()], text=2),
    )


def _provenance(report: ComparisonReport) -> str:
    corpus, [first, *others] = report.corpus, report.columns
    candidates = count(len(first.ranking.hits), "candidate")
    ordered = (
        f"{count(len(others), 'reranker')} ordered the same {candidates} of {first.style.label}"
    )
    instruction = f" Instruction: {report.instruction}." if report.instruction else ""
    filter = first.ranking.filter
    filtered = (
        f" Only {count(first.ranking.matching, 'document')} that "
        f"{agree(first.ranking.matching, 'meets', 'meet')} the filter {filter} were searched; BM25 "
        "counts words over the whole corpus."
        if filter
        else ""
    )
    fewer = (
        f" That is with fewer candidates of the same scoring pass; the times are those of all "
        f"{report.scored:,}."
        if report.scored > len(first.ranking.hits)
        else ""
    )
    return (
        f"{corpus.name}, {count(len(corpus.documents), 'document')}, fingerprint "
        f"{corpus.fingerprint[:12]}. {report.made:%d %B %Y %H:%M} UTC. "
        f"{ordered}; the first {report.final_k:,} of each are shown.{fewer}{instruction}{filtered}"
    )


def _reading(report: ComparisonReport) -> str:
    """Return what the marks of a card mean."""
    k, top = report.final_k, report.top_grade
    grades = f" Filled dots are the document's grade, of {top} at most." if top else ""
    if top > MOST_DOTS:
        grades = f" Grades go up to {top}."
    return (
        "the large number is the document's rank in its column. ▲ 3 and ▼ 3: it stands three ranks "
        "higher or lower than in the first stage; = means the same rank; “from 16” means that the "
        f"first stage had it at rank 16, below its first {k:,}.{grades} The number at the right is "
        "the score on that system's own scale: scores of two columns cannot be compared."
    )


# ---------------------------------------------------------------- columns


def _column(report: ComparisonReport, column: StyledRanking) -> dict[str, object]:
    """Return a column as its template takes it."""
    ranking, first = column.ranking, column is report.columns[0]
    ms, usage = ranking.timing.total_ms, ranking.usage
    value = quality(ranking, report.grades, report.measure)
    facts = [milliseconds(ms) if ms else "time not measured"]
    if usage.usd is not None:
        facts.append(dollars(usage.usd) + (" estimated" if usage.estimated else ""))
    facts += [f"recorded {ranking.recorded}"] if ranking.recorded else []
    facts += ["cached"] if ranking.cached else []
    return {
        "style": column.style,
        "role": "first stage" if first else "reranker",
        "quality": "" if value is None else f"{report.measure} {value:.2f}",
        "facts": facts,
        "hits": [_hit(report, hit, column, first=first) for hit in ranking.hits[: report.final_k]],
    }


def _hit(
    report: ComparisonReport, hit: Hit, column: StyledRanking, *, first: bool
) -> dict[str, object]:
    document, grade = hit.document, report.grades.get(hit.document.id)
    return {
        "rank": hit.rank,
        "title": shortened(document.title, 200),
        "text": shortened(document.text, 160),
        "details": detail_line(document),
        "moved": "" if first else _origin(hit, report.final_k),
        "dots": "●" * max(0, grade or 0) + "○" * (report.top_grade - max(0, grade or 0)),
        "mark": "dots" if grade is not None and report.top_grade <= MOST_DOTS else "words",
        "judgment": describe_grade(grade) if report.grades else "",
        "score": "" if column.style.scale == RANKS_ONLY else score(hit.score),
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
