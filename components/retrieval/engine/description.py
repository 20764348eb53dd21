"""What a server says of a collection, in the lab's own records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qdrant_client import models


@dataclass(frozen=True, slots=True)
class DenseVectors:
    """Dense vectors of one name; `m` is that of their graph, 0 where none is built."""

    size: int
    distance: str
    several: bool
    m: int
    quantized: bool


@dataclass(frozen=True, slots=True)
class IndexedField:
    """A payload field with an index: its type, its points, and whether it tells tenants apart."""

    kind: str
    tenant: bool
    points: int


@dataclass(frozen=True, slots=True)
class Description:
    """A collection: its vectors by name (unnamed ones under an empty name), its indexed fields.

    `sparse` says of sparse vectors whether the engine weighs them by IDF. `indexed` counts vectors
    in graphs, of all names.
    """

    dense: Mapping[str, DenseVectors]
    sparse: Mapping[str, bool]
    fields: Mapping[str, IndexedField]
    indexed: int
    created: str

    @property
    def tenants(self) -> tuple[str, ...]:
        """Return the fields that tell tenants apart."""
        return tuple(name for name, field in self.fields.items() if field.tenant)


def description_of(info: models.CollectionInfo) -> Description:
    """Return what a server says of a collection."""
    config, vectors = info.config, info.config.params.vectors
    if isinstance(vectors, models.VectorParams):
        vectors = {"": vectors}
    sparse = config.params.sparse_vectors or {}
    return Description(
        {name: _dense(params, config) for name, params in (vectors or {}).items()},
        {name: params.modifier == models.Modifier.IDF for name, params in sparse.items()},
        {
            name: IndexedField(
                index.data_type.value,
                bool(getattr(index.params, "is_tenant", False)),
                index.points,
            )
            for name, index in info.payload_schema.items()
        },
        info.indexed_vectors_count or 0,
        str(info.created_at or ""),
    )


def _dense(params: models.VectorParams, config: models.CollectionConfig) -> DenseVectors:
    own = params.hnsw_config.m if params.hnsw_config else None
    return DenseVectors(
        params.size,
        params.distance.value,
        params.multivector_config is not None,
        config.hnsw_config.m if own is None else own,
        (params.quantization_config or config.quantization_config) is not None,
    )
