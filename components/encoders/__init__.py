"""Bi-encoders: queries and documents become unit vectors, each on its own."""

from collections.abc import Mapping

from components.encoders.base import EncoderEntry, check_query_length, unit_rows
from components.encoders.onnx import BGE_SMALL, BgeEncoder, bge_small
from components.encoders.sentence_transformer import (
    MINILM_L6,
    MiniLm,
    MiniLmEncoder,
    minilm,
)
from components.models.files import BGE_MODEL, BGE_TOKENIZER, MINILM_MODEL, MINILM_TOKENIZER

ENCODERS: Mapping[str, EncoderEntry] = {
    entry.spec.key: entry
    for entry in (
        EncoderEntry(BGE_SMALL, bge_small, BgeEncoder.dimension, (BGE_MODEL, BGE_TOKENIZER)),
        EncoderEntry(
            MINILM_L6, MiniLmEncoder, MiniLmEncoder.dimension, (MINILM_MODEL, MINILM_TOKENIZER)
        ),
    )
}
"""The bi-encoders that come with the lab, by key."""

__all__ = [
    "BGE_SMALL",
    "ENCODERS",
    "MINILM_L6",
    "BgeEncoder",
    "EncoderEntry",
    "MiniLm",
    "MiniLmEncoder",
    "bge_small",
    "check_query_length",
    "minilm",
    "unit_rows",
]
