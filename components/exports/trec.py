"""The TREC formats: runs and judgments."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from components.domain import Judgments
from components.measures import Run


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
