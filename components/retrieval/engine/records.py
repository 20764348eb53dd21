"""Queries and filters in the records of the embedded engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import qdrant_edge as edge

from components.models.bm25 import SparseVector
from components.retrieval.filtering import Clause, Clauses, Kind
from components.retrieval.schema import DENSE, SPARSE, CollectionSchema, VectorQuery

INDEXES: Mapping[Kind, Callable[[], Any]] = {
    "text": lambda: edge.KeywordIndexParams(memory=edge.Memory.Cold),
    "number": lambda: edge.FloatIndexParams(memory=edge.Memory.Cold),
    "date": lambda: edge.DatetimeIndexParams(memory=edge.Memory.Cold),
}
"""Makes the index of each kind of values; cold: what nobody filters by is not in memory."""


def collection(schema: CollectionSchema) -> edge.EdgeConfig:
    """Return the configuration of a new shard: its dense and its sparse vectors.

    Rows have unit length, so their inner product is the cosine. What nobody searches is not read,
    and a small collection has no large file in memory.
    """
    rows = edge.EdgeVectorParams(schema.dense, edge.Distance.Dot, memory=edge.Memory.Cold)
    sparse = {SPARSE: edge.EdgeSparseVectorParams()} if schema.sparse else None
    dense = {DENSE: rows} if schema.dense else None
    return edge.EdgeConfig(dense, sparse, wal_enabled=False)


def batch(
    queries: Sequence[VectorQuery],
    limits: Sequence[int],
    most: int,
    params: edge.SearchParams,
    where: Clauses,
) -> edge.QueryBatchRequest:
    """Return the request for up to so many nearest points, `most` of them, that meet a filter."""
    wanted, requests = conditions(where), []
    for query, limit in zip(queries, limits, strict=True):
        vector = query.vector
        near = (
            edge.SparseVector(list(vector.indices), list(vector.values))
            if isinstance(vector, SparseVector)
            else vector.tolist()
        )
        nearest = edge.Query.Nearest(near, using=query.using)
        n = max(1, min(limit, most))
        requests.append(edge.QueryRequest(limit=n, query=nearest, filter=wanted, params=params))
    return edge.QueryBatchRequest(requests)


def conditions(where: Clauses) -> edge.Filter | None:
    """Return a filter; None where all points meet it."""
    if not where:
        return None
    return edge.Filter(
        must=[
            edge.Filter(should=[_condition(clause) for clause in group])
            if group
            else edge.HasIdCondition(set())
            for group in where
        ]
    )


def _condition(clause: Clause) -> edge.FieldCondition:
    if clause.texts:
        return edge.FieldCondition(clause.key, match=edge.MatchAny(list(clause.texts)))
    bounds = (
        edge.RangeFloat(**clause.numbers) if clause.numbers else edge.RangeDateTime(**clause.dates)
    )
    return edge.FieldCondition(clause.key, range=bounds)
