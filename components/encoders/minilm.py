"""sentence-transformers/all-MiniLM-L6-v2: sentence vectors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from components.domain import Matrix, Progress, Spec, Vector, no_progress
from components.encoders.base import EncoderFamily, bundled, check_query_length, unit_rows
from components.models.files import MINILM_MODEL, MINILM_TOKENIZER
from components.models.sentence_transformers import load_from_folder
from components.models.tokens import load_tokenizer

MINILM_L6 = Spec(
    key="minilm-l6",
    label="minilm-l6",
    family="bi-encoder",
    summary="A smaller, older bi-encoder.",
    scale="cosine",
    model="sentence-transformers/all-MiniLM-L6-v2",
    revision="v2-53aa5117",
    source="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    authors="Sentence-Transformers, UKP Lab (TU Darmstadt)",
    license="Apache-2.0",
    size_mb=91.0,
    max_tokens=256,
    runtime="torch",
)


class MiniLm:
    """sentence-transformers/all-MiniLM-L6-v2 through sentence-transformers, from the disk.

    torch is imported when the first text is encoded, not before. Texts go through the model one at
    a time, so that a vector is a function of its text alone.
    """

    dimension = 384

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: Any = None

    @property
    def _model(self) -> Any:  # noqa: ANN401  (sentence_transformers carries no types)
        with self._lock:
            if self._loaded is None:
                MINILM_TOKENIZER.verify()
                folder = MINILM_MODEL.verify().parent
                self._loaded = load_from_folder(
                    "SentenceTransformer",
                    folder,
                    folder.name,
                    "Install the project again: pip install -e .",
                )
            return self._loaded

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return load_tokenizer(MINILM_TOKENIZER.verify())

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of a text, [CLS] and [SEP] not counted."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def sentence_vector(self, text: str, max_tokens: int = 256) -> Vector:
        """Return the mean-pooled unit vector of a text, shape (384,)."""
        return unit_rows(self._forward(text, max_tokens)["sentence_embedding"][0].numpy())

    def _forward(self, text: str, max_tokens: int) -> dict[str, Any]:
        import torch

        model = self._model
        with self._lock, torch.inference_mode():
            model.max_seq_length = max_tokens
            result: dict[str, Any] = model(model.preprocess([text]))
        return result


@cache
def minilm() -> MiniLm:
    """Return the MiniLM of this process: first stage and reranker share it."""
    return MiniLm()


class MiniLmEncoder:
    """all-MiniLM-L6-v2 as a bi-encoder: mean pooling over at most 256 tokens."""

    dimension = MiniLm.dimension

    def encode_query(self, text: str) -> Vector:
        """Return the query's unit vector; InputError if it is longer than the model reads."""
        check_query_length(minilm().count_tokens(text), MINILM_L6.max_tokens - 2, MINILM_L6.label)
        return minilm().sentence_vector(text, MINILM_L6.max_tokens)

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one unit row for each text, shape (len(texts), 384)."""
        rows = np.empty((len(texts), self.dimension), np.float32)
        for i, text in enumerate(texts):
            rows[i] = minilm().sentence_vector(text, MINILM_L6.max_tokens)
            progress(i + 1, len(texts))
        return rows


MINILM_L6_ENTRY = bundled(
    MINILM_L6, MiniLmEncoder, MiniLmEncoder.dimension, MINILM_MODEL, MINILM_TOKENIZER
)
FAMILY = EncoderFamily(lambda settings: (MINILM_L6_ENTRY,))
