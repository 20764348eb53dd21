"""Points of a collection that somebody else keeps, in the lab's own records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qdrant_client import models

from components.config import CollectionSettings
from components.domain import Vector
from components.models.bm25 import SparseVector

PointId = int | str
"""A whole number, or a UUID as Qdrant writes it."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point as it was read; `dense` and `sparse` where they were asked for and it has them."""

    id: PointId
    payload: Mapping[str, Any] = field(default_factory=dict)
    dense: Vector | None = None
    sparse: SparseVector | None = None
    score: float = 0.0


def point_of(record: models.Record | models.ScoredPoint, settings: CollectionSettings) -> Point:
    """Return a point of the client's; of its vectors, those that are configured."""
    vectors = record.vector
    by_name: Mapping[str, Any] = vectors if isinstance(vectors, dict) else {"": vectors}
    dense = by_name.get(settings.vector)
    sparse = by_name.get(settings.sparse) if settings.sparse else None
    return Point(
        record.id if isinstance(record.id, int) else str(record.id),
        record.payload or {},
        np.array(dense, np.float32) if isinstance(dense, list) else None,
        SparseVector(tuple(sparse.indices), tuple(sparse.values))
        if isinstance(sparse, models.SparseVector)
        else None,
        float(getattr(record, "score", 0.0)),
    )


def value_at(payload: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401  (any JSON)
    """Return what a payload holds under a name, or along a path with dots; None where nothing."""
    if path in payload:
        return payload[path]
    value: Any = payload
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def sent(vector: Vector | SparseVector) -> Any:  # noqa: ANN401  (one of many of the client's)
    """Return a query's vector in the client's records."""
    if isinstance(vector, SparseVector):
        return models.SparseVector(indices=list(vector.indices), values=list(vector.values))
    return vector.tolist()
