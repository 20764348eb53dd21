"""Vectors of a corpus, computed once and saved on disk.

One file holds the vectors of one corpus by one model revision; both are in its name.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from components.domain import Corpus, Encoder, Matrix, Progress, Spec, no_progress
from components.encoders import MiniLm, encode_tokens
from components.models.gate import GATE
from components.retrieval.schema import CorpusTokens
from components.storage.arrays import Arrays, cached_arrays

SLICE = 16
"""Documents encoded while holding the gate once; searches get their turn in between."""


def _path(folder: Path, corpus: Corpus, spec: Spec) -> Path:
    return folder / "vectors" / f"{corpus.fingerprint[:32]}-{spec.key}-{spec.revision}.npz"


def is_cached(folder: Path, corpus: Corpus, spec: Spec) -> bool:
    """Return whether the vectors of a corpus lie on disk (not whether they are sound)."""
    return _path(folder, corpus, spec).is_file()


def dense_vectors(
    corpus: Corpus,
    spec: Spec,
    encoder: Encoder,
    folder: Path,
    progress: Progress = no_progress,
) -> Matrix:
    """Return one unit row a document, shape (documents, dimension)."""
    texts = [document.passage for document in corpus.documents]

    def compute() -> Arrays:
        parts = []
        for start in range(0, len(texts), SLICE):
            with GATE.hold(check=lambda: progress(start, len(texts))):  # noqa: B023
                parts.append(encoder.encode_documents(texts[start : start + SLICE]))
            progress(min(start + SLICE, len(texts)), len(texts))
        return {"vectors": np.concatenate(parts)}

    arrays, _ = cached_arrays(_path(folder, corpus, spec), len(texts), compute)
    return np.asarray(arrays["vectors"], np.float32)


def token_vectors(
    corpus: Corpus,
    spec: Spec,
    model: MiniLm,
    folder: Path,
    progress: Progress = no_progress,
) -> CorpusTokens:
    """Return the token vectors of every document."""
    texts = [document.passage for document in corpus.documents]

    def compute() -> Arrays:
        encoded = []
        for done, text in enumerate(texts):
            with GATE.hold(check=lambda: progress(done, len(texts))):  # noqa: B023
                encoded.append(encode_tokens(model, text, spec.max_tokens))
            progress(done + 1, len(texts))
        lengths = [len(e.vectors) for e in encoded]
        return {
            "vectors": np.concatenate([e.vectors for e in encoded]),
            "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            "cut": np.array([e.cut for e in encoded], np.int64),
        }

    arrays, _ = cached_arrays(_path(folder, corpus, spec), len(texts), compute)
    return CorpusTokens(arrays["vectors"], arrays["offsets"], arrays["cut"])
