"""The vector store: exact answers, atomic rebuilding, threads, and a server that misbehaves."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
from components.retrieval.engine.qdrant import CollectionStatus, VectorStore

from components.config import QdrantSettings, Settings
from components.corpora import fingerprint
from components.domain import Cancelled, Corpus, Document, StoreError, Vector
from components.lab import CORPORA_IN_MEMORY, Lab, catalog
from components.models.bm25 import SparseVector, statistics
from components.pipeline.job import ComparisonJob
from components.rerankers.lexical import Lexical
from components.retrieval.engine.formats import RRF_K
from components.retrieval.first_stages.dense import nearest
from components.retrieval.first_stages.sparse import matching
from components.retrieval.schema import (
    DENSE,
    Candidate,
    CollectionSchema,
    CorpusTokens,
    CorpusVectors,
    EncodedQuery,
    VectorQuery,
)
from tests.support.asking import asked, results
from tests.support.servers.qdrant_server import Fault, QdrantServer

pytestmark = pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")

KEY = "a-very-secret-key"
SCHEMA = CollectionSchema("test", dense=3, sparse=True)
TEXTS = (
    "the red fox jumps over the red fence",
    "a blue fox sleeps",
    "green hats and blue hats",
    "nothing here but a fence and a very long line of unrelated words",
)
VECTORS = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0.6, 0.8], [-0.6, 0, 0.8]], np.float32)


def search_dense(
    store: VectorStore, corpus: Corpus, schema: CollectionSchema, query: Vector, limit: int
) -> list[Candidate]:
    return store.search(corpus, schema, (VectorQuery(DENSE, query),), limit)


def search_sparse(
    store: VectorStore, corpus: Corpus, schema: CollectionSchema, query: SparseVector, limit: int
) -> list[Candidate]:
    queries = matching(EncodedQuery("", None, query))
    return store.search(corpus, schema, queries, limit)


def search_hybrid(
    store: VectorStore,
    corpus: Corpus,
    schema: CollectionSchema,
    dense: Vector,
    sparse: SparseVector,
    limit: int,
) -> list[Candidate]:
    queries = (*nearest(EncodedQuery("", dense, sparse)), *matching(EncodedQuery("", None, sparse)))
    return store.search(corpus, schema, queries, limit, fused=True)


def corpus_of(texts: tuple[str, ...], name: str = "tiny") -> Corpus:
    documents = tuple(Document(f"d{i}", "", text) for i, text in enumerate(texts))
    return Corpus(name, documents, fingerprint=fingerprint(documents))


def points_of(corpus: Corpus, dense: np.ndarray = VECTORS) -> CorpusVectors:
    bm25 = statistics(corpus)
    return CorpusVectors(dense, [bm25.document_vector(d.passage) for d in corpus.documents])


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


def spread(n: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, 3))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def positions(candidates: list[Candidate]) -> list[int]:
    return [c.position for c in candidates]


def collections(store: VectorStore) -> set[str]:
    return {c.name for c in store._connect().get_collections().collections}


TINY = corpus_of(TEXTS)


@pytest.fixture(scope="module")
def store() -> VectorStore:
    built = VectorStore(QdrantSettings())
    built.build(TINY, SCHEMA, points_of(TINY))
    return built


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    with QdrantServer() as running:
        yield running


@pytest.fixture(scope="module")
def indexed() -> Iterator[tuple[QdrantServer, VectorStore]]:
    """One server for many tests, with the tiny corpus on it, and a store that asks it."""
    with QdrantServer() as running:
        far = remote(running.url)
        far.build(TINY, SCHEMA, points_of(TINY))
        yield running, far


# ---------------------------------------------------------------- answers


def test_dense_is_the_cosine_best_first(store: VectorStore) -> None:
    candidates = search_dense(store, TINY, SCHEMA, unit(1, 0, 0), 10)
    assert positions(candidates) == [0, 1, 2, 3]
    assert [c.score for c in candidates] == pytest.approx([1.0, 0.6, 0.0, -0.6], abs=1e-6)


def test_dense_of_a_slanted_query(store: VectorStore) -> None:
    # (0, 3, 4) / 5 with the rows: 0, 0.48, 0.36 + 0.64, 0.64
    candidates = search_dense(store, TINY, SCHEMA, unit(0, 3, 4), 3)
    assert positions(candidates) == [2, 3, 1]
    assert [c.score for c in candidates] == pytest.approx([1.0, 0.64, 0.48], abs=1e-6)


def test_ties_follow_the_corpus(store: VectorStore) -> None:
    corpus = corpus_of(("same words", "same words", "same words", "other", "same words"), "ties")
    rows = np.array([[0, 1, 0]] * 3 + [[1, 0, 0]] + [[0, 1, 0]], np.float32)
    store.build(corpus, SCHEMA, points_of(corpus, rows))
    assert positions(search_dense(store, corpus, SCHEMA, unit(0, 1, 0), 9)) == [0, 1, 2, 4, 3]
    sparse = statistics(corpus).query_vector("same")
    assert positions(search_sparse(store, corpus, SCHEMA, sparse, 9)) == [0, 1, 2, 4]


@pytest.mark.parametrize(
    "query", ["red fox fence", "blue", "blue hats hats", "unrelated fox lines"]
)
def test_sparse_is_our_own_bm25(store: VectorStore, query: str) -> None:
    bm25 = statistics(TINY)
    own = Lexical(bm25).score(query, TEXTS).values
    candidates = search_sparse(store, TINY, SCHEMA, bm25.query_vector(query), 10)
    assert {c.position: c.score for c in candidates} == pytest.approx(
        {i: own[i] for i in range(4) if own[i] > 0}, abs=1e-5
    )
    assert [c.score for c in candidates] == sorted((c.score for c in candidates), reverse=True)


def test_sparse_without_a_known_word_is_empty(store: VectorStore) -> None:
    assert search_sparse(store, TINY, SCHEMA, statistics(TINY).query_vector("zebra the"), 10) == []
    assert search_sparse(store, TINY, SCHEMA, SparseVector((), ()), 10) == []


def test_hybrid_is_reciprocal_rank_fusion_of_both(store: VectorStore) -> None:
    dense, sparse = unit(0.9, 0.1, 0.4), statistics(TINY).query_vector("blue fox")
    by_dense = positions(search_dense(store, TINY, SCHEMA, dense, 10))
    by_words = positions(search_sparse(store, TINY, SCHEMA, sparse, 10))
    assert (by_dense, by_words) == ([0, 1, 2, 3], [1, 2, 0])
    candidates = search_hybrid(store, TINY, SCHEMA, dense, sparse, 10)
    assert positions(candidates) == [1, 0, 2, 3]
    assert [c.score for c in candidates] == pytest.approx(
        [1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 63 + 1 / 62, 1 / 64], abs=1e-7
    )
    assert RRF_K == 60


def test_hybrid_ties_follow_the_corpus(store: VectorStore) -> None:
    red = statistics(TINY).query_vector("red jumps sleeps sleeps sleeps")
    assert positions(search_sparse(store, TINY, SCHEMA, red, 2)) == [1, 0]
    candidates = search_hybrid(store, TINY, SCHEMA, unit(1, 0, 0), red, 2)
    assert [c.score for c in candidates] == pytest.approx([1 / 61 + 1 / 62] * 2, abs=1e-7)
    assert positions(candidates) == [0, 1]


def test_hybrid_without_a_known_word_is_dense(store: VectorStore) -> None:
    sparse = statistics(TINY).query_vector("zebra")
    candidates = search_hybrid(store, TINY, SCHEMA, unit(1, 0, 0), sparse, 2)
    assert candidates == [
        Candidate(0, pytest.approx(1 / 61, abs=1e-7)),
        Candidate(1, pytest.approx(1 / 62, abs=1e-7)),
    ]


@pytest.mark.parametrize("limit", [1, 3, 4, 5, 1000, 10**9])
def test_limit_clamps_to_the_corpus(store: VectorStore, limit: int) -> None:
    candidates = search_dense(store, TINY, SCHEMA, unit(1, 0, 0), limit)
    assert positions(candidates) == [0, 1, 2, 3][:limit]


def test_maxsim_is_numpy(store: VectorStore) -> None:
    rng = np.random.default_rng(7)
    lengths = [3, 1, 5, 2]
    rows = rng.normal(size=(sum(lengths), 4)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = CorpusTokens(rows, offsets, np.zeros(4, np.int64))
    space = CollectionSchema("tokens", tokens=4)
    store.build(TINY, space, CorpusVectors(tokens=tokens))
    query = rows[[2, 7]]
    wanted = [3, 0, 2, 0]
    expected = [(query @ tokens.document(i).T).max(axis=1).sum() for i in wanted]
    assert store.maxsim(TINY, space, query, wanted) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(StoreError, match="did not score 1 of 2"):
        store.maxsim(TINY, space, query, [0, 99])


def test_has_and_status_count_the_points(store: VectorStore) -> None:
    other = corpus_of(("never built",), "other")
    assert store.has(TINY, SCHEMA)
    assert not store.has(TINY, CollectionSchema("another", dense=3))
    assert not store.has(other, SCHEMA)
    mine = [s for s in store.status() if s.points == 4 and s.alias.endswith("-test")]
    assert len(mine) == 1
    assert mine[0].collection.startswith(f"{mine[0].alias}-v")


def test_drop_removes_a_collection_and_its_alias() -> None:
    own = VectorStore(QdrantSettings())
    own.drop(TINY, SCHEMA)
    own.build(TINY, SCHEMA, points_of(TINY))
    own.drop(TINY, SCHEMA)
    assert not own.has(TINY, SCHEMA)
    assert (own.status(), collections(own)) == ((), set())


def test_searching_what_was_never_indexed_is_a_store_error(store: VectorStore) -> None:
    with pytest.raises(StoreError, match="not found"):
        search_dense(store, corpus_of(("nobody",)), SCHEMA, unit(1, 0, 0), 1)


# ---------------------------------------------------------------- rebuilding


LONG = corpus_of(tuple(f"word{i}" for i in range(130)), "long")
SEEN_AT = [0, 64, 128, 130]


def test_a_rebuild_is_seen_only_when_it_is_whole() -> None:
    own = VectorStore(QdrantSettings())
    old_rows, new_rows, query = spread(130, 1), spread(130, 2), unit(1, 2, 3)
    own.build(LONG, SCHEMA, points_of(LONG, old_rows))
    old = search_dense(own, LONG, SCHEMA, query, 130)
    seen: list[int] = []

    def look(done: int, total: int) -> None:
        seen.append(done)
        assert total == 130
        assert own.has(LONG, SCHEMA)
        assert search_dense(own, LONG, SCHEMA, query, 130) == old
        assert len(collections(own)) == 2

    own.build(LONG, SCHEMA, points_of(LONG, new_rows), look)
    new = search_dense(own, LONG, SCHEMA, query, 130)
    assert seen == SEEN_AT
    assert positions(old) == list(np.argsort(-(old_rows @ query), kind="stable"))
    assert positions(new) == list(np.argsort(-(new_rows @ query), kind="stable"))
    status = own.status()
    assert collections(own) == {status[0].collection}
    assert status == (CollectionStatus(status[0].alias, status[0].collection, 130),)


@pytest.mark.parametrize("fault", [Cancelled(), StoreError("Full."), RuntimeError("bug")])
@pytest.mark.parametrize("at", SEEN_AT)
def test_a_rebuild_that_ends_early_leaves_the_old_one(fault: Exception, at: int) -> None:
    own = VectorStore(QdrantSettings())
    own.build(LONG, SCHEMA, points_of(LONG, spread(130, 1)))
    before = search_dense(own, LONG, SCHEMA, unit(1, 2, 3), 10), collections(own)

    def fail(done: int, total: int) -> None:
        if done == at:
            raise fault

    with pytest.raises(type(fault)) as caught:
        own.build(LONG, SCHEMA, points_of(LONG, spread(130, 2)), fail)
    assert caught.value is fault
    assert (search_dense(own, LONG, SCHEMA, unit(1, 2, 3), 10), collections(own)) == before


def test_a_first_build_that_ends_early_leaves_nothing() -> None:
    own = VectorStore(QdrantSettings())
    broken = CorpusVectors(VECTORS[:2], points_of(TINY).sparse)  # two rows for four documents
    with pytest.raises(IndexError):
        own.build(TINY, SCHEMA, broken)
    assert not own.has(TINY, SCHEMA)
    assert collections(own) == set()


def test_threads_search_while_corpora_are_built() -> None:
    own = VectorStore(QdrantSettings())
    long, tiny = points_of(LONG, spread(130, 3)), points_of(TINY)
    own.build(LONG, SCHEMA, long)
    own.build(TINY, SCHEMA, tiny)
    sparse = statistics(LONG).query_vector("word3 word77")
    queries = spread(50, 4)
    other = corpus_of(tuple(f"other{i}" for i in range(80)), "other")
    done = threading.Event()

    def ask(query: np.ndarray) -> tuple[list[Candidate], ...]:
        return (
            search_hybrid(own, LONG, SCHEMA, query, sparse, 10),
            search_dense(own, TINY, SCHEMA, query, 10),
        )

    def build() -> int:
        rounds = 0
        while not done.is_set():
            own.build(other, SCHEMA, points_of(other, spread(80, 5)))
            for _ in range(10):
                own.build(TINY, SCHEMA, tiny)  # the same again, under the searchers' feet
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
    assert own.has(other, SCHEMA)
    assert len(collections(own)) == 3


def test_embedded_calls_take_turns(store: VectorStore) -> None:
    candidates: list[Candidate] = []
    answered = threading.Event()

    def ask() -> None:
        candidates.extend(search_dense(store, TINY, SCHEMA, unit(1, 0, 0), 4))
        answered.set()

    with store._calls() as client:
        thread = threading.Thread(target=ask)
        thread.start()
        assert not answered.wait(0.2)
        assert store.has(TINY, SCHEMA)  # the thread that is inside goes on
        assert client.get_aliases().aliases
    assert answered.wait(10)
    thread.join()
    assert positions(candidates) == [0, 1, 2, 3]


def test_the_corpus_unused_for_longest_makes_room(tmp_path: Path) -> None:
    small = Lab(Settings(cache_dir=tmp_path))
    corpora = [corpus_of((f"alpha{i}", "beta"), f"c{i}") for i in range(CORPORA_IN_MEMORY + 1)]
    for corpus in corpora[:-1]:
        small.index(corpus, "bm25")
    small.index(corpora[0], "bm25")  # used again: the second is now the oldest
    small.index(corpora[-1], "bm25")
    space = CollectionSchema("bm25", sparse=True)
    here = [small.store.has(corpus, space) for corpus in corpora]
    assert here == [i != 1 for i in range(CORPORA_IN_MEMORY + 1)]
    small.index(corpora[1], "bm25")
    stage = catalog.first_stage("bm25")
    assert positions(small.candidates(corpora[1], stage, "beta alpha1", None, 9)) == [0, 1]


# ---------------------------------------------------------------- a server


def remote(url: str, timeout_s: int = 10) -> VectorStore:
    return VectorStore(QdrantSettings(url, KEY, shards=6, replicas=2, timeout_s=timeout_s))


def test_a_server_is_asked_as_configured(server: QdrantServer) -> None:
    far = remote(server.url)
    far.build(TINY, SCHEMA, points_of(TINY))
    created = next(r for r in server.requests if r.method == "PUT")
    assert created.body == {
        "vectors": {"dense": {"size": 3, "distance": "Dot"}},  # of unit vectors: the cosine
        "sparse_vectors": {"bm25": {}},
        "shard_number": 6,
        "replication_factor": 2,
    }
    [index] = server.calls("PUT", "/index")
    assert (index.path, index.body) == (
        f"{created.path}/index",
        {"field_name": "doc_id", "field_schema": "keyword"},
    )
    [upsert] = server.calls("PUT", "/points")
    assert upsert.query == "wait=true"
    assert [p["payload"] for p in upsert.body["points"]] == [
        {"doc_id": f"d{i}", "title": "", "text": text} for i, text in enumerate(TEXTS)
    ]
    assert {r.headers["api-key"] for r in server.requests} == {KEY}
    assert far.has(TINY, SCHEMA)
    assert far._connect()._client._rest_args["timeout"] == 10  # type: ignore[attr-defined]


def test_token_vectors_on_a_server_are_not_given_a_graph(server: QdrantServer) -> None:
    far, space = remote(server.url), CollectionSchema("tokens", tokens=3)
    tokens = CorpusTokens(VECTORS, np.arange(5), np.zeros(4, np.int64))
    far.build(TINY, space, CorpusVectors(tokens=tokens))
    assert server.requests[0].body["vectors"]["tokens"] == {
        "size": 3,
        "distance": "Dot",
        "hnsw_config": {"m": 0},
        "multivector_config": {"comparator": "max_sim"},
    }
    scores = far.maxsim(TINY, space, VECTORS[:2], [2, 0])
    assert scores == pytest.approx([0.48, 1.6], abs=1e-6)  # 0 + 0.6 * 0.8; 1 + 0.6


def test_a_server_answers_like_the_embedded_one(store: VectorStore, server: QdrantServer) -> None:
    far = remote(server.url)
    far.build(TINY, SCHEMA, points_of(TINY))
    sparse, query = statistics(TINY).query_vector("blue fox"), unit(0.9, 0.1, 0.4)
    before = len(server.requests)
    hybrid = search_hybrid(far, TINY, SCHEMA, query, sparse, 3)
    [request] = server.requests[before:]  # one request
    assert request.path.endswith("/points/query")
    assert request.body["query"] == {"rrf": {"k": 61}}  # counted from 0: 1 / (60 + rank)
    assert [p["using"] for p in request.body["prefetch"]] == ["dense", "bm25"]
    assert hybrid == search_hybrid(store, TINY, SCHEMA, query, sparse, 3)
    assert search_dense(far, TINY, SCHEMA, query, 9) == search_dense(store, TINY, SCHEMA, query, 9)
    assert search_sparse(far, TINY, SCHEMA, sparse, 9) == search_sparse(
        store, TINY, SCHEMA, sparse, 9
    )


def test_a_server_rebuild_switches_the_alias_in_one_request(server: QdrantServer) -> None:
    far = remote(server.url)
    far.build(TINY, SCHEMA, points_of(TINY))
    [first] = server.collections()
    far.build(TINY, SCHEMA, points_of(TINY, VECTORS[::-1].copy()))
    [second] = server.collections()
    assert first != second
    switch = server.calls("POST", "/collections/aliases")[-1]
    assert [next(iter(action)) for action in switch.body["actions"]] == [
        "delete_alias",
        "create_alias",
    ]
    assert positions(search_dense(far, TINY, SCHEMA, unit(1, 0, 0), 1)) == [3]


def error_of(far: VectorStore) -> StoreError:
    with pytest.raises(StoreError) as caught:
        search_dense(far, TINY, SCHEMA, unit(1, 0, 0), 3)
    assert caught.value.__cause__ is not None
    return caught.value


HTML = f"<html><body>Sign in, {KEY}</body></html>".encode()
STATUS = f'{{"status": {{"error": "no: {KEY}"}}, "time": 0}}'.encode()


@pytest.mark.parametrize(
    ("fault", "reason", "remedy"),
    [
        (Fault(401, b"Must provide an API key", "text/plain"), "(HTTP 401)", "QDRANT_API_KEY"),
        (Fault(403, STATUS), "refuses the key (HTTP 403)", "QDRANT_API_KEY"),
        (Fault(404, STATUS), "HTTP 404 Not Found", "server's log"),
        (Fault(429, STATUS), "HTTP 429", "server's log"),
        (Fault(429, STATUS, headers={"Retry-After": "3"}), "HTTP 429", "Wait a moment"),
        (Fault(429, STATUS, headers={"Retry-After": "soon"}), "HTTP 429", "Wait a moment"),
        (Fault(500, STATUS), "answered HTTP 500 Internal Server Error.", "server's log"),
        (Fault(502, HTML, "text/html"), "answered HTTP 502 Bad Gateway.", "server's log"),
        (Fault(302, b"", headers={"Location": "/login"}), "answered HTTP 302 Found.", "log"),
        (Fault(200, HTML, "text/html"), "answered nonsense: Expecting value", "server's log"),
        (Fault(200, b'{"result": {"points": [{'), "answered nonsense: Expecting", "server's log"),
        (Fault(200, b""), "answered nonsense", "server's log"),
        (Fault(200, b"\xff\xfe"), "answered nonsense", "server's log"),
        (Fault(200, b"[]"), "answered nonsense.", "server's log"),
        (Fault(200, b"{}"), "answered nonsense", "server's log"),
        (Fault(200, b'{"result": null}'), "answered nonsense", "server's log"),
        (Fault(200, f'{{"result": "{KEY}"}}'.encode()), "answered nonsense.", "server's log"),
        (
            Fault(200, b'{"result": {"points": [{"id": "abc", "version": 0, "score": 1}]}}'),
            "answered nonsense",
            "server's log",
        ),
        (
            Fault(200, b'{"result": {"points": [{"id": 4, "version": 0, "score": 1.0}]}}'),
            "documents that tiny does not have",
            "index the corpus again",
        ),
        (
            Fault(200, b'{"result": {"points": [{"id": -1, "version": 0, "score": 1.0}]}}'),
            "documents that tiny does not have",
            "index the corpus again",
        ),
        (
            Fault(200, b'{"result": {"points": [{"id": 0, "version": 0, "score": 1e999}]}}'),
            "answered nonsense: a score is not a finite number",
            "server's log",
        ),
        (
            Fault(200, b'{"result": {"points": [{"id": 1' + b"0" * 5000 + b"}]}}"),
            "answered nonsense",
            "server's log",
        ),
    ],
    ids=lambda value: f"{value.status} {value.body[:24]!r}" if isinstance(value, Fault) else "",
)
def test_a_bad_answer_is_a_plain_error(
    indexed: tuple[QdrantServer, VectorStore], fault: Fault, reason: str, remedy: str
) -> None:
    server, far = indexed
    server.fault = fault
    with pytest.raises(StoreError) as caught:
        search_dense(far, TINY, SCHEMA, unit(1, 0, 0), 3)
    server.fault = None
    error = caught.value
    assert reason in error.reason
    assert remedy in error.remedy
    assert server.url in error.reason
    assert KEY not in str(error)
    assert "\n" not in str(error)
    assert positions(search_dense(far, TINY, SCHEMA, unit(1, 0, 0), 3)) == [0, 1, 2]


def test_a_slow_server_is_given_up(server: QdrantServer) -> None:
    server.fault = Fault(silent=True)
    error = error_of(remote(server.url, timeout_s=1))
    assert error.reason == f"Qdrant at {server.url} did not answer within 1 s."
    assert "timeout_s" in error.remedy


def test_a_server_that_is_not_there() -> None:
    with QdrantServer() as gone:
        url = gone.url
    error = error_of(remote(url))
    assert error.reason == f"Qdrant at {url} cannot be reached: ConnectError."
    assert "Start the server" in error.remedy


@pytest.mark.parametrize(
    "url", ["ftp://x", "not a url", "http://127.0.0.1:99999", "http://me:password@127.0.0.1:99999"]
)
def test_an_address_that_is_none(url: str) -> None:
    error = error_of(remote(url))
    assert error.reason == "QDRANT_URL is not a web address."
    assert error.remedy == "Write it like http://127.0.0.1:6333."


def test_a_password_in_the_address_is_not_shown() -> None:
    with QdrantServer() as gone:
        far = remote(gone.url.replace("//", "//me:password@"))
    assert far.where == f"Qdrant at {gone.url}"
    assert "password" not in str(error_of(far))


def test_the_key_is_not_shown_with_the_settings() -> None:
    assert KEY not in repr(Settings(QdrantSettings("http://127.0.0.1", KEY)))


@pytest.mark.parametrize("only", ["/index", "/points", "/points/count", "POST /collections/alias"])
def test_a_build_that_a_server_breaks_off_leaves_the_old_one(
    server: QdrantServer, only: str
) -> None:
    far = remote(server.url)
    far.build(TINY, SCHEMA, points_of(TINY))
    before = server.collections()
    server.fault = Fault(500, STATUS, only=only)
    with pytest.raises(StoreError, match="HTTP 500"):
        far.build(TINY, SCHEMA, points_of(TINY, VECTORS[::-1].copy()))
    server.fault = None
    assert server.collections() == before
    assert positions(search_dense(far, TINY, SCHEMA, unit(1, 0, 0), 1)) == [0]


def test_a_build_without_a_server_tells_the_first_error(server: QdrantServer) -> None:
    far = remote(server.url)
    server.fault = Fault(403, STATUS)
    with pytest.raises(StoreError, match="refuses the key"):
        far.build(TINY, SCHEMA, points_of(TINY))


def test_points_lost_on_the_way_are_noticed(server: QdrantServer) -> None:
    far = remote(server.url)
    server.fault = Fault(200, b'{"result": {"count": 3}}', only="/points/count")
    with pytest.raises(StoreError, match="Qdrant holds 3 of 4 points after indexing"):
        far.build(TINY, SCHEMA, points_of(TINY))
    server.fault = None
    assert server.collections() == []


# ---------------------------------------------------------------- the app's side of it


def test_a_job_ends_with_the_store_error_and_the_lab_goes_on(
    server: QdrantServer, exceptions: Corpus, tmp_path: Path
) -> None:
    far = Lab(Settings(QdrantSettings(server.url, KEY, timeout_s=2), cache_dir=tmp_path))
    request = asked("raise from", "bm25", ("bm25",), 5)

    def run() -> ComparisonJob:
        job = ComparisonJob(far, exceptions, request).start()
        job.join(30)
        assert job.finished
        return job

    server.fault = Fault(503, HTML, "text/html")
    failed = run()
    assert isinstance(failed.error, StoreError)
    assert "HTTP 503" in failed.error.reason
    assert failed.comparison is None
    server.fault = Fault(silent=True, only="/points/query")
    slow = run()
    assert slow.error is not None
    assert "did not answer within 2 s" in slow.error.reason
    server.fault = None
    healed = run()
    assert healed.error is None
    assert healed.first_stage is not None
    assert healed.first_stage.hits[0].document.id == "raise-from"
    assert results(healed)["bm25"].system == "bm25"
