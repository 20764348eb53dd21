"""One list of candidates: exact scores, ties by a hash of the id, whatever the engine returns."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from components.domain import Corpus, Document
from components.models.bm25 import SparseVector
from components.retrieval import candidates
from components.retrieval.schema import (
    DENSE,
    SPARSE,
    Candidate,
    Candidates,
    CorpusVectors,
    VectorQuery,
)

Ask = Callable[[Sequence[VectorQuery], Sequence[int]], list[list[Candidate]]]


def corpus_of(n: int) -> Corpus:
    return Corpus(
        "made", tuple(Document(f"d{i}", "", "") for i in range(n)), fingerprint=f"made{n}"
    )


def by_hash(positions: Sequence[int]) -> list[int]:
    return sorted(positions, key=lambda i: hashlib.sha256(f"d{i}".encode()).hexdigest())


class LuckyEngine:
    """Sums in 32 bits, and orders what is nearly equal as it likes, another way each time."""

    def __init__(self, rows: np.ndarray, seed: int, noise: float = 2e-6) -> None:
        self.rows, self.random, self.noise = rows, random.Random(seed), noise
        self.limits: list[int] = []

    def __call__(
        self, queries: Sequence[VectorQuery], limits: Sequence[int]
    ) -> list[list[Candidate]]:
        self.limits += limits
        return [self._nearest(q, n) for q, n in zip(queries, limits, strict=True)]

    def _nearest(self, query: VectorQuery, limit: int) -> list[Candidate]:
        scores = self.rows @ query.vector
        luck = [score + self.random.uniform(-self.noise, self.noise) for score in scores.tolist()]
        order = sorted(range(len(luck)), key=lambda i: -luck[i])[:limit]
        return [Candidate(i, luck[i]) for i in order]


def search(rows: np.ndarray, vector: np.ndarray, limit: int, ask: Ask) -> Candidates:
    vectors = CorpusVectors(dense=rows)
    query = VectorQuery(DENSE, vector)
    [answer] = candidates.best(
        candidates.by_hash(corpus_of(len(rows))),
        [query],
        limit,
        ask,
        lambda asked, positions: candidates.scores(vectors, asked, positions),
    )
    return answer


def positions(answer: Candidates) -> list[int]:
    return [candidate.position for candidate in answer.best]


@given(
    seed=st.integers(0, 10_000),
    distinct=st.integers(1, 30),
    copies=st.integers(1, 20),
    limit=st.integers(1, 60),
)
def test_luck_changes_nothing(seed: int, distinct: int, copies: int, limit: int) -> None:
    numbers = np.random.default_rng(seed)
    some = numbers.standard_normal((distinct, 8)).astype(np.float32)
    some /= np.linalg.norm(some, axis=1, keepdims=True)
    rows = some[numbers.permutation(np.repeat(np.arange(distinct), copies))]
    vector = some[0]
    limit = min(limit, len(rows))
    exact = [sum(float(a) * float(b) for a, b in zip(row, vector, strict=True)) for row in rows]
    # equal rows have equal scores; distinct ones differ by far more than the order of a sum does
    expected = sorted(
        range(len(rows)),
        key=lambda i: (-round(exact[i], 12), hashlib.sha256(f"d{i}".encode()).digest()),
    )[:limit]
    answers = [search(rows, vector, limit, LuckyEngine(rows, luck)) for luck in (seed, seed + 1)]
    assert positions(answers[0]) == expected
    assert answers[0] == answers[1]


def test_more_is_asked_for_until_the_cut_is_clear() -> None:
    rows = np.array([[1, 0]] * 3 + [[0.6, 0.8]] * 200, np.float32)
    engine = LuckyEngine(rows, 1)
    answer = search(rows, rows[0], 5, engine)
    assert engine.limits == [15, 60, 240]
    assert positions(answer) == [*by_hash(range(3)), *by_hash(range(3, 203))[:2]]
    assert answer.tied == 200
    engine.limits.clear()
    assert search(rows, rows[0], 3, engine).tied == 0
    assert engine.limits == [13]


def test_a_corpus_smaller_than_the_limit_is_asked_once() -> None:
    rows = np.eye(3, dtype=np.float32)
    engine = LuckyEngine(rows, 1)
    answer = search(rows, rows[1], 9, engine)
    assert positions(answer) == [1, *by_hash([0, 2])]
    assert (engine.limits, answer.tied) == ([19], 0)


def test_sparse_scores_are_inner_products() -> None:
    rows = csr_array(np.array([[0, 0.5, 2], [1, 0, 0], [0, 0.25, 0]], np.float32))
    query = VectorQuery(SPARSE, SparseVector((1, 2), (4.0, 0.5)))
    scored = candidates.scores(CorpusVectors(sparse=rows), query, [2, 0, 1, 0])
    assert scored.tolist() == [1.0, 3.0, 0.0, 3.0]


@pytest.mark.parametrize("using", [DENSE, SPARSE])
def test_vectors_that_are_not_there_are_no_zeros(using: str) -> None:
    vector = SparseVector((0,), (1.0,)) if using == SPARSE else np.ones(2, np.float32)
    with pytest.raises(ValueError, match=r"no (dense|sparse) vectors"):
        candidates.scores(CorpusVectors(), VectorQuery(using, vector), [0])


def test_fusion_is_by_hand() -> None:
    keys = candidates.by_hash(corpus_of(5))
    one = Candidates((Candidate(3, 0.9), Candidate(1, 0.8), Candidate(0, 0.1)))
    other = Candidates((Candidate(1, 7.0), Candidate(3, 6.0), Candidate(4, 5.0)), tied=2)
    fused = candidates.fuse(keys, [one, other], 10)
    assert positions(fused) == [*by_hash([1, 3]), *by_hash([0, 4])]
    both, alone = 1 / 61 + 1 / 62, 1 / 63
    assert [c.score for c in fused.best] == [both, both, alone, alone]
    assert fused.tied == 2  # a list below was cut through a tie
    assert candidates.fuse(keys, [one, one], 1).tied == 0
    assert candidates.fuse(keys, [one, Candidates((Candidate(1, 1), Candidate(3, 0)))], 1) == (
        Candidates((Candidate(by_hash([1, 3])[0], both),), tied=2)
    )
