"""What `rerank-lab evaluate` prints: one JSON object, or tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from components.cli.shared import err, out
from components.evaluation import significance, summary
from components.exports.as_json import failure_json, rules_json
from components.exports.evaluation_report import EvaluationReport
from components.lab import Lab, catalog
from components.wording import count

MOST_FAILURES = 10
"""Failures that are printed one by one."""
CAUTION_DEPTH = 10
"""The first documents whose judgments the cautions look at."""


def by_depth(
    lab: Lab, report: EvaluationReport, depths: Sequence[int]
) -> dict[str, dict[str, float]]:
    """Return the measure with fewer candidates, for systems whose scores depend on the pair."""
    if not depths:
        return {}
    plan = report.saved.plan
    specs = {key: catalog.reranker_spec(key, lab.settings) for key in plan.pipelines.rerankers}
    pointwise = [s for s in report.ranked if s in specs and not specs[s].listwise]
    skipped = [s for s in report.ranked if s in specs and specs[s].listwise]
    if skipped:
        note = f"{', '.join(skipped)}: scores depend on the other candidates; evaluate each depth."
        err.print(Text(note), soft_wrap=True)
    curves = summary.sweep(plan, report.saved.evaluation, pointwise, report.measure, depths)
    return {s: {str(depth): value for depth, value in curve} for s, curve in curves.items()}


def report_fields(
    report: EvaluationReport,
    folder: Path,
    saved_id: str,
    depths: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """Return the evaluation as one JSON object, which has no NaN: what is not known is null."""
    result = report.saved.evaluation
    usages = [r.usage for ranked in result.rankings.values() for r in ranked.values()]
    return {
        "queries": len(result.complete),
        "metrics": {system: dict(m.mean) for system, m in report.metrics.items()},
        "intervals": {
            system: {name: [mean.low, mean.high] for name, mean in means.items()}
            for system, means in significance.means(report.ranked, report.names).items()
            if len(result.complete) > 1
        },
        **_verdict_fields(report),
        "cautions": list(report.cautions(CAUTION_DEPTH)),
        **rules_json(report),
        "ties_at_cut": result.ties(report.saved.plan.first_stage),
        "depths": depths,
        "reused": sum(u.reused for u in usages),
        "failures": [
            failure_json(failure) | {"query": query}
            for group in result.failures.values()
            for query, failure in group
        ],
        "snapshot": saved_id,
        "out": str(folder),
    }


def _verdict_fields(report: EvaluationReport) -> dict[str, Any]:
    """Return the verdicts, the differences, and what unjudged documents could do to them."""

    def known(value: object) -> object:
        return None if value != value else value

    differing = report.differences()
    standing = report.standings(differing)
    return {
        "verdicts": report.verdicts(differing, standing),
        "differences": [{k: known(v) for k, v in asdict(d).items()} for d in differing],
        "unjudged": [
            {
                "system": s.system,
                "pairs": s.unjudged,
                "outcome": s.outcome.value,
                "low": known(s.low),
                "high": known(s.high),
                "turning": s.turning,
            }
            for s in standing
        ],
    }


def print_report(report: EvaluationReport, fields: Mapping[str, Any]) -> None:
    """Print means, verdicts and cautions; failures go to standard error."""
    table = Table("System", *report.names, box=None)
    for system, metrics in report.metrics.items():
        cells = [f"{metrics.mean[m]:.4f}" if metrics.mean else "-" for m in report.names]
        table.add_row(Text(system), *cells)
    parts = (
        count(fields["queries"], "query"),
        report.rules,
        str(Path(fields["out"]) / "report.html"),
    )
    table.title = Text(" · ".join(part for part in parts if part))
    out.print(table)
    for system, curve in fields["depths"].items():
        points = ", ".join(f"{depth}: {value:.4f}" for depth, value in curve.items())
        out.print(Text(f"{system} {report.measure} by depth: {points}"), soft_wrap=True)
    for line in fields["verdicts"]:
        out.print(Text(line), soft_wrap=True)
    for line in fields["cautions"]:
        out.print(Text(line, style="dim"), soft_wrap=True)
    if fields["reused"]:
        out.print(f"Kept from an earlier run: {count(fields['reused'], 'score')}, with the times.")
    for failure in fields["failures"][:MOST_FAILURES]:
        line = f"{failure['system']}, query {failure['query']}: {failure['reason']}"
        err.print(Text(f"{line} {failure['remedy']}"), soft_wrap=True)
    if len(fields["failures"]) > MOST_FAILURES:
        err.print(f"… and {count(len(fields['failures']) - MOST_FAILURES, 'more failure')}.")
