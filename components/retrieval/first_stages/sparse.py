"""Sparse vectors as first stages: documents that share a term with the query.

The terms are BM25's words, or those of a learned sparse encoder's vocabulary.
"""

from __future__ import annotations

from components.encoders import EncoderEntry
from components.models.bm25 import BM25
from components.retrieval.first_stages import FirstStage
from components.retrieval.first_stages.dense import collection_key
from components.retrieval.schema import SPARSE, CollectionSchema, EncodedQuery, VectorQuery


def matching(query: EncodedQuery) -> tuple[VectorQuery, ...]:
    """Return the query's sparse vector; nothing where no document has any of its words."""
    return (VectorQuery(SPARSE, query.sparse),) if query.sparse.indices else ()


def learned(query: EncodedQuery) -> tuple[VectorQuery, ...]:
    """Return the query's learned vector; nothing where no document has any of its terms."""
    return (VectorQuery(SPARSE, query.learned),) if query.learned and query.learned.indices else ()


def sparse_stage(encoder: EncoderEntry) -> FirstStage:
    """Return the first stage of a learned sparse encoder."""
    schema = CollectionSchema(collection_key(encoder), sparse=True)
    return FirstStage(encoder.spec, schema, learned, encoder)


FIRST_STAGES = FirstStage(BM25, CollectionSchema("bm25", sparse=True), matching)
