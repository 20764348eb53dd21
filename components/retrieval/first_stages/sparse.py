"""BM25 as a first stage: documents that share a word with the query."""

from __future__ import annotations

from components.models.bm25 import BM25
from components.retrieval.first_stages import FirstStage
from components.retrieval.schema import SPARSE, CollectionSchema, EncodedQuery, VectorQuery


def matching(query: EncodedQuery) -> tuple[VectorQuery, ...]:
    """Return the query's sparse vector; nothing where no document has any of its words."""
    return (VectorQuery(SPARSE, query.sparse),) if query.sparse.indices else ()


FIRST_STAGES = FirstStage(BM25, CollectionSchema("bm25", sparse=True), matching)
