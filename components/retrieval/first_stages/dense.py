"""Bi-encoders as first stages: the nearest vectors by cosine.

Their collections hold BM25's sparse vectors too, so that a hybrid needs no collection of its own.
"""

from __future__ import annotations

from components.encoders import EncoderEntry
from components.retrieval.first_stages import FirstStage
from components.retrieval.schema import DENSE, CollectionSchema, EncodedQuery, VectorQuery


def nearest(query: EncodedQuery) -> tuple[VectorQuery, ...]:
    """Return the query's dense vector."""
    return () if query.dense is None else (VectorQuery(DENSE, query.dense),)


def dense_stage(encoder: EncoderEntry) -> FirstStage:
    """Return the first stage of a bi-encoder."""
    schema = CollectionSchema(collection_key(encoder), dense=encoder.dimension, sparse=True)
    return FirstStage(encoder.spec, schema, nearest, encoder)


def collection_key(encoder: EncoderEntry) -> str:
    """Return the key of the collection of an encoder's documents; no colon, for folders' sake."""
    return f"{encoder.stored.key}-{encoder.stored.revision}".replace(":", "-")
