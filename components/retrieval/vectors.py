"""Vectors of a corpus, computed once and saved on disk.

One file holds the vectors of one corpus by one model revision; both are in its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from components.domain import Corpus, Encoder, Matrix, Progress, Spec, no_progress
from components.models.gate import GATE
from components.storage.arrays import Arrays, cached_arrays

T = TypeVar("T")
SLICE = 16
"""Documents that are encoded while the gate is held once; searches may run in between."""


def _path(folder: Path, corpus: Corpus, spec: Spec) -> Path:
    return folder / "vectors" / f"{corpus.fingerprint[:32]}-{spec.key}-{spec.revision}.npz"


def is_cached(folder: Path, corpus: Corpus, spec: Spec) -> bool:
    """Return whether the vectors of a corpus lie on disk (not whether they are sound)."""
    return _path(folder, corpus, spec).is_file()


def _encode(
    corpus: Corpus, size: int, encode: Callable[[Sequence[str]], T], progress: Progress
) -> list[T]:
    """Encode a corpus's passages, `size` at a time; the gate is held for each slice alone."""
    texts = [document.passage for document in corpus.documents]
    encoded = []
    for start in range(0, len(texts), size):
        with GATE.hold(check=partial(progress, start, len(texts))):
            encoded.append(encode(texts[start : start + size]))
        progress(min(start + size, len(texts)), len(texts))
    return encoded


def dense_vectors(
    corpus: Corpus,
    spec: Spec,
    encoder: Encoder,
    folder: Path,
    progress: Progress = no_progress,
) -> Matrix:
    """Return one unit row a document, shape (documents, dimension)."""

    def compute() -> Arrays:
        return {
            "vectors": np.concatenate(_encode(corpus, SLICE, encoder.encode_documents, progress))
        }

    arrays, _ = cached_arrays(_path(folder, corpus, spec), len(corpus.documents), compute)
    return np.asarray(arrays["vectors"], np.float32)
