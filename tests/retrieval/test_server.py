"""Qdrant on a server or a cluster: what is asked of it, and what becomes of its bad answers."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from components.config import QdrantSettings, Settings
from components.domain import Corpus, Document, StoreError
from components.lab import Lab
from components.pipeline.job import ComparisonJob
from components.retrieval.engine import alias_of, leftovers
from components.retrieval.engine.server import ServerEngine
from components.retrieval.schema import Candidates, CollectionSchema, CorpusVectors
from components.retrieval.store import VectorStore
from tests.support.asking import asked, results
from tests.support.engines import (
    KEY,
    LONG,
    SCHEMA,
    TEXTS,
    TINY,
    VECTORS,
    by_vector,
    by_words,
    corpus_of,
    points_of,
    positions,
    remote,
    spread,
    unit,
)
from tests.support.servers.qdrant_cluster import Cluster
from tests.support.servers.qdrant_server import MOST_BYTES, Fault, QdrantServer, Recorded

ALIAS = alias_of(TINY, SCHEMA)


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    with QdrantServer() as running:
        yield running


@pytest.fixture(scope="module")
def indexed() -> Iterator[tuple[QdrantServer, VectorStore]]:
    """One server for many tests, with the tiny corpus on it, and a store that asks it."""
    with QdrantServer() as running:
        far = remote(running.url)
        build(far)
        yield running, far


def build(far: VectorStore, rows: np.ndarray = VECTORS) -> None:
    far.build(TINY, SCHEMA, points_of(TINY, rows))


def search(far: VectorStore, limit: int = 3) -> Candidates:
    return far.search(TINY, SCHEMA, by_vector(unit(1, 0, 0)), limit, points_of(TINY))


def error_of(far: VectorStore) -> StoreError:
    with pytest.raises(StoreError) as caught:
        search(far)
    assert caught.value.__cause__ is not None
    return caught.value


def refusal(words: str) -> bytes:
    return json.dumps({"status": {"error": words}, "time": 0}).encode()


# ---------------------------------------------------------------- what is asked


def test_a_server_is_asked_as_configured(server: QdrantServer) -> None:
    far = remote(server.url, shards=6, replicas=2)
    build(far)
    [created, index, upsert] = [r for r in server.requests if r.method == "PUT"]
    assert created.body == {
        "vectors": {"dense": {"size": 3, "distance": "Dot"}},  # of unit vectors: the cosine
        "sparse_vectors": {"bm25": {}},  # no IDF, which each shard would compute by itself
        "shard_number": 6,
        "replication_factor": 2,
    }
    assert (index.path, index.body) == (
        f"{created.path}/index",
        {"field_name": "doc_id", "field_schema": "keyword"},
    )
    assert upsert.query == "wait=true"
    assert [p["payload"] for p in upsert.body["points"]] == [
        {"doc_id": f"d{i}", "title": "", "text": text} for i, text in enumerate(TEXTS)
    ]
    assert {r.headers["api-key"] for r in server.requests} == {KEY}
    assert far.has(TINY, SCHEMA)


def test_both_queries_of_a_hybrid_go_in_one_request(server: QdrantServer) -> None:
    far = remote(server.url)
    build(far)
    before = len(server.requests)
    queries = (*by_vector(unit(1, 0, 0)), *by_words(TINY, "blue fox"))
    far.search(TINY, SCHEMA, queries, 3, points_of(TINY), fused=True)
    [request] = server.requests[before:]
    [dense, sparse] = request.body["searches"]
    assert request.path.endswith("/points/query/batch")
    assert (dense["using"], dense["limit"], dense["params"]) == ("dense", 4, {"exact": True})
    assert (sparse["using"], sparse["limit"]) == ("bm25", 4)
    assert "params" not in sparse  # it is exact, and strict mode may refuse to be asked


def test_a_rebuild_switches_the_alias_in_one_request(server: QdrantServer) -> None:
    far = remote(server.url)
    build(far)
    [first] = server.collections()
    build(far, VECTORS[::-1].copy())
    [second] = server.collections()
    assert first != second
    switch = server.calls("POST", "/collections/aliases")[-1]
    assert switch.body["actions"] == [
        {"delete_alias": {"alias_name": ALIAS}},
        {"create_alias": {"alias_name": ALIAS, "collection_name": second}},
    ]
    assert server.cluster.aliases == {ALIAS: second}


def test_what_a_cluster_does_slowly_has_a_timeout_of_its_own(server: QdrantServer) -> None:
    far = remote(server.url, timeout_s=1)
    slow = (r"PUT .*-v\d{14}-\w{6}", r"PUT .*/index", r"POST /collections/aliases")

    def wait(request: Recorded) -> None:
        if re.fullmatch(slow[0], f"{request.method} {request.path}"):
            time.sleep(1.3)

    server.before = wait
    build(far)
    server.before = None
    assert positions(search(far)) == [0, 1, 2]
    for pattern in slow:
        [request] = [r for r in server.requests if re.fullmatch(pattern, f"{r.method} {r.path}")]
        assert "timeout=60" in request.query
    patient = remote(server.url, timeout_s=90)
    build(patient)
    assert "timeout=90" in server.calls("POST", "/collections/aliases")[-1].query


# ---------------------------------------------------------------- bytes


def test_requests_are_cut_by_bytes(server: QdrantServer) -> None:
    texts = ["x" * 3_000_000] * 5 + ["\u00e9" * 5_000_000, "short", "shorter"]
    corpus = Corpus(
        "long texts",
        tuple(Document(f"d{i}", "", text) for i, text in enumerate(texts)),
        fingerprint="f" * 64,
    )
    vectors = CorpusVectors(spread(len(texts), 1), None)
    schema = CollectionSchema("bytes", dense=3)
    remote(server.url, timeout_s=60).build(corpus, schema, vectors)
    upserts = server.calls("PUT", "/points")
    assert [[p["id"] for p in r.body["points"]] for r in upserts] == [
        [0, 1],
        [2, 3],
        [4],
        [5],
        [6, 7],
    ]
    assert max(r.bytes for r in upserts if len(r.body["points"]) > 1) < 8_100_000


def test_a_document_that_no_server_takes_is_refused_in_its_words(server: QdrantServer) -> None:
    corpus = corpus_of(("x" * MOST_BYTES,), "huge")
    far = remote(server.url, timeout_s=60)
    with pytest.raises(
        StoreError, match=r"HTTP 400 Bad Request: Payload error: JSON payload \(\d+"
    ):
        far.build(corpus, CollectionSchema("b", dense=3), CorpusVectors(VECTORS[:1], None))
    assert server.collections() == []


# ---------------------------------------------------------------- bad answers

HTML = f"<html><body>Sign in, {KEY}</body></html>".encode()
STATUS = refusal(f"no: {KEY}")


def batch(points: str) -> bytes:
    return f'{{"result": [{{"points": [{points}]}}]}}'.encode()


@pytest.mark.parametrize(
    ("fault", "reason", "remedy"),
    [
        (
            Fault(401, b"Must provide an API key", "text/plain"),
            "refuses the key (HTTP 401): Must provide an API key.",
            "QDRANT_API_KEY",
        ),
        (Fault(403, STATUS), "refuses the key (HTTP 403): no: [key].", "QDRANT_API_KEY"),
        (Fault(404, STATUS), "HTTP 404 Not Found: no: [key].", "server's log"),
        (Fault(429, STATUS), "HTTP 429 Too Many Requests: no: [key].", "server's log"),
        (Fault(429, STATUS, headers={"Retry-After": "3"}), "HTTP 429): ", "Wait a moment"),
        (Fault(429, STATUS, headers={"Retry-After": "soon"}), "HTTP 429", "Wait a moment"),
        (Fault(500, STATUS), "HTTP 500 Internal Server Error: no: [key].", "server's log"),
        (
            Fault(500, refusal("Service internal error: \n\x1b[31m2 of 3 down.\x00\u202e ")),
            "Internal Server Error: Service internal error: [31m2 of 3 down.",
            "log",
        ),
        (Fault(500, refusal("w" * 300)), f"Error: {'w' * 199}….", "log"),
        (Fault(500, refusal(f"{'w' * 197}{KEY}")), f"Error: {'w' * 197}[k….", "log"),
        (Fault(500, refusal(f"{KEY[:9]}\n{KEY[9:]}")), "Error: [key].", "log"),
        (Fault(500, b"out of disk", "text/plain"), "Server Error: out of disk.", "log"),
        (Fault(500, b'{"status": {"error": ["odd"]}}'), "Internal Server Error.", "log"),
        (Fault(500, b'{"message": "odd"}'), "Internal Server Error.", "log"),
        (Fault(500, b"[" * 50_000), "Internal Server Error.", "log"),
        (Fault(502, HTML, "text/html"), "answered HTTP 502 Bad Gateway.", "server's log"),
        (Fault(302, b"", headers={"Location": "/login"}), "answered HTTP 302 Found.", "log"),
        (Fault(200, HTML, "text/html"), "answered nonsense: Expecting value", "server's log"),
        (Fault(200, b'{"result": {"points": [{'), "answered nonsense: Expecting", "server's log"),
        (Fault(200, b""), "answered nonsense", "server's log"),
        (Fault(200, b"\xff\xfe"), "answered nonsense", "server's log"),
        (Fault(200, b"[]"), "answered nonsense.", "server's log"),
        (Fault(200, b"{}"), "answered nonsense", "server's log"),
        (Fault(200, b'{"result": null}'), "answered nonsense", "server's log"),
        (Fault(200, b'{"result": []}'), "answered nonsense: 0 answers to 1 query.", "log"),
        (Fault(200, f'{{"result": "{KEY}"}}'.encode()), "answered nonsense.", "server's log"),
        (
            Fault(200, batch('{"id": "abc", "version": 0, "score": 1}')),
            "answered nonsense",
            "server's log",
        ),
        (
            Fault(200, batch('{"id": 4, "version": 0, "score": 1.0}')),
            "documents that tiny does not have",
            "index the corpus again",
        ),
        (
            Fault(200, batch('{"id": -1, "version": 0, "score": 1.0}')),
            "documents that tiny does not have",
            "index the corpus again",
        ),
        (
            Fault(200, batch('{"id": 0, "version": 0, "score": 1e999}')),
            "answered nonsense: a score is not a finite number",
            "server's log",
        ),
        (
            Fault(200, batch('{"id": 1' + "0" * 5000 + "}")),
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
        search(far)
    server.fault = None
    error = caught.value
    assert reason in error.reason
    assert remedy in error.remedy
    assert server.url in error.reason
    assert KEY not in str(error)
    assert str(error).isprintable()
    assert positions(search(far)) == [0, 1, 2]


def test_a_slow_server_is_given_up(server: QdrantServer) -> None:
    server.fault = Fault(silent=True)
    error = error_of(remote(server.url, timeout_s=1))
    assert error.reason == f"Qdrant at {server.url} did not answer within 1 s."
    assert "timeout_s" in error.remedy


def test_a_server_that_is_not_there(server: QdrantServer) -> None:
    server.stop()
    error = error_of(remote(server.url))
    assert error.reason == f"Qdrant at {server.url} cannot be reached: ConnectError."
    assert "Start the server" in error.remedy


# ---------------------------------------------------------------- addresses and keys


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "not a url",
        "http://127.0.0.1:99999",
        "http://me:password@127.0.0.1:99999",
        "http://127.0.0.1:6333, 127.0.0.1:6334",
        "http://127.0.0.1:6333 http://[password",
        ",",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    error = error_of(remote(url))
    assert error.reason == "QDRANT_URL is not a web address."
    assert error.remedy == "Write it like http://127.0.0.1:6333; several with commas between them."


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://me:pass@one:6333", "http://one:6333"),
        ("http://me:p%40ss@one:6333/prefix", "http://one:6333/prefix"),
        ("http://me:pa/s?s#,word@one", "http://one"),
        ("http://one?api-key=pass", "http://one"),
        ("http://one:1,http://b:pass@two:2", "http://one:1 and http://two:2"),
        (
            " http://one:1,\n https://two:2 , http://three ",
            "http://one:1, https://two:2 and http://three",
        ),
    ],
)
def test_where_it_is_tells_no_password(url: str, where: str) -> None:
    assert remote(url).where == f"Qdrant at {where}"


def test_a_password_and_a_key_are_in_no_error(server: QdrantServer) -> None:
    far = remote(server.url.replace("//", "//me:p%40ssword@"))
    server.fault = Fault(500, refusal(f"p@ssword p%40ssword {KEY}"))
    assert "Server Error: [key] [key] [key]." in error_of(far).reason
    server.stop()
    assert "ssword" not in str(error_of(far))


def test_the_key_is_not_shown_with_the_settings() -> None:
    assert KEY not in repr(Settings(QdrantSettings("http://127.0.0.1", KEY)))


@pytest.mark.parametrize(
    ("url", "key", "is_told"),
    [
        ("http://0.0.0.0:1", KEY, True),
        ("http://0.0.0.0:1", "", False),
        ("https://0.0.0.0:1", KEY, False),
        ("http://localhost:1 http://[::1]:1", KEY, False),
    ],
)
def test_a_key_that_anybody_can_read_is_told(
    url: str, key: str, is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    error_of(remote(url, key=key))
    warned = ["QDRANT_API_KEY goes to http://0.0.0.0:1 without encryption"]
    assert [r.message for r in caplog.records] == (warned if is_told else [])


@pytest.fixture
def three() -> Iterator[list[QdrantServer]]:
    """Three nodes of one cluster."""
    cluster = Cluster(3)
    with (
        QdrantServer(cluster, 0) as a,
        QdrantServer(cluster, 1) as b,
        QdrantServer(cluster, 2) as c,
    ):
        yield [a, b, c]


def test_the_next_node_is_asked_when_one_is_gone(three: list[QdrantServer]) -> None:
    a, b, c = three
    far = remote(", ".join(node.url for node in three), shards=3, replicas=2)
    assert far.where == f"Qdrant at {a.url}, {b.url} and {c.url}"
    build(far)
    assert (len(b.requests), len(c.requests)) == (0, 0)
    a.stop()
    assert positions(search(far)) == [0, 1, 2]
    before = len(b.requests)
    assert before > 0
    a.start()
    asked_of_a = len(a.requests)
    search(far)
    assert (len(b.requests) - before, len(a.requests) - asked_of_a) == (1, 0)  # it is remembered
    b.stop()
    a.stop()
    assert positions(search(far)) == [0, 1, 2]
    c.stop()
    error = error_of(far)
    assert re.fullmatch(
        r"Qdrant at \S+, \S+ and \S+ cannot be reached: ConnectError\.", error.reason
    )
    assert all(node.url in error.reason for node in three)
    b.start()
    assert positions(search(far)) == [0, 1, 2]


def test_an_error_names_who_answered_and_who_is_gone(three: list[QdrantServer]) -> None:
    a, b, _ = three
    far = remote(f"{a.url} {b.url}")
    build(far)
    a.stop()
    b.fault = Fault(500, refusal("No leader"))
    assert error_of(far).reason == (
        f"Qdrant at {b.url} ({a.url} cannot be reached) answered HTTP 500 Internal Server Error: "
        "No leader."
    )


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_without_its_node_is_passed_over(three: list[QdrantServer], status: int) -> None:
    a, b, _ = three
    far = remote(f"{a.url},{b.url}")
    a.fault = Fault(status, HTML, "text/html")
    build(far)
    assert positions(search(far)) == [0, 1, 2]
    b.fault = a.fault
    assert f"Qdrant at {a.url} ({b.url} cannot be reached) answered HTTP {status}" in str(
        error_of(far)
    )


def test_who_does_not_answer_is_not_asked_first_again(three: list[QdrantServer]) -> None:
    a, b, _ = three
    far = remote(f"{a.url},{b.url}", timeout_s=1)
    build(far)
    a.fault = Fault(silent=True)
    assert "did not answer within 1 s" in error_of(far).reason
    assert positions(search(far)) == [0, 1, 2]


def test_a_node_that_goes_in_the_middle_of_a_build_is_replaced(three: list[QdrantServer]) -> None:
    a, b, _ = three
    far = remote(f"{a.url},{b.url}")

    def look(done: int, total: int) -> None:
        if 0 < done < total:
            a.stop()

    far.build(LONG, SCHEMA, points_of(LONG, spread(600, 1)), look)
    assert far.has(LONG, SCHEMA)
    assert b.calls("PUT", "/points")


def test_a_key_that_only_reads_is_enough_to_search() -> None:
    with QdrantServer(Cluster(keys={KEY: "rw", "reader": "r"})) as server:
        build(remote(server.url))
        lab = remote(server.url, key="reader")
        before = len(server.requests)
        assert lab.has(TINY, SCHEMA)
        assert positions(search(lab)) == [0, 1, 2]
        far = CorpusVectors(None, None)
        assert len(lab.search(TINY, SCHEMA, by_vector(unit(1, 0, 0)), 3, far).best) == 3
        assert lab.status()[0].points == 4
        assert all(request.reads for request in server.requests[before:])
        with pytest.raises(StoreError, match=r"refuses the key \(HTTP 403\): Forbidden: Global"):
            build(lab)
        with pytest.raises(StoreError, match=r"refuses the key \(HTTP 401\): Must provide an API"):
            build(remote(server.url, key="stranger"))


# ---------------------------------------------------------------- builds that go wrong


@pytest.mark.parametrize("only", ["/index", "PUT /collections", "/points", "/points/count"])
def test_a_build_that_a_server_breaks_off_leaves_the_old_one(
    server: QdrantServer, only: str
) -> None:
    far = remote(server.url)
    build(far)
    before = server.collections()
    server.fault = Fault(500, STATUS, only=only)
    with pytest.raises(StoreError, match="HTTP 500"):
        build(far, VECTORS[::-1].copy())
    server.fault = None
    assert server.collections() == before
    assert positions(search(far, 1)) == [0]


def test_an_alias_that_may_still_be_moved_keeps_its_collection(server: QdrantServer) -> None:
    far = remote(server.url)
    build(far)
    [old] = server.collections()
    server.fault = Fault(403, STATUS, only="POST /collections/aliases")
    with pytest.raises(StoreError, match="HTTP 403"):
        build(far)
    assert server.collections() == [old]  # refused: nothing will come of it
    server.fault = Fault(500, STATUS, only="POST /collections/aliases")
    with pytest.raises(StoreError, match="HTTP 500"):
        build(far)
    server.fault = None
    [new] = set(server.collections()) - {old}
    actions = server.calls("POST", "/collections/aliases")[-1].body["actions"]
    assert positions(search(far, 1)) == [0]
    server.cluster.change_aliases(actions)  # the cluster does it after all
    assert server.cluster.aliases == {ALIAS: new}
    assert positions(search(far, 1)) == [0]


def test_an_old_collection_that_cannot_be_removed_is_left(server: QdrantServer) -> None:
    far = remote(server.url)
    build(far)
    [old] = server.collections()
    server.fault = Fault(500, STATUS, only="DELETE")
    build(far)
    server.fault = None
    [new] = set(server.collections()) - {old}
    assert server.cluster.aliases == {ALIAS: new}


def test_a_build_without_rights_tells_the_first_error(server: QdrantServer) -> None:
    server.fault = Fault(403, STATUS)
    with pytest.raises(StoreError, match="refuses the key"):
        build(remote(server.url))


def test_points_lost_on_the_way_are_noticed(server: QdrantServer) -> None:
    server.fault = Fault(200, b'{"result": {"count": 3}}', only="/points/count")
    with pytest.raises(StoreError, match="holds 3 of 4 points after indexing"):
        build(remote(server.url))
    server.fault = None
    assert server.collections() == []


def test_a_server_that_goes_away_in_the_middle_of_a_write(server: QdrantServer) -> None:
    far = remote(server.url)
    rows = spread(600, 1)
    far.build(LONG, SCHEMA, points_of(LONG, rows))
    old = far.search(LONG, SCHEMA, by_vector(unit(1, 2, 3)), 9, points_of(LONG, rows))

    def go(done: int, total: int) -> None:
        if done:
            server.stop()

    with pytest.raises(StoreError, match=r"cannot be reached: ConnectError\. Start the server"):
        far.build(LONG, SCHEMA, points_of(LONG, spread(600, 2)), go)
    server.start()
    assert len(server.collections()) == 2  # the half one is removed when its time has come
    assert far.search(LONG, SCHEMA, by_vector(unit(1, 2, 3)), 9, points_of(LONG, rows)) == old


def test_two_labs_that_build_the_same_at_once_do_not_disturb_each_other(
    server: QdrantServer,
) -> None:
    rows = spread(600, 1)
    barrier = threading.Barrier(2)

    def lab(number: int) -> VectorStore:
        far = remote(server.url)
        far.build(LONG, SCHEMA, points_of(LONG, rows), lambda done, total: together(done))
        return far

    def together(done: int) -> None:
        if done == 0:
            barrier.wait(30)

    with ThreadPoolExecutor(2) as pool:
        labs = list(pool.map(lab, range(2)))
    assert all(far.has(LONG, SCHEMA) for far in labs)
    assert len(labs[0].status()) == 1
    assert set(server.cluster.aliases.values()) <= set(server.collections())


def test_a_collection_of_another_dimension(server: QdrantServer) -> None:
    far = remote(server.url)
    other = CollectionSchema(SCHEMA.key, dense=5, sparse=True)
    far.build(TINY, other, points_of(TINY, spread(4, 1, 5)))
    error = error_of(far)
    assert "Wrong input: Vector dimension error: expected dim: 5, got 3." in error.reason
    assert (
        error.remedy == f"Remove {ALIAS} from the server; the next search indexes the corpus again."
    )


# ---------------------------------------------------------------- what builds leave behind

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
HALF = "rerank-lab-0123456789abcdef-bm25-r3-v20261126105500-0a1b2c"


@pytest.mark.parametrize(
    ("aliases", "is_left"),
    [
        ({}, True),
        ({"other": "another"}, True),
        ({"rerank-lab-0123456789abcdef-bm25-r3": HALF}, False),
        ({"whatever": HALF}, False),
        ({f"{HALF}-at-20261126105900": HALF}, True),
        ({f"{HALF}-at-20261126110500": HALF}, False),
    ],
)
def test_a_collection_is_abandoned_when_nobody_searches_or_builds_it(
    aliases: dict[str, str], is_left: bool
) -> None:
    assert leftovers.abandoned([HALF], aliases, NOW) == ((HALF,) if is_left else ())


@pytest.mark.parametrize(
    "name",
    [
        HALF.replace("105500", "110500"),  # within the hour
        HALF.replace("-r3-v20261126105500", "-v20261125130000"),  # of 0.1.0: within the day
        HALF.replace("rerank-lab-", "other-lab-"),
        HALF.replace("0123456789abcdef", "my-backup"),
        f"my-{HALF}",
        f"{HALF}-copy",
        HALF.replace("20261126", "20261326"),
        "rerank-lab-mine",
    ],
)
def test_what_is_young_or_of_others_is_never_abandoned(name: str) -> None:
    assert leftovers.abandoned([name], {}, NOW) == ()


def test_version_0_1_0_has_a_day() -> None:
    old = HALF.replace("-r3-v20261126", "-v20261125")
    assert leftovers.abandoned([old], {}, NOW) == (old,)


def test_a_build_removes_what_others_left(server: QdrantServer) -> None:
    schema, fresh = {"vectors": {}}, leftovers.new_name(ALIAS)
    left = HALF.replace("20261126", "20251126")
    for name in (left, fresh, "mine"):
        server.cluster.create(name, schema)
    build(remote(server.url))
    [built] = server.cluster.aliases.values()
    assert set(server.collections()) == {fresh, "mine", built}


def test_a_build_goes_on_where_leftovers_cannot_be_removed(server: QdrantServer) -> None:
    server.cluster.create(HALF.replace("20261126", "20251126"), {"vectors": {}})
    server.fault = Fault(500, STATUS, only="DELETE")
    build(remote(server.url))
    assert positions(search(remote(server.url))) == [0, 1, 2]


def test_a_long_build_gives_signs_of_life(server: QdrantServer) -> None:
    far = ServerEngine(QdrantSettings(server.url), sign_every_s=-1.0)
    signs: list[dict[str, str]] = []

    def look(done: int, total: int) -> None:
        signs.append(dict(server.cluster.aliases))
        assert far.status() == ()

    vectors = points_of(LONG, spread(600, 1))
    alias = alias_of(LONG, SCHEMA)
    far.build(alias, LONG, SCHEMA, vectors, look)
    [name] = server.collections()
    assert set(signs[1].values()) == {name}
    [sign] = signs[1]
    assert leftovers.is_sign(sign)
    later = datetime.now(UTC) + timedelta(minutes=59)
    assert leftovers.abandoned([name], signs[1], later) == ()
    assert server.cluster.aliases == {alias: name}


def test_collections_of_earlier_versions_are_left_until_they_are_dropped(
    server: QdrantServer,
) -> None:
    old = "rerank-lab-0123456789abcdef-bge-small-1"
    server.cluster.create(f"{old}-v20250101000000-0a1b2c", {"vectors": {}})
    server.cluster.change_aliases(
        [{"create_alias": {"alias_name": old, "collection_name": f"{old}-v20250101000000-0a1b2c"}}]
    )
    far = remote(server.url)
    build(far)
    assert {s.alias: s.outdated for s in far.status()} == {old: True, ALIAS: False}
    assert far.drop_outdated() == (old,)
    assert [s.alias for s in far.status()] == [ALIAS]
    assert len(server.collections()) == 1
    assert far.drop_outdated() == ()


# ---------------------------------------------------------------- strict mode


def test_strict_mode_s_limits_are_respected() -> None:
    strict = {"enabled": True, "upsert_max_batchsize": 32, "max_timeout": 30}
    with QdrantServer(Cluster(strict=strict)) as server:
        far = remote(server.url)
        far.build(LONG, SCHEMA, points_of(LONG, spread(600, 1)))
        sizes = [len(r.body["points"]) for r in server.calls("PUT", "/points")]
        assert sizes == [32] * 18 + [24]
        assert "timeout=30" in server.calls("PUT", "/index")[0].query


def test_a_limit_of_strict_mode_is_told_with_a_remedy() -> None:
    with QdrantServer(Cluster(strict={"enabled": True, "max_query_limit": 50})) as server:
        far = remote(server.url)
        build(far)
        assert positions(search(far, 100)) == [0, 1, 2, 3]  # no more than there are is asked for
        vectors = points_of(LONG, spread(600, 1))
        far.build(LONG, SCHEMA, vectors)
        assert len(far.search(LONG, SCHEMA, by_vector(unit(1, 0, 0)), 40, vectors).best) == 40
        with pytest.raises(StoreError) as caught:
            far.search(LONG, SCHEMA, by_vector(unit(1, 0, 0)), 100, vectors)
    assert 'Limit exceeded 110 > 50 for "limit". Help: Reduce the "limit"' in caught.value.reason
    assert "Raise max_query_limit in the strict mode" in caught.value.remedy
    assert "to at least 110" in caught.value.remedy


def test_exact_search_that_is_not_allowed_is_said() -> None:
    with QdrantServer(Cluster(strict={"enabled": True, "search_allow_exact": False})) as server:
        far = remote(server.url)
        build(far)
        assert "Bad request: Exact search disabled!" in error_of(far).reason
        words = far.search(TINY, SCHEMA, by_words(TINY, "blue"), 3, points_of(TINY))
        assert positions(words) == [1, 2]


# ---------------------------------------------------------------- what is to be noted


def notes(far: VectorStore) -> tuple[str, ...]:
    [status] = far.status()
    return status.notes


def test_a_sound_collection_has_no_notes(server: QdrantServer) -> None:
    far = remote(server.url)
    build(far)
    assert notes(far) == ()


def test_copies_that_are_missing_or_dead_are_noted(three: list[QdrantServer]) -> None:
    far = remote(three[1].url, shards=2, replicas=4)
    build(far)
    assert notes(far) == ("each shard has 3 copies instead of 4",)
    [collection] = three[0].cluster.collections.values()
    collection.replicas[2, 1] = "Dead"
    del collection.replicas[2, 0]
    assert notes(far) == ("a shard has 2 copies instead of 4", "1 copy in the state Dead")


def test_fewer_copies_than_are_now_configured_are_noted(three: list[QdrantServer]) -> None:
    build(remote(three[0].url))
    assert notes(remote(three[0].url, replicas=2)) == ("each shard has 1 copy instead of 2",)


@pytest.mark.parametrize("telemetry", [True, False])
def test_a_peer_that_is_down_is_noted(three: list[QdrantServer], telemetry: bool) -> None:
    far = remote(three[0].url)
    build(far)
    three[0].cluster.down = {2}
    if not telemetry:  # servers before 1.17 have none
        three[0].fault = Fault(404, refusal("Not found"), only="/cluster/telemetry")
    assert notes(far) == ("a peer is down: http://node-2:6335/",)


@pytest.mark.parametrize(
    ("status", "optimizer", "note"),
    [
        ("green", "ok", ()),
        ("yellow", "ok", ("the optimiser is at work; searches stay exact",)),
        ("grey", "ok", ("the optimiser waits for the next change",)),
        ("red", "ok", ("an operation failed and was not repaired",)),
        ("red", {"error": "disk\n full"}, ("the optimiser failed: disk full",)),
    ],
)
def test_what_the_optimiser_does_is_noted(
    server: QdrantServer, status: str, optimizer: object, note: tuple[str, ...]
) -> None:
    far = remote(server.url)
    build(far)
    [collection] = server.cluster.collections.values()
    collection.status, collection.optimizer = status, optimizer
    assert notes(far) == note


def test_a_server_that_does_not_tell_its_state_is_still_listed(server: QdrantServer) -> None:
    far = remote(server.url)
    build(far)
    server.fault = Fault(403, refusal("Forbidden"), only="/cluster")
    [status] = far.status()
    reason = f"Qdrant at {server.url} refuses the key (HTTP 403): Forbidden"
    assert (status.points, status.notes) == (4, (f"its state cannot be read: {reason}",) * 2)


# ---------------------------------------------------------------- the lab's side of it


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
    server.stop()
    gone = run()
    assert gone.error is not None
    assert "cannot be reached" in gone.error.reason
    server.start(Cluster())  # back, and empty
    healed = run()
    assert healed.error is None
    assert healed.first_stage is not None
    assert healed.first_stage.hits[0].document.id == "raise-from"
    assert results(healed)["bm25"].system == "bm25"
