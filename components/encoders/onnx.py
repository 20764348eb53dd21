"""BAAI/bge-small-en-v1.5 on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from components.domain import Matrix, Progress, Spec, TokenVectors, Vector, no_progress
from components.encoders.base import EncoderFamily, bundled, check_query_length, unit_rows
from components.models.files import BGE_MODEL, BGE_TOKENIZER
from components.models.runtime import OnnxModel, run_parallel
from components.models.tokens import read_and_cut

BGE_SMALL = Spec(
    key="bge-small",
    label="bge-small",
    family="bi-encoder",
    summary="Encodes queries and documents apart and compares the vectors: fast, and blind to "
    "how the words of the two meet.",
    scale="cosine",
    model="BAAI/bge-small-en-v1.5 (int8 ONNX)",
    revision="v1.5-int8-exact-68807e3f",
    source="https://huggingface.co/BAAI/bge-small-en-v1.5",
    authors="Beijing Academy of Artificial Intelligence (BAAI)",
    license="MIT",
    size_mb=34.0,
    max_tokens=512,
    runtime="onnx",
)


class BgeEncoder:
    """BAAI/bge-small-en-v1.5: CLS pooling, and an instruction before the query alone.

    A forward pass gives a vector for every token; that of [CLS] is the text's own.
    """

    dimension = 384
    prefix = "Represent this sentence for searching relevant passages: "

    def __init__(self) -> None:
        self._model = OnnxModel(BGE_MODEL, BGE_TOKENIZER, BGE_SMALL.max_tokens, "longest_first")

    def encode_query(self, text: str) -> Vector:
        """Return the query's unit vector; InputError if it is longer than the model reads."""
        query = self.prefix + text
        limit = self._model.max_tokens - 2  # [CLS] and [SEP]
        check_query_length(self._model.count_tokens(query), limit, BGE_SMALL.label)
        return unit_rows(self._model.run(self._model.tokenizer.encode(query))[0])

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one unit row for each text, shape (len(texts), 384)."""
        encodings = self._model.tokenizer.encode_batch(list(texts))
        outputs = run_parallel(
            self._model.run, encodings, lambda done, *_: progress(done, len(encodings))
        )
        return unit_rows(np.array([o[0] for o in outputs], np.float32).reshape(-1, self.dimension))

    def encode_tokens(self, text: str) -> TokenVectors:
        """Return one unit row for each token of a text, [CLS] and [SEP] included, without prefix.

        A text is cut at 512 tokens. The first row is its vector as `encode_documents` returns it.
        """
        encoding = self._model.tokenizer.encode(text)
        return TokenVectors(unit_rows(self._model.run(encoding)), *read_and_cut(encoding, 0))

    def check_token_query(self, text: str, model: str) -> None:
        """Raise InputError where `encode_tokens` would cut a query; `model` names who asks."""
        limit = self._model.max_tokens - 2
        check_query_length(self._model.count_tokens(text), limit, model)


@cache
def bge_small() -> BgeEncoder:
    """Return the bge-small of this process: the bi-encoder and late interaction share it."""
    return BgeEncoder()


BGE_SMALL_ENTRY = bundled(BGE_SMALL, bge_small, BgeEncoder.dimension, BGE_MODEL, BGE_TOKENIZER)
FAMILY = EncoderFamily(lambda settings: (BGE_SMALL_ENTRY,))
