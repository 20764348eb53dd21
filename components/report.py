"""Results as files: JSON, TREC runs, and an HTML report that needs nothing else."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from components.domain import Comparison, Corpus, Failure, InputError, Ranking
from components.evaluation import MEASURES, Evaluation, Metrics, Plan, Run
from components.significance import differences, sentence

TIMES = ("embed_ms", "search_ms", "rerank_ms", "load_ms")

# ---------------------------------------------------------------- JSON


def ranking_json(ranking: Ranking, final_k: int) -> dict[str, Any]:
    """Return a ranking, cut at `final_k`, as the command line promises it."""
    timing = {name: round(getattr(ranking.timing, name), 3) for name in TIMES}
    return {
        "system": ranking.system,
        "hits": [
            {
                "id": hit.document.id,
                "rank": hit.rank,
                "score": hit.score,
                "first_stage_rank": hit.first_stage_rank,
                "title": hit.document.title,
                "text": hit.document.text,
            }
            for hit in ranking.hits[:final_k]
        ],
        "timing": timing,
        "truncated": ranking.truncated,
        "cached": ranking.cached,
        "usage": asdict(ranking.usage),
    }


def failure_json(failure: Failure) -> dict[str, str]:
    """Return a failure as the command line promises it."""
    return {"system": failure.system, "reason": failure.reason, "remedy": failure.remedy}


def comparison_json(comparison: Comparison, corpus: Corpus, final_k: int) -> dict[str, Any]:
    """Return a comparison as the command line promises it."""
    return {
        "query": comparison.query,
        "corpus": {
            "name": corpus.name,
            "documents": len(corpus.documents),
            "fingerprint": corpus.fingerprint,
        },
        "first_stage": ranking_json(comparison.first_stage, final_k),
        "rankings": [ranking_json(r, final_k) for r in comparison.rankings],
        "failures": [failure_json(f) for f in comparison.failures],
    }


# ---------------------------------------------------------------- TREC


def run_lines(run: Run, system: str) -> Iterable[str]:
    """Yield a run in TREC format: query, Q0, document, rank, score, system.

    White space inside an id, which the format cannot hold, is percent-encoded.
    """
    for query, scores in run.items():
        for rank, (document, score) in enumerate(scores.items(), start=1):
            # nine digits tell any two 32-bit floats apart
            yield f"{_token(query)} Q0 {_token(document)} {rank} {score:.9g} {_token(system)}"


def _token(text: str) -> str:
    return "".join(quote(c) if c.isspace() else c for c in text)


def file_name(system: str) -> str:
    """Return a system's key as a file name."""
    return quote(system, safe="") + ".trec"


# ---------------------------------------------------------------- evaluation


def write_evaluation(
    folder: Path, corpus: Corpus, plan: Plan, evaluation: Evaluation
) -> dict[str, Metrics]:
    """Write runs/SYSTEM.trec, metrics.json, per_query.json and report.html; return the metrics."""
    metrics = evaluation.metrics(plan.judgments)
    try:
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        for system in evaluation.rankings:
            lines = run_lines(evaluation.run(system), system)
            text = "".join(f"{line}\n" for line in lines)
            (folder / "runs" / file_name(system)).write_text(text, encoding="utf-8")
        _write_json(folder / "metrics.json", {s: m.mean for s, m in metrics.items()})
        _write_json(folder / "per_query.json", {s: m.per_query for s, m in metrics.items()})
        page = evaluation_html(corpus, plan, evaluation, metrics)
        (folder / "report.html").write_text(page, encoding="utf-8")
    except OSError as exc:
        raise InputError(f"{folder} cannot be written: {exc}.", "Choose another --out.") from exc
    return metrics


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


_STYLE = """
:root{color-scheme:light dark;--ink:#1d1f23;--soft:#5c626b;--line:#e4e1d9;--bg:#fbfaf7}
@media(prefers-color-scheme:dark){:root{--ink:#eceae4;--soft:#a9afb9;--line:#2d323a;--bg:#14161a}}
body{margin:0 auto;max-width:1000px;padding:32px 20px;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,"DejaVu Sans",sans-serif}
h1{font-size:24px}h2{font-size:17px;margin-top:32px}p,caption{color:var(--soft);text-align:left}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:5px 18px 5px 0;border-bottom:1px solid var(--line);text-align:right}
th:first-child,td:first-child{text-align:left;max-width:460px}
"""


def evaluation_html(
    corpus: Corpus, plan: Plan, evaluation: Evaluation, metrics: Mapping[str, Metrics]
) -> str:
    """Return a report that needs no network and no script."""
    sections = [
        f"<h1>{_text(corpus.name)}: {len(evaluation.complete)} queries</h1>",
        f"<p>{_text(_provenance(corpus, plan))}</p>",
        "<h2>Quality</h2>",
        _table(("System", *MEASURES), [_mean_row(s, m) for s, m in metrics.items()]),
        "<h2>Is it better?</h2>",
        *(f"<p>{_text(line)}</p>" for line in verdicts(plan, metrics)),
        "<h2>Median latency of the second stage</h2>",
        _table(("System", "ms a query"), [_latency_row(evaluation, s) for s in metrics]),
        "<h2>nDCG@10 by query</h2>",
        _table(("Query", *metrics), _query_rows(plan, evaluation, metrics)),
        *_failure_section(evaluation),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_text(corpus.name)} evaluated</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(sections)}</body></html>"
    )


def verdicts(plan: Plan, metrics: Mapping[str, Metrics]) -> list[str]:
    """Return one sentence a system: whether it differs from the first stage, and how sure."""
    measure = MEASURES[0]
    if not metrics.get(plan.first_stage, Metrics({}, {})).per_query:
        return ["No query was ranked by every system: there is nothing to compare."]
    return [sentence(d, plan.first_stage) for d in differences(metrics, plan.first_stage, measure)]


def _provenance(corpus: Corpus, plan: Plan) -> str:
    return (
        f"{len(corpus.documents):,} documents (fingerprint {corpus.fingerprint[:12]}), "
        f"{plan.request.initial_k} candidates a query from {plan.first_stage}, "
        f"{datetime.now(UTC):%d %B %Y %H:%M} UTC. Means over the queries that every system "
        "ranked; unjudged documents count as not relevant."
    )


def _mean_row(system: str, metrics: Metrics) -> tuple[str, ...]:
    return (system, *(f"{metrics.mean[m]:.4f}" if metrics.mean else "-" for m in MEASURES))


def _latency_row(evaluation: Evaluation, system: str) -> tuple[str, str]:
    spent = [r.timing.rerank_ms for r in evaluation.rankings.get(system, {}).values()]
    return system, f"{median(spent):,.0f}" if any(spent) else "-"


def _query_rows(
    plan: Plan, evaluation: Evaluation, metrics: Mapping[str, Metrics]
) -> list[tuple[str, ...]]:
    texts = {query.id: query.text for query in plan.queries}
    return [
        (
            texts[q],
            *(f"{m.per_query[q]['nDCG@10']:.3f}" if m.mean else "-" for m in metrics.values()),
        )
        for q in evaluation.complete
    ]


def _failure_section(evaluation: Evaluation) -> list[str]:
    rows = [
        (system, query, f"{failure.reason} {failure.remedy}")
        for system, failures in evaluation.failures.items()
        for query, failure in failures
    ]
    return ["<h2>Failures</h2>", _table(("System", "Query", "Reason"), rows)] if rows else []


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    titles = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    return f'<div class="scroll"><table><tr>{titles}</tr>{body}</table></div>'


def _text(value: str) -> str:
    return html.escape(value, quote=True)
