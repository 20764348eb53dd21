"""Bi-encoders: queries and documents become unit vectors, each on its own."""

from components.encoders.base import check_query_length
from components.encoders.onnx import BGE_SMALL, BgeEncoder
from components.encoders.registry import ENCODERS, EncoderEntry
from components.encoders.sentence_transformer import (
    MINILM_L6,
    MiniLm,
    MiniLmEncoder,
    TokenVectors,
    encode_tokens,
    load_sentence_transformer,
    minilm,
    rest_between_texts,
)

__all__ = [
    "BGE_SMALL",
    "ENCODERS",
    "MINILM_L6",
    "BgeEncoder",
    "EncoderEntry",
    "MiniLm",
    "MiniLmEncoder",
    "TokenVectors",
    "check_query_length",
    "encode_tokens",
    "load_sentence_transformer",
    "minilm",
    "rest_between_texts",
]
