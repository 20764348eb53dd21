"""Results as files: JSON and the TREC formats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from components.domain import Comparison, Corpus, Failure, Judgments, Ranking
from components.evaluation import Run

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


def qrels_lines(judgments: Judgments) -> Iterable[str]:
    """Yield judgments in TREC format: query, 0, document, grade."""
    for query, grades in judgments.items():
        for document, grade in grades.items():
            yield f"{_token(query)} 0 {_token(document)} {grade}"


def file_name(system: str) -> str:
    """Return a system's key as a file name."""
    return quote(system, safe="") + ".trec"
