"""Schemas and vectors of collections, queries to them and their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from components.domain import Document, Matrix, Vector
from components.models.bm25 import SparseVector

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DENSE, SPARSE = "dense", "bm25"
"""The names of a collection's vectors."""


@dataclass(frozen=True, slots=True)
class CollectionSchema:
    """A collection's key and the dimension of its dense vectors; 0 where it has none.

    The dimension of an encoder that tells it only when it runs is 0 too, until a corpus is indexed.
    """

    key: str
    dense: int = 0
    sparse: bool = False


@dataclass(frozen=True, slots=True)
class CorpusVectors:
    """The vectors of all documents of a corpus, aligned with its documents.

    `dense` has the shape (documents, dimension), `sparse` (documents, terms): BM25's weights
    without the inverse document frequency, which is in the query's vector.
    """

    dense: Matrix | None = None
    sparse: csr_array[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A query as text, as the encoder's vector (None without an encoder), and as BM25's.

    `learned` is the vector of a sparse encoder.
    """

    text: str
    dense: Vector | None
    sparse: SparseVector
    learned: SparseVector | None = None


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


@dataclass(frozen=True, slots=True)
class Candidates:
    """A first stage's best documents, best first.

    `tied` documents have the score at the cut, where the cut parts them: which of them are
    candidates, a hash of their ids decides. It is 0 where no tie is cut through. `documents` are
    those of `best`, where they were read in one request with their scores.
    """

    best: Sequence[Candidate] = ()
    tied: int = 0
    documents: Sequence[Document] = ()
