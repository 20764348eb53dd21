"""Collections, points and queries in the records of Qdrant's client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qdrant_client import models

from components.domain import Corpus, Document, Fields
from components.models.bm25 import SparseVector
from components.retrieval.filtering import Clause, Clauses, Kind, payload_of
from components.retrieval.schema import (
    DENSE,
    SPARSE,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)

INDEXES: Mapping[Kind, models.PayloadSchemaType] = {
    "text": models.PayloadSchemaType.KEYWORD,
    "number": models.PayloadSchemaType.FLOAT,
    "date": models.PayloadSchemaType.DATETIME,
}
"""The index of each kind of values."""
MOST_BYTES = 8_000_000
"""Of a request's JSON. A server takes 33,554,432 unless it is configured otherwise."""


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


def point(i: int, document: Document, vectors: CorpusVectors, fields: Fields) -> models.PointStruct:
    """Return the document at position `i` of its corpus, with its vectors and indexed fields."""
    by_name: dict[str, Any] = {}
    if vectors.dense is not None:
        by_name[DENSE] = vectors.dense[i].tolist()
    if vectors.sparse is not None:
        start, end = vectors.sparse.indptr[i : i + 2]
        indices, values = vectors.sparse.indices[start:end], vectors.sparse.data[start:end]
        by_name[SPARSE] = models.SparseVector(indices=indices.tolist(), values=values.tolist())
    texts = {"doc_id": document.id, "title": document.title, "text": document.text}
    payload = texts | payload_of(document, fields)
    return models.PointStruct(id=i, vector=by_name, payload=payload)


def batches(
    corpus: Corpus, vectors: CorpusVectors, most: int
) -> Iterator[list[models.PointStruct]]:
    """Yield all points in order, in lists for one request: up to `most`, up to MOST_BYTES of JSON.

    A point that is larger than that by itself has a list of its own.
    """
    batch: list[models.PointStruct] = []
    size = 0
    for i, document in enumerate(corpus.documents):
        one = point(i, document, vectors, corpus.fields)
        length = len(one.model_dump_json().encode())
        if batch and (len(batch) == most or size + length > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += length
    if batch:
        yield batch


def alias_actions(
    takes: Iterable[str], gives: str, collection: str
) -> list[models.DeleteAliasOperation | models.CreateAliasOperation]:
    """Return what takes aliases away and gives a collection one, all in one step."""
    give = models.CreateAlias(collection_name=collection, alias_name=gives)
    return [
        *(
            models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
            for alias in takes
        ),
        models.CreateAliasOperation(create_alias=give),
    ]


def conditions(where: Clauses) -> models.Filter | None:
    """Return a filter; None where all points meet it."""
    if not where:
        return None
    return models.Filter(
        must=[
            models.Filter(should=[condition_of(clause) for clause in group])
            if group
            else models.HasIdCondition(has_id=[])
            for group in where
        ]
    )


def condition_of(clause: Clause) -> models.FieldCondition:
    """Return one clause of a filter."""
    if clause.texts:
        match = models.MatchAny(any=list(clause.texts))
        return models.FieldCondition(key=clause.key, match=match)
    bounds = (
        models.Range(**clause.numbers)
        if clause.numbers
        else models.DatetimeRange.model_validate(clause.dates)
    )
    return models.FieldCondition(key=clause.key, range=bounds)


def request(
    query: VectorQuery, limit: int, ef: int = 0, where: Clauses = ()
) -> models.QueryRequest:
    """Return the request for the nearest points, by exact search unless `ef` is given.

    A server always searches sparse vectors exactly, and its strict mode may refuse to be asked.
    """
    vector = query.vector
    if isinstance(vector, SparseVector):
        near = models.SparseVector(indices=list(vector.indices), values=list(vector.values))
        return models.QueryRequest(
            query=near, using=query.using, limit=limit, filter=conditions(where)
        )
    params = models.SearchParams(hnsw_ef=ef) if ef else models.SearchParams(exact=True)
    return models.QueryRequest(
        query=vector.tolist(),
        using=query.using,
        limit=limit,
        params=params,
        filter=conditions(where),
    )
