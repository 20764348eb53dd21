"""What a collection holds, and what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.domain import Matrix, Vector
from components.models.bm25 import SparseVector

DENSE, SPARSE, TOKENS = "dense", "bm25", "tokens"
"""The names of a collection's vectors."""


@dataclass(frozen=True, slots=True)
class CollectionSchema:
    """What a collection holds: its key, and which named vectors of which dimension."""

    key: str
    dense: int = 0
    sparse: bool = False
    tokens: int = 0


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


@dataclass(frozen=True, slots=True)
class CorpusVectors:
    """The vectors of all documents of a corpus, aligned with its documents."""

    dense: Matrix | None = None
    sparse: Sequence[SparseVector] | None = None
    tokens: CorpusTokens | None = None


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A query as text, as the encoder's vector (None without an encoder), and as BM25's."""

    text: str
    dense: Vector | None
    sparse: SparseVector


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """One named vector of a collection, and the vector that it is compared with."""

    using: str
    vector: Vector | SparseVector


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document's position in its corpus and its first-stage score."""

    position: int
    score: float
