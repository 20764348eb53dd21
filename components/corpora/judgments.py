"""Judgments and candidates: tab-separated files of query, document and a whole number.

Accepted are BEIR's three columns with a header and TREC's four without one; an error names the
file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from components.corpora.limits import Meter
from components.corpora.text import Upload, lines, load, quoted
from components.domain import MAX_GRADE, Corpus, CorpusError, Judgments
from components.wording import agree, count

_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of a qrels or candidate file: a query, a document, its grade or rank, the place."""

    query: str
    document: str
    value: int
    where: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a judgment file lies outside a corpus, in distinct queries and documents."""

    queries: int
    unknown_queries: int
    documents: int
    unknown_documents: int


def read_qrels(path: Path) -> Judgments:
    """Read graded judgments: BEIR's three columns with a header, or TREC's four without one."""
    return judgments_of(read_pairs(load(path), "score"))


def read_candidates(path: Path) -> dict[str, tuple[str, ...]]:
    """Read query-id, corpus-id, rank; return document ids by query, in order of rank."""
    ranks = _table(read_pairs(load(path), "rank"))
    return {query: tuple(sorted(row, key=row.__getitem__)) for query, row in ranks.items()}


def check_judgments(
    pairs: Sequence[Pair], document_ids: Collection[str], query_ids: Collection[str]
) -> None:
    """Raise `CorpusError` at the first judgment of an unknown document or query."""
    strange = [p for p in pairs if p.query not in query_ids or p.document not in document_ids]
    if not strange:
        return
    first = strange[0]
    if first.query in query_ids:
        what, value, file = "document", first.document, "corpus"
    else:
        what, value, file = "query", first.query, "queries"
    raise CorpusError(
        f"{first.where}: the {what} {quoted(value)} is not in the {file}; {len(strange):,} "
        f"of {count(len(pairs), 'judgment')} {agree(len(strange), 'names', 'name')} a query or "
        "document that is not there.",
        f"Add what is missing to {file}.jsonl, or delete these judgments.",
    )


def coverage(judgments: Judgments, corpus: Corpus) -> Coverage:
    """Count what judgments of a larger collection name beyond a corpus; no shared query raises."""
    query_ids = {query.id for query in corpus.queries}
    judged = {document for grades in judgments.values() for document in grades}
    unknown = judgments.keys() - query_ids
    if len(unknown) == len(judgments):
        raise CorpusError(
            f"None of the judged queries ({len(judgments):,}) is among the "
            f"{count(len(query_ids), 'query')} of the corpus {quoted(corpus.name)}; the first is "
            f"{quoted(next(iter(judgments), ''))}.",
            "Give the judgments that belong to this corpus.",
        )
    missing = judged - {document.id for document in corpus.documents}
    return Coverage(len(judgments), len(unknown), len(judged), len(missing))


def is_header(line: str, column: str = "score") -> bool:
    """Tell whether a line is the header query-id, corpus-id and this column, tab-separated."""
    cells = [cell.strip().lower().replace("_", "-") for cell in line.split("\t")]
    return cells == ["query-id", "corpus-id", column]


def read_pairs(file: Upload, column: str, meter: Meter | None = None) -> tuple[Pair, ...]:
    """Read the lines of a qrels (`score`) or candidate (`rank`) file."""
    rows, meter = lines(file), meter or Meter()
    first, line = next(rows, (0, ""))
    separator, width = "\t", 3
    if column == "score" and not is_header(line, column) and len(line.split()) == 4:
        separator, width = "", 4
        rows = chain([(first, line)], rows)
    elif first and not is_header(line, column):
        raise CorpusError(
            f"{file.name}:{first}: expected the header query-id, corpus-id, {column}, "
            f"separated by tabs; found {quoted(line)}.",
            "Add the header line" + (", or use TREC's four columns." if column == "score" else "."),
        )
    pairs: list[Pair] = []
    for number, line in rows:
        meter.count_row(where := f"{file.name}:{number}")
        pairs.append(_pair(where, line.split(separator or None), width, column))
    if not pairs:
        raise CorpusError(f"{file.name}:1: the file holds no rows.", "Fill it or leave it out.")
    return tuple(pairs)


def _pair(where: str, cells: Sequence[str], width: int, column: str) -> Pair:
    """Check the cells of one line; TREC's second column, the iteration, means nothing."""
    if len(cells) != width or not all(cell.strip() for cell in cells):
        raise CorpusError(
            f"{where}: expected {count(width, 'column')}, all filled; found {len(cells)}: "
            f"{', '.join(quoted(cell) for cell in cells[:6])}.",
            f"Write query, document and {column}, separated as in the first line.",
        )
    value = cells[-1].strip()
    if not _INTEGER.fullmatch(value) or (column == "rank" and int(value) < 0):
        what = "an integer" if column == "score" else "an integer from 0 or 1 upward"
        raise CorpusError(
            f"{where}: the {column} {quoted(value)} is not {what}.",
            "Write whole numbers of at most nine digits."
            if column == "rank"
            else f"Write whole numbers from -{MAX_GRADE} to {MAX_GRADE}.",
        )
    if column == "score" and abs(int(value)) > MAX_GRADE:
        raise CorpusError(
            f"{where}: the score {quoted(value)} is not a grade: an integer from -{MAX_GRADE} to "
            f"{MAX_GRADE}.",
            "Write how relevant the document is; ranks and raw scores are no grades.",
        )
    return Pair(cells[0], cells[-2], int(value), where)


def _table(pairs: Iterable[Pair]) -> dict[str, dict[str, int]]:
    """Return values by query and document; a pair that comes twice must say the same twice."""
    seen: dict[tuple[str, str], Pair] = {}
    table: dict[str, dict[str, int]] = {}
    for pair in pairs:
        earlier = seen.setdefault((pair.query, pair.document), pair)
        if earlier.value != pair.value:
            raise CorpusError(
                f"{pair.where}: query {quoted(pair.query)} with document {quoted(pair.document)} "
                f"has {pair.value} here and {earlier.value} at {earlier.where}.",
                "Keep one of the two lines.",
            )
        table.setdefault(pair.query, {})[pair.document] = pair.value
    return table


def judgments_of(pairs: Iterable[Pair]) -> Judgments:
    """Return read-only grades by query and document."""
    return MappingProxyType({q: MappingProxyType(row) for q, row in _table(pairs).items()})
