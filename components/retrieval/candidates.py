"""One list of candidates for a query, whatever the engine, the number of shards and the minute.

Engines add in 32 bits, and among equal scores the winner is a matter of luck. So more is asked for
than is wanted, until the cut stands clear of the last score; the scores are computed again in 64
bits; and a hash of the document's id settles what is still equal. The corpus's order must not: in
public collections the relevant documents often stand first.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from components.domain import Corpus
from components.models.bm25 import SparseVector
from components.retrieval.schema import Candidate, Candidates, CorpusVectors, VectorQuery

Ask = Callable[[Sequence[VectorQuery], Sequence[int]], list[list[Candidate]]]
"""`ask(queries, limits)`: an engine's nearest points, in any order among near-ties."""
Keys = Callable[[Sequence[int]], Sequence[Any]]
"""`keys(positions)`: what settles ties between points; the smaller key stands first."""
Scores64 = npt.NDArray[np.float64]
RRF_K = 60
"""The constant of reciprocal rank fusion: a document at a rank adds 1 / (RRF_K + rank)."""
_BEYOND = 10
"""How many more are asked for at first; four times as many at each further try."""
SLACK = 2.5e-5
"""By how much 32 bits may be wrong: of unit vectors of 384 numbers, of BM25 by its size."""


def by_hash(corpus: Corpus) -> Keys:
    """Return hashes of documents' ids as keys."""
    return lambda positions: list(map(_hash, corpus.ids(positions)))


def best(
    keys: Keys,
    queries: Sequence[VectorQuery],
    limit: int,
    ask: Ask,
    rescore: Callable[[VectorQuery, Sequence[int]], Scores64],
    most: float = math.inf,
) -> list[Candidates]:
    """Return for each query its best documents, the same whatever the engine.

    Where more than `most` points would have to be asked for, the engine cuts through a tie.
    """
    answers: dict[int, Candidates] = {}
    wanted = limit + _BEYOND
    while open_ := [i for i in range(len(queries)) if i not in answers]:
        asked = [queries[i] for i in open_]
        for i, points in zip(open_, ask(asked, [wanted] * len(asked)), strict=True):
            positions = [point.position for point in points]
            ranked = _in_order(keys, positions, rescore(queries[i], positions))
            if isinstance(queries[i].vector, SparseVector):  # under a filter, an engine may fill up
                ranked = [candidate for candidate in ranked if candidate.score > 0]
            last = min((point.score for point in points), default=0.0)
            clear = last + SLACK * max(1.0, abs(last))
            # who has a score above that stands above whatever the engine left out
            whole = len(points) < wanted or len(ranked) < limit or wanted * 4 > most
            if whole or ranked[limit - 1].score > clear:
                answers[i] = _cut(ranked, limit)
        wanted *= 4
    return [answers[i] for i in range(len(queries))]


def fuse(
    keys: Keys, lists: Sequence[Candidates], limit: int, weights: Sequence[float] = ()
) -> Candidates:
    """Return the reciprocal rank fusion of several lists, each with its weight, 1 without any."""
    scores: dict[int, float] = {}
    for candidates, weight in zip(lists, weights or [1.0] * len(lists), strict=True):
        for rank, candidate in enumerate(candidates.best, start=1):
            gain = weight / (RRF_K + rank)
            scores[candidate.position] = scores.get(candidate.position, 0.0) + gain
    ranked = _in_order(keys, list(scores), np.array(list(scores.values())))
    fused = _cut(ranked, limit)
    return Candidates(fused.best, max(fused.tied, *(candidates.tied for candidates in lists)))


def scores(vectors: CorpusVectors, query: VectorQuery, positions: Sequence[int]) -> Scores64:
    """Return the inner products of a query and documents, in 64 bits.

    Each row is summed by itself, so that equal vectors have equal scores wherever they stand.
    """
    vector = query.vector
    if isinstance(vector, SparseVector):
        if vectors.sparse is None:
            raise ValueError("the documents have no sparse vectors")
        weights = np.zeros(vectors.sparse.shape[1])
        weights[list(vector.indices)] = vector.values
        return np.asarray(vectors.sparse[list(positions)] @ weights, np.float64)
    if vectors.dense is None:
        raise ValueError("the documents have no dense vectors")
    rows = vectors.dense[list(positions)].astype(np.float64)
    return np.asarray((rows * vector.astype(np.float64)).sum(axis=1))


def _in_order(keys: Keys, positions: Sequence[int], scores: Scores64) -> list[Candidate]:
    """Return candidates by falling score, equal ones by their keys."""
    ties = dict(zip(positions, keys(positions), strict=True))
    ranked = [Candidate(i, float(score)) for i, score in zip(positions, scores, strict=True)]
    return sorted(ranked, key=lambda c: (-c.score, ties[c.position]))


@lru_cache(maxsize=100_000)
def _hash(document_id: str) -> bytes:
    return hashlib.sha256(document_id.encode("utf-8", "surrogatepass")).digest()


def _cut(ranked: Sequence[Candidate], limit: int) -> Candidates:
    """Return the first `limit` candidates, and how many share the score that the cut parts."""
    best = tuple(ranked[:limit])
    if len(ranked) <= limit or ranked[limit].score != best[-1].score:
        return Candidates(best)
    return Candidates(best, sum(c.score == best[-1].score for c in ranked))
