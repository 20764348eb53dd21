"""The parts of an evaluation's report: pictures, the queries that changed most, statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.analysis.quality import Change
from components.domain import Corpus
from components.evaluation import summary as evidence
from components.evaluation.significance import facts, means
from components.exports import svg
from components.exports.answer import Answer
from components.exports.evaluation_report import (
    HOW_DIFFERENCES_READ,
    HOW_TAGS_READ,
    EvaluationReport,
    describe_cost,
    describe_reused,
)
from components.exports.rendering import Table
from components.measures import is_quality
from components.wording import count, describe_grade, milliseconds, shortened, signed, visible

EXTREMES, TOP = 3, 5
"""Queries at either end, and first documents of each, that are listed."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report: a title, how to read it, then a chart, a table or queries."""

    title: str
    reading: str = ""
    chart: Markup = Markup("")  # noqa: RUF009  (a string: it cannot change)
    table: Table | None = None
    queries: Sequence[Mapping[str, object]] = ()
    level: int = 2


# ---------------------------------------------------------------- pictures


def quality_bars(report: EvaluationReport, systems: Collection[str] | None = None) -> Markup:
    """Draw each system's mean with its interval, or those of some systems."""
    drawn = {s: m for s, m in report.ranked.items() if systems is None or s in systems}
    by_system = means(drawn, (report.measure,))
    bars = [
        svg.Bar(report.styles[s], mean.value, mean.low, mean.high)
        for s, mean in ((s, values[report.measure]) for s, values in by_system.items())
    ]
    return svg.intervals(bars, f"mean {report.measure}")


def pictures(report: EvaluationReport, given: Answer) -> Iterator[Section]:
    """Yield the pictures of quality, of every query's change, of quality against time."""
    yield Section(
        "How well each system ranks",
        f"a dot is the mean {report.measure}, the bar its 95% interval.",
        quality_bars(report),
    )
    if given.system:
        yield _by_query(report, given.system, given.changes, 2)
    quality = {s: m.mean[report.measure] for s, m in report.ranked.items()}
    medians = evidence.median_ms(report.saved.plan, report.saved.evaluation)
    points = evidence.pareto(quality, medians)
    if len(points) > 1:
        dots = [svg.Dot(report.styles[p.system], p.price, p.quality, p.dominated) for p in points]
        yield Section(
            "What the quality takes in time",
            "left is faster, up is a higher mean; of a faint system another one has at least the "
            "mean in no more time. Median of both stages, one machine, warm, one at a time.",
            svg.scatter(dots, "milliseconds a query", f"mean {report.measure}"),
        )


def _by_query(report: EvaluationReport, system: str, rows: Sequence[Change], level: int) -> Section:
    up, down = sum(c.change > 0 for c in rows), sum(c.change < 0 for c in rows)
    return Section(
        f"{system} against {report.base}, query by query",
        f"one bar a query, sorted; up is a gain in {report.measure}. {count(up, 'gain')}, "
        f"{count(down, 'loss', 'losses')}, {len(rows) - up - down:,} the same.",
        svg.changes(
            [c.change for c in rows],
            [f"{visible(c.query.text[:120])}: {signed(c.change)}" for c in rows],
            f"change in {report.measure}",
        ),
        level=level,
    )


# ---------------------------------------------------------------- the queries that changed most


def extremes(report: EvaluationReport, given: Answer) -> Iterator[Section]:
    """Yield the queries that gained and lost most, with both rankings' first documents."""
    rows = given.changes
    gains = [c for c in rows[:EXTREMES] if c.change > 0]
    losses = [c for c in rows[::-1][:EXTREMES] if c.change < 0]
    titles = (f"Where {given.system} gained most", "Where it lost most")
    for title, group in zip(titles, (gains, losses), strict=True):
        if group:
            yield Section(
                title,
                "the first documents of both rankings; bold are those judged relevant.",
                queries=[_query(report, given.system, change) for change in group],
            )


def _query(report: EvaluationReport, system: str, change: Change) -> dict[str, object]:
    lists = [
        {
            "system": s,
            "value": f"{report.measure} {value:.3f}",
            "documents": first_documents(report, s, change.query.id, TOP),
        }
        for s, value in ((report.base, change.before), (system, change.after))
    ]
    return {"text": change.query.text, "change": signed(change.change), "lists": lists}


def first_documents(
    report: EvaluationReport, system: str, query: str, most: int
) -> list[dict[str, object]]:
    """Return the first documents of a system's ranking as the templates take them."""
    grades = report.saved.plan.judgments.get(query, {})
    return [
        {
            "title": _title(report.corpus, d),
            "judged": describe_grade(grades.get(d)),
            "relevant": grades.get(d, 0) > 0,
        }
        for d in report.saved.evaluation.rankings[system][query].documents[:most]
    ]


def _title(corpus: Corpus | None, id: str) -> str:
    document = corpus.by_id.get(id) if corpus else None
    text = " ".join((document.title or document.text).split()) if document else ""
    return shortened(text, 120) or id


# ---------------------------------------------------------------- statistics


def statistics(report: EvaluationReport, given: Answer) -> Iterator[Section]:
    """Yield the tables, and the changes by the other systems."""
    yield from _quality(report)
    for system in report.others:
        if system != given.system:
            plan, ranked = report.saved.plan, report.ranked
            rows = evidence.changes(plan, ranked, report.base, system, report.measure)
            yield _by_query(report, system, rows, 3)
    yield from _by_tag(report)
    yield from _headroom(report)
    yield from _latency(report)


def _quality(report: EvaluationReport) -> Iterator[Section]:
    by_system = means(report.ranked, report.names)
    rows = [(s, *(f"{m[n].value:.4f}" for n in report.names)) for s, m in by_system.items()]
    yield Section("Means", table=Table(("System", *report.names), rows), level=3)
    rows_of_differences = [facts(d) for d in report.differences()]
    if rows_of_differences:
        yield Section(
            f"Differences from {report.base}",
            HOW_DIFFERENCES_READ,
            table=Table(
                tuple(rows_of_differences[0]), [tuple(row.values()) for row in rows_of_differences]
            ),
            level=3,
        )


def _by_tag(report: EvaluationReport) -> Iterator[Section]:
    groups = evidence.by_tag(report.saved.plan, report.ranked, report.measure, report.base)
    if groups:
        rows = [
            (g.tag, f"{g.n:,}", *(f"{v:.3f} {g.describe(s)}".strip() for s, v in g.means.items()))
            for g in groups
        ]
        yield Section(
            "By kind of query",
            f"mean {report.measure} of the queries with a tag, {HOW_TAGS_READ}.",
            table=Table(("Tag", "n", *groups[0].means), rows),
            level=3,
        )


def _headroom(report: EvaluationReport) -> Iterator[Section]:
    name = report.measure
    if not is_quality(name):
        return
    ceiling = evidence.ceiling(report.saved.plan, report.saved.evaluation, name)
    rows = [
        (s, f"{m.mean[name]:.3f}", f"{ceiling.best - m.mean[name]:.3f}")
        for s, m in report.ranked.items()
    ]
    yield Section(
        "Headroom",
        f"the candidates hold {ceiling.recall:.1%} of the relevant documents; the rest no reranker "
        f"can bring back. The best order of the same candidates has {name} {ceiling.best:.3f}.",
        table=Table(("System", name, "short of the best order"), rows),
        level=3,
    )


def _latency(report: EvaluationReport) -> Iterator[Section]:
    plan, evaluation = report.saved.plan, report.saved.evaluation
    times = evidence.stage_times(plan, evaluation)
    if not times:
        return
    usd = evidence.usd_a_query(plan, evaluation, report.hosted)
    rows = [
        (
            t.system,
            t.stage,
            *(milliseconds(value) for value in (t.p50, t.p95, t.p99)),
            f"{t.pairs:,.0f}" if t.pairs else "",
            f"{t.tokens:,.0f}" if t.tokens else "not counted" if t.pairs else "",
            describe_cost(t, usd),
        )
        for t in times
    ]
    head = ("System", "Stage", "p50", "p95", "p99", "pairs", "tokens", "cost of 1,000 queries")
    yield Section(
        "Latency and cost",
        describe_reused(times) or "percentiles over the queries, measured in this run.",
        table=Table(head, rows, text=2),
        level=3,
    )


def failures(report: EvaluationReport) -> Iterator[Section]:
    """Yield what did not rank, and why."""
    rows = [
        (system, query, f"{failure.reason} {failure.remedy}")
        for system, failures in report.saved.evaluation.failures.items()
        for query, failure in failures
    ]
    if rows:
        yield Section("Failures", table=Table(("System", "Query", "Reason"), rows, text=3))
