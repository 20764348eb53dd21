"""Writing all points of a collection into a new shard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from components.domain import Progress
from components.retrieval.schema import DENSE, SPARSE, CollectionSchema, CorpusVectors

_BATCH = 256


def fill(
    part: Path,
    schema: CollectionSchema,
    vectors: CorpusVectors,
    total: int,
    progress: Progress,
    calls: Callable[[], AbstractContextManager[None]],
) -> int:
    """Write `total` points into a new shard and flush it; return how many it has.

    Only one batch of points is in memory at a time. The engine is called within `calls`, which
    translates its errors; `progress` may raise to end the work.
    """
    with calls():
        part.mkdir()
        # rows have unit length, so their inner product is the cosine
        # cold: what nobody searches is not read, and a small collection has no large file in memory
        cold = edge.Memory.Cold
        rows = edge.EdgeVectorParams(schema.dense, edge.Distance.Dot, memory=cold)
        sparse = {SPARSE: edge.EdgeSparseVectorParams()} if schema.sparse else None
        dense = {DENSE: rows} if schema.dense else None
        config = edge.EdgeConfig(dense, sparse, wal_enabled=False)
        shard = edge.EdgeShard.create(str(part), config)
    try:
        for start in range(0, total, _BATCH):
            progress(start, total)
            points = [_point(i, vectors) for i in range(start, min(start + _BATCH, total))]
            with calls():
                shard.update(edge.UpdateOperation.upsert_points(points))
        progress(total, total)
        with calls():
            shard.flush()
    finally:
        shard.close()
    # opening a shard tidies up its journals: from now on its files stay as they are
    with calls():
        shard = edge.EdgeShard.load(str(part))
        points_count = shard.count(edge.CountRequest())
        shard.close()
    return int(points_count)


def _point(i: int, vectors: CorpusVectors) -> edge.Point:
    """Return the document at position `i` of its corpus."""
    by_name: dict[str, Any] = {}
    if vectors.dense is not None:
        by_name[DENSE] = vectors.dense[i].tolist()
    if vectors.sparse is not None:
        start, end = vectors.sparse.indptr[i : i + 2]
        indices, values = vectors.sparse.indices[start:end], vectors.sparse.data[start:end]
        by_name[SPARSE] = edge.SparseVector(indices.tolist(), values.tolist())
    return edge.Point(i, by_name, None)
