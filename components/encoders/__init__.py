"""Encoders, one file a family; the catalog finds a new file here by itself.

A file offers one `FAMILY`, an `EncoderFamily` record. Queries and documents become vectors, each on
its own: unit vectors, or weights of a vocabulary's terms where the encoder is sparse.
"""

from collections.abc import Mapping

from components.encoders.base import (
    EncoderContext,
    EncoderEntry,
    EncoderFamily,
    SparseEncoder,
    bundled,
    check_query_length,
    unit_rows,
)
from components.encoders.minilm import (
    MINILM_L6,
    MINILM_L6_ENTRY,
    MiniLm,
    MiniLmEncoder,
    minilm,
)
from components.encoders.onnx import BGE_SMALL, BGE_SMALL_ENTRY, BgeEncoder, bge_small

ENCODERS: Mapping[str, EncoderEntry] = {
    entry.spec.key: entry for entry in (BGE_SMALL_ENTRY, MINILM_L6_ENTRY)
}
"""The bi-encoders that come with the lab, by key."""

__all__ = [
    "BGE_SMALL",
    "ENCODERS",
    "MINILM_L6",
    "BgeEncoder",
    "EncoderContext",
    "EncoderEntry",
    "EncoderFamily",
    "MiniLm",
    "MiniLmEncoder",
    "SparseEncoder",
    "bge_small",
    "bundled",
    "check_query_length",
    "minilm",
    "unit_rows",
]
