"""The TREC formats: runs and judgments, written and read.

A line of a run is query, Q0, document, rank, score, system; a line of judgments is query, 0,
document, grade. White space inside an id, which the formats cannot hold, is percent-encoded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from components.corpora import MAX_BYTES, MAX_SIZE, Upload, lines, printable, quoted
from components.domain import CorpusError, Judgments, Ranking, Recorded
from components.exports.recording_format import MAX_HITS
from components.measures import Run, run_scores
from components.wording import HIDDEN, count

MAX_LINES: Final = 1_000_000
"""Lines of a run: 1,000 queries of 1,000 documents. Each takes up to 600 bytes in memory."""
RUN_PREFIX = "run:"
"""Begins the keys of systems that were read from a run."""
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
_FORMAT = "Each line is: query Q0 document rank score tag."
# Only white space and hidden characters are encoded: an id may hold a percent sign of its own. One
# that would be taken for the beginning of a code is %25, where two digits of a code follow.
_ENCODED = {quote(c): c for c in map(chr, range(0x3001)) if c.isspace() or HIDDEN.match(c)}
_CODE = re.compile("|".join([*_ENCODED, "%25(?=[0-9A-F]{2})"]))


def _encoded(id: str) -> str:
    marked = _CODE.sub(lambda code: f"%25{code[0][1:]}", id)
    return "".join(quote(c) if c.isspace() or HIDDEN.match(c) else c for c in marked)


def _decoded(token: str) -> str:
    return _CODE.sub(lambda code: _ENCODED.get(code[0], "%"), token)


# ---------------------------------------------------------------- writing


def run_lines(run: Run, system: str) -> Iterable[str]:
    """Yield the lines of a run, whose documents are in the order of their ranks."""
    for query, scores in run.items():
        for rank, (document, score) in enumerate(scores.items(), start=1):
            # nine digits tell any two 32-bit floats apart
            yield f"{_encoded(query)} Q0 {_encoded(document)} {rank} {score:.9g} {_encoded(system)}"


def qrels_lines(judgments: Judgments) -> Iterable[str]:
    """Yield the lines of judgments."""
    for query, grades in judgments.items():
        for document, grade in grades.items():
            yield f"{_encoded(query)} 0 {_encoded(document)} {grade}"


def comparison_run(rankings: Sequence[Ranking], query: str) -> str:
    """Return the rankings of a query as runs, one after another, each with its system as tag."""
    runs = (run_lines({query: run_scores(ranking)}, ranking.system) for ranking in rankings)
    return "".join(f"{line}\n" for run in runs for line in run)


def file_name(system: str) -> str:
    """Return a system's key as the name of its run's file."""
    return quote(system, safe="") + ".trec"


# ---------------------------------------------------------------- reading


def read_run(data: bytes, name: str) -> dict[str, Recorded]:
    """Return a TREC run's ranking of each query; CorpusError names file and line.

    Documents are ordered by falling score; equal scores by their rank, then by their place.
    """
    file = printable(name, 60)
    if len(data) > MAX_BYTES:
        raise CorpusError(f"{file} is larger than {MAX_SIZE}.", "Split the run.")
    run: dict[str, dict[str, tuple[float, int]]] = {}
    tags: set[str] = set()
    for read, (number, line) in enumerate(lines(Upload(name, data)), start=1):
        where = f"{file}:{number}"
        if read > MAX_LINES:
            raise CorpusError(f"{where}: more than {MAX_LINES:,} lines.", "Split the run.")
        query, document, rank, score, tag = _run_line(where, line)
        tags.add(tag)
        ranked = run.setdefault(query, {})
        if document in ranked:
            raise CorpusError(f"{where} ranks {quoted(document)} a second time.", "Remove a line.")
        if len(ranked) >= MAX_HITS:
            raise CorpusError(f"{where}: more than {MAX_HITS:,} documents.", "Cut the run.")
        ranked[document] = (score, rank)
    if len(tags) != 1:
        raise CorpusError(
            f"{file} holds {count(len(tags), 'run')}; a column is one.",
            "Keep the lines of one run tag (the sixth field) in a file of their own.",
        )
    label = printable(tags.pop(), 40)
    return {query: _recorded(label, file, ranked) for query, ranked in run.items()}


def _run_line(where: str, line: str) -> tuple[str, str, int, float, str]:
    """Return query, document, rank, score and tag of a line."""
    cells = line.split()
    if len(cells) != 6:
        raise CorpusError(f"{where} has {count(len(cells), 'field')}; a TREC run has 6.", _FORMAT)
    query, _, document, rank, score, tag = cells
    if not re.fullmatch(r"-?[0-9]{1,9}", rank) or not _NUMBER.fullmatch(score):
        raise CorpusError(
            f"{where}: rank {quoted(rank)} and score {quoted(score)} must be numbers.", _FORMAT
        )
    value = float(score)
    if not math.isfinite(value):
        raise CorpusError(f"{where}: the score {quoted(score)} is not finite.", "Correct it.")
    return _decoded(query), _decoded(document), int(rank), value, tag


def _recorded(label: str, file: str, ranked: Mapping[str, tuple[float, int]]) -> Recorded:
    order = sorted(ranked, key=lambda d: (-ranked[d][0], ranked[d][1]))
    documents = tuple((document, ranked[document][0]) for document in order)
    return Recorded(f"{RUN_PREFIX}{label}", label, f"from {file}", documents, "as in the run")
