"""The CSV of a comparison read again: columns of what was ranked then."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping

from components.corpora import MAX_BYTES, MAX_SIZE, Upload, printable, quoted
from components.corpora.text import decode
from components.corpora.trec import NUMBER
from components.domain import Corpus, CorpusError, Recorded
from components.exports.recording_format import MAX_HITS
from components.exports.tables import COMPARISON_COLUMNS, guarded
from components.exports.trec import MAX_LINES, MAX_RUNS, RUN_PREFIX
from components.wording import count


def read_comparison(data: bytes, name: str, corpus: Corpus) -> dict[str, dict[str, Recorded]]:
    """Return the rankings of each query id by system; CorpusError names file and row.

    A table writes some ids otherwise than they are, for spreadsheets and terminals, so they are
    looked up in the corpus. Documents keep the order of the rows.
    """
    file = printable(name, 60)
    if len(data) > MAX_BYTES:
        raise CorpusError(f"{file} is larger than {MAX_SIZE}.", "Split the table.")
    queries = _by_written(file, ((q.text, q.id) for q in corpus.queries))
    ids = _by_written(file, ((id, id) for id in corpus.by_id))
    systems: dict[str, dict[str, dict[str, float]]] = {}
    for where, row in _rows(Upload(file, data)):
        query = queries.get(row["query"])
        if query is None:
            continue
        filter = f" ({row['filter']})" if row.get("filter") else ""
        ranked = systems.setdefault(row["system"] + filter, {}).setdefault(query, {})
        document = ids.get(row["id"], row["id"])
        if document in ranked:
            raise CorpusError(f"{where} ranks {quoted(document)} a second time.", "Remove a row.")
        ranked[document] = _score(where, row["score"], min(ranked.values(), default=0.0))
        if len(ranked) > MAX_HITS:
            raise CorpusError(f"{where}: more than {MAX_HITS:,} documents.", "Cut the table.")
    if not 0 < len(systems) <= MAX_RUNS:
        raise CorpusError(
            f"{file} ranks queries of {corpus.name} by {count(len(systems), 'system')}; expected 1 "
            f"to {MAX_RUNS}.",
            "Choose the corpus that the comparison was made with.",
        )
    return {
        system: {query: _recorded(system, file, ranked) for query, ranked in rankings.items()}
        for system, rankings in systems.items()
    }


def _score(where: str, text: str, last: float) -> float:
    """Return a score; a hit without one is behind those that have one."""
    if text and (not NUMBER.fullmatch(text) or not math.isfinite(float(text))):
        raise CorpusError(f"{where}: the score {quoted(text)} is no number.", "Correct it.")
    return float(text) if text else last


def _rows(file: Upload) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield the place and the cells by column of every row."""
    reader = csv.reader(io.StringIO(decode(file), newline=""))
    try:
        head = next(reader, [])
        if not set(COMPARISON_COLUMNS) <= set(head):
            raise CorpusError(
                f"{file.name}:1 is not the head of a comparison's table.",
                f"Its columns are {', '.join(COMPARISON_COLUMNS)}.",
            )
        for number, cells in enumerate(reader, start=2):
            where = f"{file.name}, row {number}"
            if number > MAX_LINES:
                raise CorpusError(f"{where}: more than {MAX_LINES:,} rows.", "Split the table.")
            if len(cells) != len(head):
                raise CorpusError(
                    f"{where} has {count(len(cells), 'cell')}; expected {len(head)}.", "Correct it."
                )
            yield where, dict(zip(head, cells, strict=True))
    except csv.Error as exc:
        raise CorpusError(f"{file.name} is no CSV: {exc}.", "Save it again.") from exc


def _by_written(file: str, pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return values by how a table writes their names; CorpusError where two are written alike."""
    written: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, value in pairs:
        text = guarded(name)
        if names.setdefault(text, name) != name:
            raise CorpusError(
                f"{file} cannot be read: a table writes both {quoted(names[text])} and "
                f"{quoted(name)} as {quoted(text)}.",
                "Load the TREC run or the recording of the comparison instead.",
            )
        written.setdefault(text, value)
    return written


def _recorded(system: str, file: str, scores: Mapping[str, float]) -> Recorded:
    label = printable(system, 40)
    documents = tuple(scores.items())
    return Recorded(f"{RUN_PREFIX}{label}", label, f"from {file}", documents, "as in the table")
