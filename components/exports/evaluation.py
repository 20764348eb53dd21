"""An evaluation as files: runs and judgments, metrics, tables, a report.

`view` is what is looked at, `tables` are for spreadsheets and papers, `page` is for people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from components.domain import InputError
from components.exports.evaluation_page import html_report
from components.exports.evaluation_report import (
    DIFFERENCES,
    Dossier,
    changed,
    hosted_systems,
    reused_words,
    verdicts,
    with_rerankers,
)
from components.exports.tables import differences_csv, latency_csv, latex, per_query_csv
from components.exports.trec import file_name, qrels_lines, run_lines

__all__ = [
    "DIFFERENCES",
    "Dossier",
    "changed",
    "differences_csv",
    "files",
    "hosted_systems",
    "html_report",
    "latex",
    "per_query_csv",
    "reused_words",
    "verdicts",
    "with_rerankers",
    "write",
]


def files(view: Dossier) -> Iterator[tuple[str, str]]:
    """Yield every file of an evaluation: its path and its text."""
    found, plan = view.snapshot.evaluation, view.snapshot.plan
    for system in found.rankings:
        yield f"runs/{file_name(system)}", _lines(run_lines(found.run(system), system))
    counted = {q: plan.judgments[q] for q in found.complete if q in plan.judgments}
    yield "qrels.trec", _lines(qrels_lines(counted))
    yield "metrics.json", _json({s: m.mean for s, m in view.metrics.items()})
    yield "per_query.json", _json({s: m.per_query for s, m in view.metrics.items()})
    yield "per_query.csv", per_query_csv(view)
    yield "differences.csv", differences_csv(view)
    yield "latency.csv", latency_csv(view)
    yield "table.tex", latex(view)
    yield "report.html", html_report(view)


def write(folder: Path, view: Dossier) -> None:
    """Write every file; raise InputError where the folder cannot be written."""
    try:
        for name, text in files(view):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as exc:
        raise InputError(f"{folder} cannot be written: {exc}.", "Choose another --out.") from exc


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
