"""Small corpora with vectors that are computed by hand, and stores on disk and on a server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from components.config import QdrantSettings
from components.corpora import fingerprint
from components.domain import Corpus, Document, Matrix, Vector
from components.models.bm25 import SparseVector, statistics
from components.retrieval.engine.edge import EdgeEngine
from components.retrieval.engine.server import ServerEngine
from components.retrieval.first_stages.dense import nearest
from components.retrieval.first_stages.sparse import matching
from components.retrieval.schema import (
    Candidates,
    CollectionSchema,
    CorpusVectors,
    EncodedQuery,
    VectorQuery,
)
from components.retrieval.store import VectorStore

KEY = "a-very-secret-key"
SCHEMA = CollectionSchema("test", dense=3, sparse=True)
TEXTS = (
    "the red fox jumps over the red fence",
    "a blue fox sleeps",
    "green hats and blue hats",
    "nothing here but a fence and a very long line of unrelated words",
)
VECTORS = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0.6, 0.8], [-0.6, 0, 0.8]], np.float32)


def corpus_of(texts: Sequence[str], name: str = "tiny") -> Corpus:
    documents = tuple(Document(f"d{i}", "", text) for i, text in enumerate(texts))
    return Corpus(name, documents, fingerprint=fingerprint(documents))


TINY = corpus_of(TEXTS)
LONG = corpus_of(tuple(f"word{i}" for i in range(600)), "long")
"""More documents than any engine writes at once."""


def points_of(corpus: Corpus, dense: Matrix | None = VECTORS) -> CorpusVectors:
    bm25 = statistics(corpus)
    rows = [bm25.document_vector(document.passage) for document in corpus.documents]
    indptr = np.cumsum([0, *(len(row.indices) for row in rows)])
    terms = np.array([i for row in rows for i in row.indices], np.int64)
    weights = np.array([value for row in rows for value in row.values], np.float32)
    shape = (len(rows), len(bm25.vocabulary))
    return CorpusVectors(dense, csr_array((weights, terms, indptr), shape=shape))


def unit(*values: float) -> Vector:
    vector = np.array(values, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def spread(n: int, seed: int, dimension: int = 3) -> Matrix:
    rows = np.random.default_rng(seed).normal(size=(n, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def by_vector(vector: Vector) -> tuple[VectorQuery, ...]:
    return nearest(EncodedQuery("", vector, SparseVector((), ())))


def by_words(corpus: Corpus, query: str) -> tuple[VectorQuery, ...]:
    return matching(EncodedQuery(query, None, statistics(corpus).query_vector(query)))


def positions(answer: Candidates) -> list[int]:
    return [candidate.position for candidate in answer.best]


def scores(answer: Candidates) -> list[float]:
    return [candidate.score for candidate in answer.best]


def embedded(folder: Path) -> VectorStore:
    return VectorStore(EdgeEngine(folder))


def remote(
    url: str, *, timeout_s: int = 10, shards: int = 1, replicas: int = 1, key: str = KEY
) -> VectorStore:
    return VectorStore(ServerEngine(QdrantSettings(url, key, shards, replicas, timeout_s)))
