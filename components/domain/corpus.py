"""Documents, queries, judgments, and the corpus that joins them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

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
class Document:
    """One passage of a corpus."""

    id: str
    title: str
    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def passage(self) -> str:
        """Return what every model reads: title, a space, text."""
        return f"{self.title} {self.text}".strip()

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """Return what else its file says of the document: name and value, in the file's order."""
        return tuple(self.metadata.items())


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `tags` say what makes it hard, `note` says what a teacher can show with it."""

    id: str
    text: str
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents with, where they exist, queries and graded judgments.

    `fingerprint` is a SHA-256 over the documents' ids, titles and texts in order: two corpora
    with the same fingerprint rank alike. `splits` are all the judgments that came with it, by name;
    `judgments` are those of one of them, `dangling` those by split whose document is not in the
    corpus, `unasked` how many judged queries are not, by split. `report` says what became of the
    files; it makes no difference between corpora. `scanned` are the fields of the metadata where
    they are known already.
    """

    name: str
    documents: tuple[Document, ...]
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

    @property
    def by_id(self) -> Mapping[str, Document]:
        """Return the documents by id."""
        return _by_id(self)

    def grades(self, query: Query | None) -> Mapping[str, int]:
        """Return the grades of a query by document id; empty where nothing is judged."""
        return self.judgments.get(query.id, {}) if query else {}


@lru_cache(maxsize=8)
def _by_id(corpus: Corpus) -> Mapping[str, Document]:
    return {document.id: document for document in corpus.documents}
