"""An evaluation as files: runs and judgments, metrics, tables, a report."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from components.exports.as_json import json_text, rules_json
from components.exports.evaluation_html import evaluation_html
from components.exports.evaluation_report import EvaluationReport
from components.exports.folders import check_files, write_files
from components.exports.tables import differences_csv, latency_csv, latex, per_query_csv
from components.exports.trec import file_name, qrels_lines, run_lines

NAMES = (
    "qrels.trec",
    "rules.json",
    "metrics.json",
    "per_query.json",
    "per_query.csv",
    "differences.csv",
    "latency.csv",
    "table.tex",
    "report.html",
)
"""The files of every evaluation; its runs are in `runs`."""


def files(report: EvaluationReport) -> Iterator[tuple[str, str]]:
    """Yield every file of an evaluation: its path and its text."""
    evaluation, judgments = report.saved.evaluation, report.saved.plan.judgments
    for system in evaluation.rankings:
        yield f"runs/{file_name(system)}", _lines(run_lines(evaluation.run(system), system))
    complete = {q: judgments[q] for q in evaluation.complete if q in judgments}
    marginal = report.saved.plan.marginal.judgments  # left out of the means, and judged
    yield "qrels.trec", _lines(qrels_lines({**complete, **marginal}))
    yield "rules.json", _json(rules_json(report))
    # what a figure is of must stand beside it; no system is called filter
    filter = report.saved.plan.pipelines.filter.texts
    means = {s: m.mean for s, m in report.metrics.items()}
    yield "metrics.json", _json(({"filter": filter} if filter else {}) | means)
    yield "per_query.json", _json({s: m.per_query for s, m in report.metrics.items()})
    yield "per_query.csv", per_query_csv(report)
    yield "differences.csv", differences_csv(report)
    yield "latency.csv", latency_csv(report)
    yield "table.tex", latex(report)
    yield "report.html", evaluation_html(report)


def check(folder: Path, systems: Iterable[str]) -> None:
    """Raise InputError unless an evaluation of these systems can be written into a folder."""
    check_files(folder, [*(f"runs/{file_name(system)}" for system in systems), *NAMES])


def write(folder: Path, report: EvaluationReport) -> None:
    """Write every file; raise InputError where that fails, and leave the old files whole."""
    write_files(folder, files(report))


def zipped(report: EvaluationReport) -> bytes:
    """Return every file in one ZIP archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        for name, text in files(report):
            members.writestr(name, text)
    return archive.getvalue()


def _json(value: object) -> str:
    return json_text(value, indent=1) + "\n"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
