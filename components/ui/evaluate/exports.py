"""The files of an evaluation, to take away."""

from __future__ import annotations

from components.exports.evaluation import zipped
from components.exports.evaluation_html import evaluation_html
from components.exports.evaluation_report import EvaluationReport
from components.exports.tables import latex, per_query_csv
from components.ui.shared import page


def downloads(report: EvaluationReport) -> None:
    """Offer the report, the tables, and everything in one ZIP file."""
    page.heading("Take it away", f"{report.saved.title}. The report needs no network.")
    stem = f"{report.saved.plan.corpus}-evaluation"
    page.downloads(
        (
            ("Report (HTML)", f"{stem}.html", "text/html", lambda: evaluation_html(report)),
            ("By query (CSV)", f"{stem}.csv", "text/csv", lambda: per_query_csv(report)),
            ("Table (LaTeX)", f"{stem}.tex", "text/plain", lambda: latex(report)),
            ("Everything (ZIP)", f"{stem}.zip", "application/zip", lambda: zipped(report)),
        ),
        "take-evaluation",
    )
    page.soft("The ZIP also holds the TREC runs, the judgments and the metrics as JSON.", "zip")
