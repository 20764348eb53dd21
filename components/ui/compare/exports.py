"""A finished comparison as files: JSON, CSV, a TREC run and a report as HTML."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import streamlit as st

from components.analysis.quality import verdict
from components.exports.as_json import comparison_json
from components.exports.comparison import ComparisonReport, comparison_html
from components.exports.tables import comparison_csv
from components.exports.trec import comparison_run
from components.ui.compare.results import Results
from components.ui.shared import page


def downloads(results: Results) -> None:
    """Offer a finished comparison as files."""
    job = results.job
    query = job.corpus.find_query(job.request.query.text)
    page.heading("Take it away", "Every format holds the query, the systems and the ranks.")
    files = (
        ("Report (HTML)", "html", "text/html", lambda: comparison_html(_report(results))),
        ("JSON", "json", "application/json", lambda: _json(results)),
        ("CSV", "csv", "text/csv", lambda: comparison_csv(results.rankings, results.grades)),
        (
            "TREC run",
            "trec",
            "text/plain",
            lambda: comparison_run(results.rankings, query.id if query else "q"),
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


def _json(results: Results) -> str:
    deepest = max((len(r.hits) for r in results.rankings), default=0)
    value = comparison_json(results.comparison, results.job.corpus, deepest)
    return json.dumps(value, ensure_ascii=False, indent=1)


def _report(results: Results) -> ComparisonReport:
    job = results.job
    return ComparisonReport(
        job.request.query.text,
        job.corpus,
        results.columns,
        {
            c.style: " ".join(p for p in (s.model or s.label, s.revision) if p)
            for c, s in zip(results.columns, results.specs, strict=True)
        },
        results.comparison.failures,
        results.grades,
        verdict(results.comparison, results.grades, results.measure),
        results.final_k,
        job.request.pipelines.instruction,
        datetime.now(UTC),
    )
