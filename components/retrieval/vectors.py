"""Vectors of a corpus, computed once and kept on disk; and what a collection holds of them.

One file holds the vectors of one corpus by one model revision; both are in its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.domain import Corpus, Encoder, Matrix, Progress, Spec, no_progress
from components.encoders import MiniLm, encode_tokens
from components.models.bm25 import SparseVector
from components.models.gate import GATE
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


@dataclass(frozen=True, slots=True)
class CorpusTokens:
    """Token vectors of all documents, end to end, and how many tokens of each were cut.

    Document i owns rows ``offsets[i]`` to ``offsets[i + 1]`` of `vectors`.
    """

    vectors: Matrix
    offsets: npt.NDArray[np.int64]
    cut: npt.NDArray[np.int64]

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """Return tokens kept, [CLS] and [SEP] aside, and cut, document by document."""
        kept = (np.diff(self.offsets) - 2).tolist()
        return tuple(zip(kept, self.cut.tolist(), strict=True))

    def document(self, i: int) -> Matrix:
        """Return the token vectors of one document, shape (tokens, dimension)."""
        return self.vectors[self.offsets[i] : self.offsets[i + 1]]


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


@dataclass(frozen=True, slots=True)
class Space:
    """What a collection holds: its key, and which named vectors of which dimension."""

    key: str
    dense: int = 0
    sparse: bool = False
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Points:
    """The vectors of all documents of a corpus, aligned with its documents."""

    dense: Matrix | None = None
    sparse: Sequence[SparseVector] | None = None
    tokens: CorpusTokens | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document's position in its corpus and its first-stage score."""

    position: int
    score: float
