"""Collections, points and queries in the records of Qdrant's client."""

from __future__ import annotations

from typing import Any

from qdrant_client import models

from components.domain import Document
from components.models.bm25 import SparseVector
from components.retrieval.schema import (
    DENSE,
    SPARSE,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)


def collection(schema: CollectionSchema) -> dict[str, Any]:
    """Return the options that create a collection: its dense and its sparse vectors.

    Rows have unit length, so their inner product is the cosine. The inverse document frequency is
    in the query's weights: as a modifier, each shard would compute its own.
    """
    distance = models.Distance.DOT
    dense = {DENSE: models.VectorParams(size=schema.dense, distance=distance)}
    sparse = {SPARSE: models.SparseVectorParams()}
    return {
        "vectors_config": dense if schema.dense else {},
        "sparse_vectors_config": sparse if schema.sparse else None,
    }


def point(i: int, document: Document, vectors: CorpusVectors) -> models.PointStruct:
    """Return the document at position `i` of its corpus, with its vectors."""
    by_name: dict[str, Any] = {}
    if vectors.dense is not None:
        by_name[DENSE] = vectors.dense[i].tolist()
    if vectors.sparse is not None:
        start, end = vectors.sparse.indptr[i : i + 2]
        indices, values = vectors.sparse.indices[start:end], vectors.sparse.data[start:end]
        by_name[SPARSE] = models.SparseVector(indices=indices.tolist(), values=values.tolist())
    payload = {"doc_id": document.id, "title": document.title, "text": document.text}
    return models.PointStruct(id=i, vector=by_name, payload=payload)


def request(query: VectorQuery, limit: int) -> models.QueryRequest:
    """Return the request for the nearest points, by exact search."""
    vector = query.vector
    near = (
        models.SparseVector(indices=list(vector.indices), values=list(vector.values))
        if isinstance(vector, SparseVector)
        else vector.tolist()
    )
    exact = models.SearchParams(exact=True)
    return models.QueryRequest(query=near, using=query.using, limit=limit, params=exact)
