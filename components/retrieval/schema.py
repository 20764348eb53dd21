"""Schemas and vectors of collections, queries to them and their results."""

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
    """A collection's key and the dimensions of its named vectors; 0 where it has none."""

    key: str
    dense: int = 0
    sparse: bool = False
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class CorpusTokens:
    """Token vectors of all documents, concatenated, and how many tokens of each were cut.

    Document i owns rows ``offsets[i]`` to ``offsets[i + 1]`` of `vectors`.
    """

    vectors: Matrix
    offsets: npt.NDArray[np.int64]
    cut: npt.NDArray[np.int64]

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """Return each document's tokens read, without [CLS] and [SEP], and tokens cut."""
        read = (np.diff(self.offsets) - 2).tolist()
        return tuple(zip(read, self.cut.tolist(), strict=True))

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
    """The name of a collection's vectors, and the vector that they are compared with."""

    using: str
    vector: Vector | SparseVector


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document's position in its corpus and its first-stage score."""

    position: int
    score: float
