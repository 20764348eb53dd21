"""Collections, points and queries in the records of Qdrant's client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qdrant_client import models

from components.domain import Document, Vector
from components.models.bm25 import SparseVector
from components.retrieval.schema import (
    DENSE,
    SPARSE,
    TOKENS,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)

RRF_K = 60
"""The constant of reciprocal rank fusion: a document at a rank adds 1 / (RRF_K + rank)."""


def collection(schema: CollectionSchema) -> dict[str, Any]:
    """Return the options that create a collection: its dense, multi- and sparse vectors."""
    # Rows have unit length, so DOT is the cosine. With COSINE, embedded Qdrant normalises them
    # again, in place, at every search, and the scores of one query drift from search to search.
    distance = models.Distance.DOT
    dense = {}
    if schema.dense:
        dense[DENSE] = models.VectorParams(size=schema.dense, distance=distance)
    if schema.tokens:
        dense[TOKENS] = models.VectorParams(
            size=schema.tokens,
            distance=distance,
            multivector_config=models.MultiVectorConfig(
                comparator=models.MultiVectorComparator.MAX_SIM
            ),
            hnsw_config=models.HnswConfigDiff(m=0),  # only ever scores given candidates
        )
    sparse = {SPARSE: models.SparseVectorParams()} if schema.sparse else None
    return {"vectors_config": dense, "sparse_vectors_config": sparse}


def point(i: int, document: Document, vectors: CorpusVectors) -> models.PointStruct:
    """Return the document at position `i` of its corpus, with its vectors."""
    by_name: dict[str, Any] = {}
    if vectors.dense is not None:
        by_name[DENSE] = vectors.dense[i].tolist()
    if vectors.sparse is not None:
        by_name[SPARSE] = _vector(vectors.sparse[i])
    if vectors.tokens is not None:
        by_name[TOKENS] = vectors.tokens.document(i).tolist()
    payload = {"doc_id": document.id, "title": document.title, "text": document.text}
    return models.PointStruct(id=i, vector=by_name, payload=payload)


def _vector(vector: Vector | SparseVector) -> list[float] | models.SparseVector:
    if isinstance(vector, SparseVector):
        return models.SparseVector(indices=list(vector.indices), values=list(vector.values))
    return vector.tolist()


def search_query(queries: Sequence[VectorQuery], limit: int, *, fused: bool) -> dict[str, Any]:
    """Return the options of a search: the first query, or the fusion of all of them."""
    if not fused:
        return {"query": _vector(queries[0].vector), "using": queries[0].using}
    prefetch = [
        models.Prefetch(query=_vector(query.vector), using=query.using, limit=limit)
        for query in queries
    ]
    # Qdrant counts ranks from 0: the paper's 1 / (60 + rank) is its k = 61.
    return {"prefetch": prefetch, "query": models.RrfQuery(rrf=models.Rrf(k=RRF_K + 1))}
