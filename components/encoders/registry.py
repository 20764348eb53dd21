"""The bi-encoders that come with the lab, by key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from components.domain import Encoder, Spec
from components.encoders.onnx import BGE_SMALL, BgeEncoder
from components.encoders.sentence_transformer import MINILM_L6, MiniLmEncoder
from components.models.files import (
    BGE_MODEL,
    BGE_TOKENIZER,
    MINILM_MODEL,
    MINILM_TOKENIZER,
    ModelFile,
)


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """A bi-encoder as data: its spec, how it is built, the length of its vectors, its files."""

    spec: Spec
    build: Callable[[], Encoder]
    dimension: int
    files: tuple[ModelFile, ...] = ()


ENCODERS = {
    entry.spec.key: entry
    for entry in (
        EncoderEntry(BGE_SMALL, BgeEncoder, BgeEncoder.dimension, (BGE_MODEL, BGE_TOKENIZER)),
        EncoderEntry(
            MINILM_L6, MiniLmEncoder, MiniLmEncoder.dimension, (MINILM_MODEL, MINILM_TOKENIZER)
        ),
    )
}
