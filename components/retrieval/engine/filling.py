"""Writing all points of a collection into a new shard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from components.domain import Corpus, Progress
from components.retrieval.engine import records
from components.retrieval.filtering import payload_keys, payload_of
from components.retrieval.schema import DENSE, SPARSE, CollectionSchema, CorpusVectors

_BATCH = 256


def fill(
    part: Path,
    corpus: Corpus,
    schema: CollectionSchema,
    vectors: CorpusVectors,
    progress: Progress,
    calls: Callable[[], AbstractContextManager[None]],
) -> int:
    """Write a corpus's points into a new shard and flush it; return how many it has.

    Only one batch of points is in memory at a time. The engine is called within `calls`, which
    translates its errors; `progress` may raise to end the work.
    """
    total, fields = len(corpus.documents), corpus.fields
    with calls():
        part.mkdir()
        shard = edge.EdgeShard.create(str(part), records.collection(schema))
    try:
        for start in range(0, total, _BATCH):
            progress(start, total)
            points = [
                edge.Point(i, _by_name(i, vectors), payload_of(document, fields) or None)
                for i, document in enumerate(corpus.documents[start : start + _BATCH], start)
            ]
            with calls():
                shard.update(edge.UpdateOperation.upsert_points(points))
        progress(total, total)
        with calls():
            for key, kind in payload_keys(fields).items():
                shard.update(edge.UpdateOperation.create_field_index(key, records.INDEXES[kind]()))
            shard.flush()
    finally:
        shard.close()
    # opening a shard tidies up its journals: from now on its files stay as they are
    with calls():
        shard = edge.EdgeShard.load(str(part))
        points_count = shard.count(edge.CountRequest())
        shard.close()
    return int(points_count)


def _by_name(i: int, vectors: CorpusVectors) -> dict[str, Any]:
    """Return the vectors of the document at position `i` of its corpus."""
    by_name: dict[str, Any] = {}
    if vectors.dense is not None:
        by_name[DENSE] = vectors.dense[i].tolist()
    if vectors.sparse is not None:
        start, end = vectors.sparse.indptr[i : i + 2]
        indices, values = vectors.sparse.indices[start:end], vectors.sparse.data[start:end]
        by_name[SPARSE] = edge.SparseVector(indices.tolist(), values.tolist())
    return by_name
