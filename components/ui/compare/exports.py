"""A finished comparison as files: JSON, CSV, a TREC run and a report as HTML."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import streamlit as st

from components.analysis import comparison as analysis
from components.domain import Comparison
from components.exports.as_json import comparison_json
from components.exports.comparison import ComparisonReport, comparison_html
from components.exports.tables import comparison_csv
from components.exports.trec import comparison_run
from components.ui.compare.board.view import column_specs, first_spec
from components.ui.compare.views import K, Shown
from components.ui.shared import page


def downloads(shown: Shown) -> None:
    """Offer a finished comparison as files."""
    job = shown.job
    query = job.corpus.find_query(job.request.query.text)
    comparison = shown.comparison
    page.heading("Take it away", "Every format holds the query, the systems and the ranks.")
    files = (
        ("Report (HTML)", "html", "text/html", lambda: comparison_html(_report(shown, comparison))),
        ("JSON", "json", "application/json", lambda: _json(shown, comparison)),
        ("CSV", "csv", "text/csv", lambda: comparison_csv(shown.rankings, shown.grades)),
        (
            "TREC run",
            "trec",
            "text/plain",
            lambda: comparison_run(shown.rankings, query.id if query else "q"),
        ),
    )
    with st.container(horizontal=True, key="downloads"):
        for label, ending, mime, data in files:
            st.download_button(
                label,
                data,
                file_name=f"{job.corpus.name}-comparison.{ending}",
                mime=mime,
                icon=":material/download:",
                key=f"take-{ending}",
                on_click="ignore",
                width="content",
            )


def _json(shown: Shown, comparison: Comparison) -> str:
    deepest = max((len(r.hits) for r in shown.rankings), default=0)
    value = comparison_json(comparison, shown.job.corpus, deepest)
    return json.dumps(value, ensure_ascii=False, indent=1)


def _report(shown: Shown, comparison: Comparison) -> ComparisonReport:
    job = shown.job
    specs = column_specs(job.request, job.lab.settings)
    models = [first_spec(job.request), *(specs[r.system] for r in shown.rankings[1:])]
    return ComparisonReport(
        job.request.query.text,
        job.corpus,
        shown.columns,
        {
            c.style: " ".join(p for p in (s.model or s.label, s.revision) if p)
            for c, s in zip(shown.columns, models, strict=True)
        },
        comparison.failures,
        shown.grades,
        analysis.verdict(comparison, shown.grades, K),
        shown.final_k,
        job.request.pipelines.instruction,
        datetime.now(UTC),
    )
