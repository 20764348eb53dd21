"""What every engine does: exact answers, one list for a query, rebuilding, threads.

The engines are the embedded one, on disk, and the server's, against a stand-in. With the address of
a server in RERANK_LAB_TEST_QDRANT, and its key in RERANK_LAB_TEST_QDRANT_KEY where it has one, a
real server is asked too. It must hold no collection of a lab; what the tests make is removed:

    docker run --rm -p 6333:6333 qdrant/qdrant:v1.18.0
    RERANK_LAB_TEST_QDRANT=http://127.0.0.1:6333 pytest tests/retrieval/test_engine.py

or a cluster, of which any node can be named:

    docker network create lab
    docker run -d --network lab --name q1 -p 6333:6333 -e QDRANT__CLUSTER__ENABLED=true \\
        qdrant/qdrant:v1.18.0 ./qdrant --uri http://q1:6335
    docker run -d --network lab --name q2 -p 6343:6333 -e QDRANT__CLUSTER__ENABLED=true \\
        qdrant/qdrant:v1.18.0 ./qdrant --bootstrap http://q1:6335
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from components.domain import Cancelled, Corpus, StoreError
from components.models.bm25 import statistics
from components.rerankers.lexical import Lexical
from components.retrieval.candidates import RRF_K
from components.retrieval.schema import (
    Candidate,
    Candidates,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)
from components.retrieval.store import VectorStore
from tests.support.engines import (
    LONG,
    SCHEMA,
    TEXTS,
    TINY,
    VECTORS,
    by_vector,
    by_words,
    corpus_of,
    embedded,
    points_of,
    positions,
    remote,
    scores,
    spread,
    unit,
)
from tests.support.servers.qdrant_server import QdrantServer

REAL = os.environ.get("RERANK_LAB_TEST_QDRANT", "")
ENGINES = ("edge", "one shard", "three shards", *(["real", "real, three shards"] if REAL else []))


@contextmanager
def opened(engine: str, folder: Path) -> Iterator[VectorStore]:
    """Yield an empty store of an engine."""
    if engine == "edge":
        yield embedded(folder)
        return
    shards = 3 if "three" in engine else 1
    if not engine.startswith("real"):
        with QdrantServer() as server:
            yield remote(server.url, shards=shards)
        return
    key = os.environ.get("RERANK_LAB_TEST_QDRANT_KEY", "")
    store = remote(REAL, timeout_s=60, shards=shards, key=key)
    for corpus in (TINY, LONG):  # of a test before
        store.drop(corpus, SCHEMA)
    if others := store.status():
        pytest.fail(f"{store.where} holds collections of a lab: {others[0].alias}")
    yield store
    for status in store.status():
        store.engine.drop(status.alias)


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    """An empty store."""
    with opened(request.param, tmp_path) as store:
        yield store


@pytest.fixture(params=ENGINES, scope="module")
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VectorStore]:
    """A store with the tiny corpus, for tests that change nothing."""
    with opened(request.param, tmp_path_factory.mktemp("collections")) as built:
        built.build(TINY, SCHEMA, points_of(TINY))
        yield built


def search(
    store: VectorStore,
    queries: Sequence[VectorQuery],
    limit: int,
    corpus: Corpus = TINY,
    vectors: CorpusVectors | None = None,
    *,
    fused: bool = False,
) -> Candidates:
    own = points_of(TINY) if vectors is None else vectors
    return store.search(corpus, SCHEMA, tuple(queries), limit, own, fused=fused)


def by_hash(numbers: Sequence[int]) -> list[int]:
    return sorted(numbers, key=lambda i: hashlib.sha256(f"d{i}".encode()).digest())


# ---------------------------------------------------------------- answers


def test_dense_is_the_cosine_best_first(store: VectorStore) -> None:
    answer = search(store, by_vector(unit(1, 0, 0)), 10)
    assert positions(answer) == [0, 1, 2, 3]
    assert scores(answer) == pytest.approx([1.0, 0.6, 0.0, -0.6], abs=1e-7)
    assert answer.tied == 0


def test_dense_of_a_slanted_query(store: VectorStore) -> None:
    # (0, 3, 4) / 5 with the rows: 0, 0.48, 0.36 + 0.64, 0.64
    answer = search(store, by_vector(unit(0, 3, 4)), 3)
    assert positions(answer) == [2, 3, 1]
    assert scores(answer) == pytest.approx([1.0, 0.64, 0.48], abs=1e-7)


@pytest.mark.parametrize(
    "query", ["red fox fence", "blue", "blue hats hats", "unrelated fox lines"]
)
def test_sparse_is_our_own_bm25(store: VectorStore, query: str) -> None:
    own = Lexical(statistics(TINY)).score(query, TEXTS).values
    answer = search(store, by_words(TINY, query), 10)
    assert dict(zip(positions(answer), scores(answer), strict=True)) == pytest.approx(
        {i: own[i] for i in range(4) if own[i] > 0}, abs=1e-6
    )
    assert scores(answer) == sorted(scores(answer), reverse=True)


def test_sparse_without_a_word_that_is_there_is_empty(store: VectorStore) -> None:
    assert search(store, by_words(TINY, "zebra the"), 10) == Candidates()


def test_hybrid_is_reciprocal_rank_fusion_of_both(store: VectorStore) -> None:
    dense, sparse = by_vector(unit(0.9, 0.1, 0.4)), by_words(TINY, "blue fox")
    assert positions(search(store, dense, 10)) == [0, 1, 2, 3]
    assert positions(search(store, sparse, 10)) == [1, 2, 0]
    answer = search(store, (*dense, *sparse), 10, fused=True)
    assert positions(answer) == [1, 0, 2, 3]
    assert scores(answer) == [1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 63 + 1 / 62, 1 / 64]
    assert RRF_K == 60


def test_ties_of_a_fusion_are_settled_by_the_hash(store: VectorStore) -> None:
    red = by_words(TINY, "red jumps sleeps sleeps sleeps")
    assert positions(search(store, red, 2)) == [1, 0]
    answer = search(store, (*by_vector(unit(1, 0, 0)), *red), 2, fused=True)
    assert scores(answer) == [1 / 61 + 1 / 62] * 2
    assert positions(answer) == by_hash([0, 1])


def test_hybrid_without_a_word_that_is_there_is_dense(store: VectorStore) -> None:
    queries = (*by_vector(unit(1, 0, 0)), *by_words(TINY, "zebra"))
    answer = search(store, queries, 2, fused=True)
    assert answer.best == (Candidate(0, 1 / 61), Candidate(1, 1 / 62))


@pytest.mark.parametrize("limit", [1, 3, 4, 5, 1000, 10**9])
def test_limit_clamps_to_the_corpus(store: VectorStore, limit: int) -> None:
    assert positions(search(store, by_vector(unit(1, 0, 0)), limit)) == [0, 1, 2, 3][:limit]


def test_vectors_that_are_not_at_hand_are_asked_of_the_engine(store: VectorStore) -> None:
    far = CorpusVectors(None, points_of(TINY).sparse)
    query = by_vector(unit(0, 3, 4))
    assert search(store, query, 3, vectors=far) == search(store, query, 3)


def test_has_and_status_count_the_points(store: VectorStore) -> None:
    assert store.has(TINY, SCHEMA)
    assert not store.has(TINY, CollectionSchema("another", dense=3))
    assert not store.has(corpus_of(("never built",), "other"), SCHEMA)
    alias = store.alias(TINY, SCHEMA)
    [status] = [status for status in store.status() if status.alias == alias]
    assert (status.points, status.outdated) == (4, False)


def test_searching_what_was_never_indexed_is_a_store_error(store: VectorStore) -> None:
    with pytest.raises(StoreError):
        search(store, by_vector(unit(1, 0, 0)), 1, corpus_of(("nobody",)))


# ---------------------------------------------------------------- one list of candidates

WORDS = ("red", "blue", "green", "fox", "hat", "fence", "owl", "line", "word", "sea", "hill", "fog")
MADE = 500
DIMENSION = 48
WANTED = 20


def made() -> tuple[Corpus, CorpusVectors, list[tuple[np.ndarray, str]]]:
    """Return a corpus with duplicates and near-duplicates of texts and vectors, and 200 queries."""
    numbers = np.random.default_rng(11)
    often = 1 / np.arange(1, len(WORDS) + 1) ** 1.5
    often /= often.sum()
    lengths = numbers.integers(2, 6, MADE)
    texts = [" ".join(numbers.choice(WORDS, length, p=often)) for length in lengths]
    corpus = corpus_of(texts, "made")
    some = spread(60, 12, DIMENSION)
    rows = some[numbers.integers(0, 60, MADE)]
    near = numbers.random(MADE) < 0.5  # one of two differs by what 32 bits can hardly tell
    rows[near] += numbers.normal(scale=2e-7, size=(near.sum(), DIMENSION)).astype(np.float32)
    vectors = points_of(corpus, rows)
    asked = some[numbers.integers(0, 60, 200)] + 0.2 * spread(200, 13, DIMENSION)
    words = [" ".join(numbers.choice(WORDS, numbers.integers(1, 4))) for _ in range(200)]
    return corpus, vectors, [(unit(*row), text) for row, text in zip(asked, words, strict=True)]


def oracle(
    corpus: Corpus, vectors: CorpusVectors, queries: Sequence[tuple[np.ndarray, str]]
) -> list[tuple[list[int], list[int], list[int]]]:
    """Return the dense, BM25 and hybrid lists by brute force: all scores in 64 bits, all sorted."""
    bm25 = statistics(corpus)
    hashes = [hashlib.sha256(document.id.encode()).digest() for document in corpus.documents]
    rows = vectors.dense.tolist()
    words = vectors.sparse.toarray().astype(float).tolist()

    def ranked(scores: dict[int, float]) -> list[int]:
        return sorted(scores, key=lambda i: (-scores[i], hashes[i]))[:WANTED]

    lists = []
    for vector, text in queries:
        near = vector.tolist()
        dense = ranked(
            {
                i: math.fsum(a * b for a, b in zip(row, near, strict=True))
                for i, row in enumerate(rows)
            }
        )
        asked = bm25.query_vector(text)
        weights = list(zip(asked.indices, asked.values, strict=True))
        sums = {i: sum(row[t] * w for t, w in weights) for i, row in enumerate(words)}
        sparse = ranked({i: score for i, score in sums.items() if score > 0})
        gains: dict[int, float] = {}
        for ranking in (dense, sparse):
            for rank, i in enumerate(ranking, start=1):
                gains[i] = gains.get(i, 0.0) + 1 / (60 + rank)
        lists.append((dense, sparse, ranked(gains)))
    return lists


@pytest.fixture(scope="module")
def truth() -> tuple[Corpus, CorpusVectors, list[tuple[np.ndarray, str]], list[object]]:
    corpus, vectors, queries = made()
    return corpus, vectors, queries, list(oracle(corpus, vectors, queries))


def test_the_made_corpus_has_ties_at_the_cut(truth: tuple) -> None:
    corpus, vectors, _, expected = truth
    assert len({document.text for document in corpus.documents}) < MADE
    assert len(np.unique(vectors.dense, axis=0)) < MADE
    assert len(expected) == 200


@pytest.mark.parametrize("engine", ENGINES)
def test_one_query_has_one_list_of_candidates(engine: str, tmp_path: Path, truth: tuple) -> None:
    corpus, vectors, queries, expected = truth
    schema = CollectionSchema("made", dense=DIMENSION, sparse=True)

    def ask(store: VectorStore, query: tuple[np.ndarray, str]) -> tuple[list[int], ...]:
        dense, sparse = by_vector(query[0]), by_words(corpus, query[1])
        both = (*dense, *sparse)
        return tuple(
            positions(store.search(corpus, schema, asked, WANTED, vectors, fused=asked is both))
            for asked in (dense, sparse, both)
        )

    with opened(engine, tmp_path) as store:
        store.build(corpus, schema, vectors)
        once = [ask(store, query) for query in queries]
        with ThreadPoolExecutor(8) as pool:
            again = list(pool.map(lambda query: ask(store, query), queries))
    assert once == expected
    assert again == expected


# ---------------------------------------------------------------- rebuilding


def test_drop_removes_a_collection(empty: VectorStore) -> None:
    empty.drop(TINY, SCHEMA)
    empty.build(TINY, SCHEMA, points_of(TINY))
    empty.drop(TINY, SCHEMA)
    assert not empty.has(TINY, SCHEMA)
    assert empty.status() == ()


def test_the_collections_of_a_corpus_are_listed_and_dropped(empty: VectorStore) -> None:
    empty.build(TINY, SCHEMA, points_of(TINY))
    empty.build(LONG, SCHEMA, points_of(LONG, spread(600, 1)))
    tiny, long = (empty.alias(corpus, SCHEMA) for corpus in (TINY, LONG))
    assert empty.aliases() == tuple(sorted((tiny, long)))
    assert empty.is_of(tiny, TINY.fingerprint, SCHEMA)
    assert not empty.is_of(tiny, LONG.fingerprint, SCHEMA)
    assert (empty.bytes_here(LONG.fingerprint) > 10_000) == empty.embedded
    empty.drop_all(TINY.fingerprint, {tiny})
    assert len(empty.aliases()) == 2
    empty.drop_all(TINY.fingerprint)
    assert empty.aliases() == (long,)
    assert empty.bytes_here(TINY.fingerprint) == 0
    assert empty.has(LONG, SCHEMA)


def test_a_rebuild_is_seen_only_when_it_is_whole(empty: VectorStore) -> None:
    old_rows, new_rows, query = spread(600, 1), spread(600, 2), unit(1, 2, 3)
    old_points, new_points = points_of(LONG, old_rows), points_of(LONG, new_rows)
    empty.build(LONG, SCHEMA, old_points)
    old = search(empty, by_vector(query), 600, LONG, old_points)
    [before] = empty.status()
    seen: list[int] = []

    def look(done: int, total: int) -> None:
        seen.append(done)
        assert total == 600
        assert empty.has(LONG, SCHEMA)
        assert search(empty, by_vector(query), 600, LONG, old_points) == old
        assert empty.status() == (before,)

    empty.build(LONG, SCHEMA, new_points, look)
    new = search(empty, by_vector(query), 600, LONG, new_points)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 600)
    assert len(seen) > 2
    assert positions(old) == list(np.argsort(-(old_rows.astype(float) @ query), kind="stable"))
    assert positions(new) == list(np.argsort(-(new_rows.astype(float) @ query), kind="stable"))
    [after] = empty.status()
    assert (after.alias, after.points) == (before.alias, 600)
    assert after.collection != before.collection


@pytest.mark.parametrize("fault", [Cancelled(), StoreError("Full."), RuntimeError("bug")])
@pytest.mark.parametrize("calls", [1, 2, -1])
def test_a_rebuild_that_ends_early_leaves_the_old_one(
    empty: VectorStore, fault: Exception, calls: int
) -> None:
    old_points = points_of(LONG, spread(600, 1))
    empty.build(LONG, SCHEMA, old_points)
    before = search(empty, by_vector(unit(1, 2, 3)), 10, LONG, old_points), empty.status()
    called: list[int] = []

    def fail(done: int, total: int) -> None:
        called.append(done)
        if len(called) == calls or (calls < 0 and done == total):
            raise fault

    with pytest.raises(type(fault)) as caught:
        empty.build(LONG, SCHEMA, points_of(LONG, spread(600, 2)), fail)
    assert caught.value is fault
    after = search(empty, by_vector(unit(1, 2, 3)), 10, LONG, old_points), empty.status()
    assert after == before


def test_a_first_build_that_ends_early_leaves_nothing(empty: VectorStore) -> None:
    broken = CorpusVectors(VECTORS[:2], points_of(TINY).sparse)  # two rows for four documents
    with pytest.raises(IndexError):
        empty.build(TINY, SCHEMA, broken)
    assert not empty.has(TINY, SCHEMA)
    assert empty.status() == ()


def test_threads_search_while_corpora_are_built(empty: VectorStore) -> None:
    long, tiny = points_of(LONG, spread(600, 3)), points_of(TINY)
    empty.build(LONG, SCHEMA, long)
    empty.build(TINY, SCHEMA, tiny)
    words = by_words(LONG, "word3 word77")
    queries = spread(10, 4)
    done = threading.Event()

    def ask(query: np.ndarray) -> tuple[Candidates, ...]:
        both = (*by_vector(query), *words)
        return (
            search(empty, both, 10, LONG, long, fused=True),
            search(empty, by_vector(query), 10, TINY, tiny),
        )

    def build() -> int:
        rounds = 0
        while not done.is_set():
            empty.build(TINY, SCHEMA, tiny)  # the same again, under the searchers' feet
            rounds += 1
        return rounds

    alone = [ask(query) for query in queries]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # as unkind as it gets
    try:
        with ThreadPoolExecutor(9) as pool:
            builder = pool.submit(build)
            searchers = [pool.submit(lambda: [ask(query) for query in queries]) for _ in range(8)]
            wait(searchers)
            done.set()
    finally:
        sys.setswitchinterval(interval)
        done.set()
    assert [searcher.result() for searcher in searchers] == [alone] * 8
    assert builder.result() > 0
    assert len(empty.status()) == 2
