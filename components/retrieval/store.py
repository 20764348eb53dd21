"""The vector store: an engine's collections, with one list of candidates for each query."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from components.config import Settings
from components.domain import NO_FILTER, Corpus, Filter, Matrix, Progress, StoreError, no_progress
from components.retrieval import candidates
from components.retrieval.candidates import Scores64
from components.retrieval.engine import CollectionStatus, Engine, alias_of, beginning_of, is_of
from components.retrieval.filtering import Clauses, clauses
from components.retrieval.schema import (
    DENSE,
    Candidate,
    Candidates,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)


def open_store(settings: Settings) -> VectorStore:
    """Return the store that is configured: a server's where there is an address, else on disk."""
    if settings.qdrant.url:
        from components.retrieval.engine.server import ServerEngine

        return VectorStore(ServerEngine(settings.qdrant))
    from components.retrieval.engine.edge import EdgeEngine

    return VectorStore(EdgeEngine(settings.cache_dir / "collections", settings.qdrant.exact_limit))


@dataclass(frozen=True, slots=True)
class VectorStore:
    """Collections of corpora in one engine; safe to share between threads.

    A corpus has up to one collection for each schema: a bi-encoder's vectors beside BM25's sparse
    ones, or BM25's alone. Every method raises StoreError where the engine does.
    """

    engine: Engine

    @property
    def embedded(self) -> bool:
        """Return whether the engine runs inside this process."""
        return self.engine.embedded

    @property
    def where(self) -> str:
        """Return where the store is, for messages."""
        return self.engine.where

    def has(self, corpus: Corpus, schema: CollectionSchema) -> bool:
        """Return whether a complete collection of this corpus is there."""
        return self.engine.points(alias_of(corpus, schema)) == len(corpus.documents)

    def build(
        self,
        corpus: Corpus,
        schema: CollectionSchema,
        vectors: CorpusVectors,
        progress: Progress = no_progress,
    ) -> None:
        """Index a corpus anew; until that is done, the index that was there before is searched."""
        self.engine.build(alias_of(corpus, schema), corpus, schema, vectors, progress)

    def wants_graph(self, corpus: Corpus, schema: CollectionSchema) -> bool:
        """Return whether a collection is too large for exact search, and has no graph yet."""
        return self.engine.wants_graph(alias_of(corpus, schema))

    def build_graph(
        self,
        corpus: Corpus,
        schema: CollectionSchema,
        queries: Matrix,
        check: Callable[[], object],
    ) -> None:
        """Build and measure a collection's graph; see `Engine.build_graph`."""
        self.engine.build_graph(alias_of(corpus, schema), queries, check)

    def drop(self, corpus: Corpus, schema: CollectionSchema) -> None:
        """Remove a corpus's collection, where there is one."""
        self.engine.drop(alias_of(corpus, schema))

    def drop_all(self, fingerprint: str, but: Collection[str] = ()) -> None:
        """Remove all collections of the corpora with a fingerprint, but some."""
        self.engine.drop_all(beginning_of(fingerprint), but)

    def aliases(self) -> tuple[str, ...]:
        """Return the names of all complete collections; one short request at most."""
        return self.engine.aliases()

    def is_of(self, alias: str, fingerprint: str, schema: CollectionSchema) -> bool:
        """Return whether a name is that of a corpus's collection of a schema."""
        return is_of(alias, fingerprint, schema)

    def bytes_here(self, fingerprint: str) -> int:
        """Return what the collections of a corpus take on this machine's disk."""
        return self.engine.bytes_here(beginning_of(fingerprint))

    def alias(self, corpus: Corpus, schema: CollectionSchema) -> str:
        """Return the name under which a corpus is searched."""
        return alias_of(corpus, schema)

    def status(self) -> tuple[CollectionStatus, ...]:
        """Return the lab's collections in this store."""
        return self.engine.status()

    def drop_outdated(self) -> tuple[str, ...]:
        """Remove the collections that earlier versions made, of all corpora; return their names."""
        outdated = tuple(status.alias for status in self.status() if status.outdated)
        for alias in outdated:
            self.engine.drop(alias)
        return outdated

    def search(
        self,
        corpus: Corpus,
        schema: CollectionSchema,
        queries: Sequence[VectorQuery],
        limit: int,
        vectors: CorpusVectors,
        *,
        fused: bool = False,
        filter: Filter = NO_FILTER,
    ) -> Candidates:
        """Return the best documents; none where there is no query.

        A dense query finds the nearest by cosine, a sparse one those that share a word, by BM25.
        With `fused`, reciprocal rank fusion joins the lists of all queries. `vectors` are the
        documents' own; dense ones that are not at hand are asked of the engine. Each list is of
        the documents that meet the `filter`; InputError where that cannot be applied.
        """
        where = clauses(filter, corpus.fields)
        if not queries:
            return Candidates()
        alias = alias_of(corpus, schema)

        def rescore(query: VectorQuery, positions: Sequence[int]) -> Scores64:
            if query.using == DENSE and vectors.dense is None:
                rows = self.engine.dense(alias, positions)
                return candidates.scores(CorpusVectors(rows), query, range(len(rows)))
            return candidates.scores(vectors, query, positions)

        limit = min(limit, len(corpus.documents))
        keys, ask = candidates.by_hash(corpus), partial(self._ask, alias, corpus, where)
        lists = candidates.best(keys, queries, limit, ask, rescore)
        return candidates.fuse(keys, lists, limit) if fused else lists[0]

    def count(self, corpus: Corpus, schema: CollectionSchema, filter: Filter) -> int:
        """Return how many documents meet a filter."""
        return self.engine.count(alias_of(corpus, schema), clauses(filter, corpus.fields))

    def _ask(
        self,
        alias: str,
        corpus: Corpus,
        where: Clauses,
        queries: Sequence[VectorQuery],
        limits: Sequence[int],
    ) -> list[list[Candidate]]:
        """Ask the engine; its answers must be of this corpus, and finite."""
        most = len(corpus.documents)  # a server may refuse to be asked for more than it allows
        answers = self.engine.search(alias, queries, [min(limit, most) for limit in limits], where)
        points = [point for answer in answers for point in answer]
        if any(not 0 <= point.position < len(corpus.documents) for point in points):
            raise StoreError(
                f"{self.where} answered with documents that {corpus.name} does not have.",
                "Remove the collection and index the corpus again.",
            )
        if not np.isfinite([point.score for point in points]).all():  # JSON's 1e999 is infinite
            raise StoreError(
                f"{self.where} answered nonsense: a score is not a finite number.",
                "See the server's log.",
            )
        return answers
