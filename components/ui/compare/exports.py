"""A finished comparison as files: JSON, CSV, a TREC run and a report as HTML."""

from __future__ import annotations

from datetime import UTC, datetime

from components.analysis.comparison import movement_paths
from components.exports.as_json import comparison_json, json_text
from components.exports.comparison import ComparisonReport, comparison_html
from components.exports.tables import comparison_csv
from components.exports.trec import comparison_run
from components.ui.compare import permalink
from components.ui.compare.results import Results
from components.ui.compare.status import verdict_of
from components.ui.shared import page
from components.ui.shared.pictures import Entry, Picture, pictures
from components.wording import listed, shortened


def downloads(results: Results) -> None:
    """Offer a finished comparison as files."""
    page.heading("Take it away", "Every format holds the query, the systems and the ranks.")
    # The address is read now: a file is computed when its button is pressed.
    page.downloads(files(results, permalink.link()), "downloads")


def files(results: Results, link: str) -> tuple[page.Download, ...]:
    """Return every file of a comparison; `link` is its address in the lab, where it has one."""
    corpus, text = results.job.corpus, results.job.request.query.text
    query = corpus.find_query(text)
    stem, query_id = f"{corpus.name}-comparison", query.id if query else "q"
    rankings, grades = results.rankings, results.grades
    run = f"{stem}-filtered" if results.comparison.first_stage.filter else stem  # it has no head
    return (
        (
            "Report (HTML)",
            f"{stem}.html",
            "text/html",
            lambda: comparison_html(_report(results, link)),
        ),
        ("JSON", f"{stem}.json", "application/json", lambda: _json(results)),
        ("CSV", f"{stem}.csv", "text/csv", lambda: comparison_csv(rankings, grades, text)),
        ("TREC run", f"{run}.trec", "text/plain", lambda: comparison_run(rankings, query_id)),
    )


def movement(results: Results) -> None:
    """Offer the movement chart, which the board draws at its end, as a picture."""
    paths = movement_paths(results.rankings, results.final_k)
    names = [shortened(p.document.title or p.document.text, 60) for p in paths]
    ranks = [", ".join(str(rank or "none") for rank in p.ranks) for p in paths]
    listing = "; ".join(f"{name}: {places}" for name, places in zip(names, ranks, strict=True))
    styles = [column.style for column in results.columns]
    if len(styles) > 1 and paths:
        picture = Picture(
            "board",
            "rerank-lab-movement",
            f"Rank movement: “{results.job.request.query.text}”",
            f"Ranks in {listed([style.label for style in styles])}. {listing}.",
            "One line a document, one column a system; the numbers are ranks.",
            tuple(Entry(style.letter, style.label, style.colour) for style in styles),
        )
        pictures(picture, page.palette())


def _json(results: Results) -> str:
    deepest = max((len(r.hits) for r in results.rankings), default=0)
    value = comparison_json(results.comparison, results.job.corpus, deepest)
    return json_text(value, indent=1)


def _report(results: Results, link: str) -> ComparisonReport:
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
        verdict_of(results),
        results.final_k,
        job.request.pipelines.instruction,
        datetime.now(UTC),
        results.measure,
        link,
        len(results.whole[0].ranking.hits),
    )
