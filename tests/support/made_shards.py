"""A made-up collection, its shards, and what numpy finds in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from components.domain import Corpus, Document, no_progress
from components.models.bm25 import SparseVector
from components.retrieval.engine import Engine
from components.retrieval.engine.edge import EdgeEngine
from components.retrieval.schema import (
    DENSE,
    SPARSE,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)

SCHEMA = CollectionSchema("made", dense=4, sparse=True)
N = 700
CORPUS = Corpus("made", tuple(Document(f"d{i}", "", "") for i in range(N)), fingerprint="f" * 64)
ALIAS = "rerank-lab-made"
ROOT = Path(__file__).parents[2]


def vectors_of(seed: int, n: int = N) -> CorpusVectors:
    numbers = np.random.default_rng(seed)
    rows = numbers.standard_normal((n, 4)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    words = (numbers.random((n, 9)) < 0.3) * numbers.random((n, 9))
    return CorpusVectors(rows, csr_array(words.astype(np.float32)))


OLD, NEW = vectors_of(1), vectors_of(2)
NEAR = VectorQuery(DENSE, OLD.dense[5])
WORDS = VectorQuery(SPARSE, SparseVector((2, 7), (1.5, 0.5)))


def build(engine: EdgeEngine, vectors: CorpusVectors = OLD) -> None:
    engine.build(ALIAS, CORPUS, SCHEMA, vectors, no_progress)


def nearest(engine: Engine, limit: int = 5) -> list[list[int]]:
    answers = engine.search(ALIAS, [NEAR, WORDS], [limit, limit])
    return [[candidate.position for candidate in answer] for answer in answers]


def by_numpy(vectors: CorpusVectors, limit: int = 5) -> list[list[int]]:
    words = np.zeros(9)
    words[[2, 7]] = 1.5, 0.5
    scores = [vectors.dense @ NEAR.vector, vectors.sparse @ words]
    return [np.argsort(-score, kind="stable")[:limit].tolist() for score in scores]


def shards(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ALIAS).iterdir() if path.is_dir())
