"""Documents, queries, judgments, and the corpus that joins them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from components.domain.documents import Document, LazyDocuments
from components.domain.fields import Fields, fields_of
from components.domain.imports import Count, ImportReport

Judgments = Mapping[str, Mapping[str, int]]
"""Query id -> document id -> grade; a pair that is absent is unjudged, which is not grade 0."""

MAX_GRADE: Final = 100
"""The largest grade; the smallest is the same below 0.

trec_eval, which computes nDCG, allocates and visits an entry for every grade from 0 to the largest:
without a bound one number in a file takes gigabytes.
"""


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `tags` say what makes it hard, `note` says what a teacher can show with it."""

    id: str
    text: str
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Documents with, where they exist, queries and graded judgments.

    `fingerprint` is a SHA-256 over the documents' ids, titles and texts in order: two corpora
    with the same fingerprint rank alike. `splits` are all the judgments that came with it, by name;
    `judgments` are those of one of them, `dangling` those by split whose document is not in the
    corpus, `unasked` how many judged queries are not, by split. `report` says what became of the
    files; it makes no difference between corpora. `documents` are a tuple, or `LazyDocuments` that
    are read as they are needed; `at` and `ids` serve both. Corpora are equal where all else is and
    fingerprint and metadata agree: texts are not compared. `scanned` are the fields of the metadata
    where they are known already.
    """

    name: str
    documents: Sequence[Document]
    queries: tuple[Query, ...] = ()
    judgments: Judgments = field(default_factory=dict)
    fingerprint: str = ""
    card: str = ""
    splits: Mapping[str, Judgments] = field(default_factory=dict)
    dangling: Mapping[str, Judgments] = field(default_factory=dict, compare=False, repr=False)
    unasked: Mapping[str, Count] = field(default_factory=dict, compare=False, repr=False)
    report: ImportReport = field(default=ImportReport(), compare=False, repr=False)
    scanned: Fields | None = field(default=None, compare=False, repr=False)

    @property
    def fields(self) -> Fields:
        """Return the fields of the metadata; the first call goes through all documents."""
        return self.scanned or fields_of(self.fingerprint, self.documents)

    @property
    def identity(self) -> str:
        """Return what tells the documents apart from all others, their metadata included."""
        return f"{self.fingerprint} {self.fields.digest}".strip()

    def __hash__(self) -> int:
        """Hash by fingerprint, so that work done for a corpus can be kept under it."""
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        """Tell whether two corpora are the same, without reading their texts."""
        if not isinstance(other, Corpus):
            return NotImplemented
        own, its = (
            (c.fingerprint, c.name, c.card, c.queries, c.judgments, c.splits) for c in (self, other)
        )
        return own == its and _same(self, other)

    def at(self, places: Sequence[int]) -> list[Document]:
        """Return the documents at these positions, in their order."""
        if isinstance(self.documents, LazyDocuments):
            return self.documents.at(places)
        return [self.documents[place] for place in places]

    def ids(self, places: Sequence[int]) -> list[str]:
        """Return the ids of the documents at these positions, in their order."""
        if isinstance(self.documents, LazyDocuments):
            return self.documents.ids(places)
        return [self.documents[place].id for place in places]

    def sample(self, n: int) -> Sequence[Document]:
        """Return up to so many documents that stand for all: evenly spread, or drawn at random."""
        if isinstance(self.documents, LazyDocuments):
            return self.documents.sample(n)
        return self.documents[:: math.ceil(len(self.documents) / n) or 1]

    def present(self, ids: Collection[str]) -> set[str]:
        """Return those of these document ids that the corpus has."""
        if isinstance(self.documents, LazyDocuments):
            return self.documents.present(ids)
        return {id for id in ids if id in self.by_id}

    def some(self, ids: Collection[str]) -> dict[str, Document]:
        """Return those of the documents with these ids that the corpus has, read at once, by id."""
        if isinstance(self.documents, LazyDocuments):
            return self.documents.some(ids)
        return {id: self.by_id[id] for id in ids if id in self.by_id}

    @property
    def remote(self) -> bool:
        """Return whether the documents are somebody else's, and never all read."""
        return isinstance(self.documents, LazyDocuments) and self.documents.remote

    def find_query(self, text: str) -> Query | None:
        """Return the corpus's own query with this text, if there is one."""
        wanted = " ".join(text.split())
        return next((q for q in self.queries if " ".join(q.text.split()) == wanted), None)

    def itself(self, query: Query | None) -> Document | None:
        """Return the document that a query is: of the same id and, but for white space, text."""
        document = self.by_id.get(query.id) if query else None
        if query is None or document is None:
            return None
        texts = (" ".join(text.split()) for text in (document.text, document.passage))
        return document if " ".join(query.text.split()) in texts else None

    @property
    def opening_query(self) -> str:
        """Return the first query's text; without queries, the first document's title or words."""
        if self.queries:
            return self.queries[0].text
        document = self.documents[0]
        return document.title or " ".join(document.text.split()[:8])

    @property
    def split(self) -> str:
        """Return the name of the split whose judgments these are."""
        return next((n for n, judged in self.splits.items() if judged is self.judgments), "test")

    def with_split(self, split: str) -> Corpus:
        """Return this corpus with another split's judgments; itself where there is no such."""
        if split == self.split or split not in self.splits:
            return self
        return replace(self, judgments=self.splits[split])

    def with_splits(self, splits: Mapping[str, Judgments]) -> Corpus:
        """Return this corpus with further sets of judgments beside its own."""
        return replace(self, splits={**self.splits, **splits}) if splits else self

    @property
    def by_id(self) -> Mapping[str, Document]:
        """Return the documents by id."""
        if isinstance(self.documents, LazyDocuments):
            return self.documents.by_id
        return _by_id(_Identity(self.documents))

    def grades(self, query: Query | None) -> Mapping[str, int]:
        """Return the grades of a query by document id; empty where nothing is judged."""
        return self.judgments.get(query.id, {}) if query else {}


def _same(one: Corpus, other: Corpus) -> bool:
    """Tell whether corpora of one fingerprint have the same documents, metadata included."""
    mine, its = one.documents, other.documents
    lazy = isinstance(mine, LazyDocuments) or isinstance(its, LazyDocuments)
    if lazy or not one.fingerprint:
        return mine == its
    return mine is its or (
        len(mine) == len(its)
        and all(a.metadata == b.metadata for a, b in zip(mine, its, strict=True))
    )


class _Identity:
    """Documents as a key: they are the same where they are one object."""

    __slots__ = ("documents",)

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents

    def __hash__(self) -> int:
        return id(self.documents)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.documents is self.documents


@lru_cache(maxsize=8)
def _by_id(key: _Identity) -> Mapping[str, Document]:
    return {document.id: document for document in key.documents}
