"""Comparisons and evaluations as tables: CSV for spreadsheets, LaTeX for papers.

A text that a spreadsheet would take for a formula begins with an apostrophe in every CSV. Control
characters and direction marks are written as escapes, except for line breaks and tabs in a CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from components.domain import Ranking
from components.evaluation import summary as evidence
from components.exports.evaluation_report import EvaluationReport
from components.wording import count, visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """Return a text that a spreadsheet does not run as a formula, nor a terminal as a command."""
    return visible(f"'{text}" if text.startswith(_FORMULA) else text, keep="\t\n")


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(head)
    table.writerows(rows)
    return out.getvalue()


# ---------------------------------------------------------------- comparisons


COMPARISON_COLUMNS = (
    *("system", "rank", "id", "score", "first_stage_rank", "grade", "title"),
    "query",
)


def comparison_csv(rankings: Sequence[Ranking], grades: Mapping[str, int], query: str = "") -> str:
    """Return all hits of all systems, one a row; `grades` are judgments by document id.

    A hit without a score has an empty one. Under a filter there is one column more.
    """
    filter = str(rankings[0].filter) if rankings else ""
    filtered = (guarded(filter),) if filter else ()
    rows = (
        (
            guarded(ranking.system),
            hit.rank,
            guarded(hit.document.id),
            repr(hit.score) if hit.scored else "",
            hit.first_stage_rank,
            grades.get(hit.document.id, ""),
            guarded(hit.document.title),
            guarded(query),
            *filtered,
        )
        for ranking in rankings
        for hit in ranking.hits
    )
    return _csv((*COMPARISON_COLUMNS, *(("filter",) if filter else ())), rows)


# ---------------------------------------------------------------- evaluations


def per_query_csv(report: EvaluationReport) -> str:
    """Return one row a query and system: every measure, the times, what was billed."""
    times = ("embed_ms", "search_ms", "rerank_ms")
    head = ("query_id", "query", "tags", "system", *report.names, *times, "pairs", "usd", "rules")
    rows = []
    for query in report.saved.plan.queries:
        for system, metrics in report.ranked.items():
            if query.id not in metrics.per_query:
                continue
            ranked = report.saved.evaluation.rankings[system][query.id]
            values, usd = metrics.per_query[query.id], ranked.usage.usd
            rows.append(
                (
                    *map(guarded, (query.id, query.text, " ".join(query.tags), system)),
                    *(f"{values[name]:.6f}" for name in report.names),
                    *(f"{getattr(ranked.timing, t):.3f}" for t in times),
                    ranked.usage.pairs,
                    "" if usd is None else f"{usd:.8f}",
                    report.rules,
                )
            )
    return _csv(head, rows)


def differences_csv(report: EvaluationReport) -> str:
    """Return one row a system: its difference from the baseline; a value that is NaN is empty."""
    columns = ("mean", "low", "high", "p", "effect", "detectable")
    rows = []
    for d in report.differences():
        values = (getattr(d, name) for name in columns)
        cells = ("" if v is None or v != v else v for v in values)
        rows.append((guarded(d.system), guarded(report.base), d.measure, d.n, *cells, report.rules))
    return _csv(("system", "baseline", "measure", "n", *columns, "rules"), rows)


def latency_csv(report: EvaluationReport) -> str:
    """Return the percentiles of every stage, one a row."""
    times = evidence.stage_times(report.saved.plan, report.saved.evaluation)
    rows = (
        (
            guarded(t.system),
            t.stage,
            *(f"{ms:.3f}" for ms in (t.p50, t.p95, t.p99)),
            t.n,
            f"{t.pairs:.1f}",
            f"{t.tokens:.0f}",
        )
        for t in times
    )
    return _csv(("system", "stage", "p50_ms", "p95_ms", "p99_ms", "n", "pairs", "tokens"), rows)


_LATEX = {c: rf"\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def latex(report: EvaluationReport) -> str:
    """Return the metrics as a booktabs table; a dagger marks a clear difference."""
    head = " & ".join(["System", *map(_tex, report.names)])
    marked = {d.system for d in report.differences() if d.distinguishable}
    rows = []
    for system, metrics in report.ranked.items():
        values = [f"{metrics.mean[name]:.4f}" for name in report.names]
        values[0] += r"$^{\dagger}$" if system in marked else ""
        rows.append(" & ".join([_tex(system), *values]) + r" \\")
    plan, n = report.saved.plan, len(report.saved.evaluation.complete)
    rules = f" {report.rules[0].upper()}{report.rules[1:]}." if report.rules else ""
    caption = _tex(f"{plan.corpus}, {count(n, 'query')}, {count(plan.depth, 'candidate')}.{rules}")
    note = _tex(
        f"differs from {report.base} in {report.measure}: p < 0.05, randomisation test, "
        "corrected by the maximum of t"
    )
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            r"\begin{table}",
            rf"\caption{{{caption} $^{{\dagger}}$ {note}.}}",
            rf"\begin{{tabular}}{{l{'r' * len(report.names)}}}",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _tex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in visible(text))
