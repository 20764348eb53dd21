"""The queries of a corpus and what is judged of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from statistics import median

import numpy as np

from components.analysis.anatomy.copies import Twins
from components.analysis.anatomy.lengths import lengths_of
from components.analysis.anatomy.records import (
    EXAMPLES,
    Copies,
    GradeCount,
    Group,
    JudgedApart,
    Pair,
    QueryFigures,
    Refusal,
    SplitFigures,
)
from components.analysis.anatomy.rows import Batch, Rows, same
from components.domain import Corpus, Judgments, Query


class AskedDocuments:
    """Looks for queries that are documents: with the text of one, or with title and text."""

    def __init__(self, queries: Iterable[Query]) -> None:
        self._queries: dict[bytes, str] = {}
        for query in queries:
            self._queries.setdefault(same(query.text), query.id)
        self._number = 0
        self._pairs: list[Pair] = []

    def add(self, batch: Batch) -> None:
        """Look through documents."""
        if not self._queries:
            return
        for document, digest in zip(batch.documents, batch.digests, strict=True):
            query = self._queries.get(digest)
            if query is None and document.title and document.text.strip():
                query = self._queries.get(same(document.text))
            if query is not None and document.passage:
                self._number += 1
                self._pairs += [Pair(query, document.id)][: EXAMPLES - len(self._pairs)]

    def copies(self) -> Copies:
        """Return the documents that are a query."""
        return Copies(self._number, tuple(self._pairs))


def query_figures(corpus: Corpus, documents: Copies, refusals: tuple[Refusal, ...]) -> QueryFigures:
    """Return what the queries are like."""
    first: dict[bytes, str] = {}
    earlier = [(first.setdefault(same(query.text), query.id), query.id) for query in corpus.queries]
    repeated = [Pair(one, other) for one, other in earlier if one != other]
    judged = {query for judgments in _splits(corpus).values() for query in judgments}
    unjudged = [q.id for q in corpus.queries if q.id not in judged] if judged else []
    return QueryFigures(
        len(corpus.queries),
        lengths_of(np.array([len(query.text.split()) for query in corpus.queries], np.int64)),
        Copies(len(repeated), tuple(repeated[:EXAMPLES])),
        Group(len(unjudged), tuple(unjudged[:EXAMPLES])),
        documents,
        refusals,
    )


def _splits(corpus: Corpus) -> Mapping[str, Judgments]:
    """Return all judgments of a corpus by split."""
    return corpus.splits or ({corpus.split: corpus.judgments} if corpus.judgments else {})


def split_figures(corpus: Corpus, twins: Twins, rows: Rows) -> tuple[SplitFigures, ...]:
    """Return what is judged, split by split; of copies, exact ones count."""
    members: dict[int, list[int]] = {}
    for later, first in sorted(twins.exact.items()):
        members.setdefault(first, [first]).append(later)
    ids = (tuple(rows.ids(group)) for group in members.values())
    kin = {identity: group for group in ids for identity in group}
    names = dict.fromkeys([*_splits(corpus), *corpus.dangling])
    return tuple(_split(name, _splits(corpus).get(name, {}), corpus, kin) for name in names)


def _split(
    name: str, judgments: Judgments, corpus: Corpus, kin: Mapping[str, tuple[str, ...]]
) -> SplitFigures:
    numbers = sorted(len(grades) for grades in judgments.values())
    grades = Counter(grade for own in judgments.values() for grade in own.values())
    pointless = [query for query, own in judgments.items() if max(own.values(), default=0) <= 0]
    missing = [d for own in corpus.dangling.get(name, {}).values() for d in own]
    apart = list(_apart(judgments, kin))
    return SplitFigures(
        name,
        len(judgments),
        sum(numbers),
        numbers[0] if numbers else 0,
        float(median(numbers)) if numbers else 0.0,
        numbers[-1] if numbers else 0,
        tuple(GradeCount(grade, grades[grade]) for grade in sorted(grades)),
        Group(len(pointless), tuple(pointless[:EXAMPLES])),
        Group(len(missing), tuple(dict.fromkeys(missing))[:EXAMPLES]),
        corpus.unasked[name].number if name in corpus.unasked else 0,
        len(apart),
        tuple(apart[:EXAMPLES]),
    )


def _apart(judgments: Judgments, kin: Mapping[str, tuple[str, ...]]) -> Iterator[JudgedApart]:
    """Yield copies of relevant documents that are judged otherwise, or not at all, each once."""
    for query, grades in judgments.items():
        reported: set[str] = set()
        for document, grade in grades.items():
            for copy in kin.get(document, ()) if grade > 0 else ():
                other = grades.get(copy)
                if copy != document and other != grade and copy not in reported:
                    reported |= {copy, document} if other else {copy}
                    yield JudgedApart(query, document, copy, grade, other)
