"""Queries and judgments of documents that are not in files: each from a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from components.corpora.encodings import as_utf8
from components.corpora.formats import by_ending
from components.corpora.judgment_forms import Form, form_of
from components.corpora.judgments import (
    Fitted,
    Pair,
    fit,
    named_queries,
    queries_of,
    read_pairs,
    renamed,
)
from components.corpora.layout import Source, judgments_among
from components.corpora.limits import Meter
from components.corpora.records import queries_from
from components.corpora.text import HEAD, load, quoted
from components.corpora.trec import ids_of
from components.domain import CorpusError, Count, Judgments, Query
from components.wording import listed

Present = Callable[[Collection[str]], Collection[str]]
"""`present(ids)`: which of these ids are documents'."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Queries with their judgments by split; see `Corpus` for the rest."""

    queries: tuple[Query, ...] = ()
    splits: Mapping[str, Judgments] = field(default_factory=dict)
    dangling: Mapping[str, Judgments] = field(default_factory=dict)
    unasked: Mapping[str, Count] = field(default_factory=dict)


def read_beside(queries: Path | None, qrels: Path | None, present: Present) -> Beside:
    """Read queries from a file and judgments from a file, or from all that a folder has.

    Raises CorpusError where a file cannot be read, as of any other corpus.
    """
    pairs = _pairs(qrels) if qrels else {}
    asked = _queries(queries) if queries else ()
    if not asked:
        by_text = [row for row, form in pairs.values() if form.by_text]
        asked = queries_of(pair for row in by_text for pair in row)
    fitted = {split: _fitted(row, form, asked, present) for split, (row, form) in pairs.items()}
    return Beside(
        asked,
        {split: entry.judgments for split, entry in fitted.items()},
        {split: entry.dangling for split, entry in fitted.items() if entry.dangling},
        {split: entry.unasked for split, entry in fitted.items() if entry.unasked},
    )


def _queries(path: Path) -> tuple[Query, ...]:
    file = load(path)
    entry = by_ending().get(file.suffix)
    if entry is None or entry.prose:
        raise CorpusError(
            f"{quoted(str(path))}: queries are not read from a file with this ending.",
            f"Give one that ends in {listed([e for e, f in by_ending().items() if not f.prose])}.",
        )
    return queries_from(entry.rows(as_utf8(file) if entry.text else file, None), Meter())


def _pairs(path: Path) -> dict[str, tuple[tuple[Pair, ...], Form]]:
    """Return the judgments of a file or a folder by split, with their form."""
    paths = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    files = {file.name: as_utf8(load(file, file.name), guess=False) for file in paths}
    sources = [Source(n, f.content[:HEAD], partial(files.__getitem__, n)) for n, f in files.items()]
    judged, _ = judgments_among(sources, {})
    if not judged and not path.is_dir():
        [file] = files.values()
        form = form_of(file.name, file.content[:HEAD], sure=True) or Form("table", "\t")
        return {"test": (read_pairs(file, form), form)}
    if not judged:
        raise CorpusError(f"{quoted(str(path))}: no file holds judgments.", "Correct qrels.")
    return {
        split: (read_pairs(files[source.name], form), form)
        for split, (source, form) in judged.items()
    }


def _fitted(
    pairs: tuple[Pair, ...], form: Form, queries: tuple[Query, ...], present: Present
) -> Fitted:
    """Return a split's judgments of these queries and of documents that are present."""
    names = {pair.document for pair in pairs}
    ids = present(names | set(ids_of(names).values()))
    named = renamed(pairs, form, named_queries(pairs, form, queries), ids)
    return fit(named, ids, {query.id for query in queries})
