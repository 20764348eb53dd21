"""The graph of a large collection: built apart, measured, and used only where it misses little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.config import QdrantSettings, Settings
from components.domain import Cancelled, Corpus, Document, StoreError, no_progress
from components.lab import Lab, catalog
from components.retrieval.engine import graph, recall
from components.retrieval.engine.edge import EdgeEngine
from components.retrieval.engine.server import ServerEngine
from tests.support.made_shards import (
    ALIAS,
    CORPUS,
    NEW,
    OLD,
    SCHEMA,
    N,
    build,
    by_numpy,
    nearest,
    shards,
)
from tests.support.servers.qdrant_server import QdrantServer

LIMIT = N - 1
QUERIES = NEW.dense[:20]


@pytest.fixture
def engine(tmp_path: Path) -> EdgeEngine:
    built = EdgeEngine(tmp_path, LIMIT)
    build(built)
    return built


def test_only_a_large_collection_wants_one(engine: EdgeEngine, tmp_path: Path) -> None:
    assert engine.wants_graph(ALIAS)
    assert not engine.wants_graph("rerank-lab-other")
    assert not EdgeEngine(tmp_path, N).wants_graph(ALIAS)
    assert engine.status()[0].search == "exact"


def test_it_is_built_beside_measured_and_used(engine: EdgeEngine, tmp_path: Path) -> None:
    steps = []
    engine.build_graph(ALIAS, QUERIES, lambda: steps.append(nearest(engine)))
    assert steps, "searches go on meanwhile"
    assert all(step == by_numpy(OLD) for step in steps)
    assert not engine.wants_graph(ALIAS)
    again = EdgeEngine(tmp_path, LIMIT)
    status = again.status()[0]
    assert status.search.startswith("HNSW, recall@100 ")
    assert status.search.endswith(" against exact search on 20 queries")
    assert 0.99 <= float(status.search.split()[2]) <= 1
    assert nearest(again) == by_numpy(OLD)
    assert len(shards(tmp_path)) == 1
    build(again)  # what is built anew is exact, until it has a graph again
    assert again.wants_graph(ALIAS)


@pytest.mark.parametrize("fault", [Cancelled(), StoreError("Full.")])
def test_a_build_that_is_stopped_leaves_exact_search(
    engine: EdgeEngine, tmp_path: Path, fault: Exception
) -> None:
    def fail() -> None:
        raise fault

    with pytest.raises(type(fault)):
        engine.build_graph(ALIAS, QUERIES, fail)
    assert nearest(engine) == by_numpy(OLD)
    assert engine.wants_graph(ALIAS)
    assert len(shards(tmp_path)) == 1


def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"edge_config\.json"):
        graph.build_apart(tmp_path, lambda: None)


def test_the_smallest_effort_that_finds_enough_is_taken() -> None:
    exact = [set(range(100)), set(range(50))]
    missing = {64: 3, 128: 1, 256: 0, 512: 0}
    asked = []

    def ask(ef: int) -> list[set[int]]:
        asked.append(ef)
        return [set(range(missing[ef], 100)), set(range(50))]

    assert recall.measured(exact, ask) == recall.Graph(ef=128, recall=0.995, queries=2)
    assert asked == [64, 128]
    poor = recall.measured(exact, lambda ef: [set(range(10, 100)), set(range(50))])
    assert poor == recall.Graph(ef=0, recall=0.95, queries=2)
    assert str(poor) == (
        "exact; HNSW reached only recall@100 0.9500 against exact search on 2 queries"
    )


@pytest.mark.models
def test_a_lab_builds_it_in_the_background(tmp_path: Path) -> None:
    words = "anchor beacon cliff dock ebb flood gale harbour inlet jetty".split()
    documents = tuple(
        Document(f"d{i}", "", f"{words[i % 10]} {words[i // 10]} by the sea") for i in range(60)
    )
    corpus = Corpus("coast", documents, fingerprint="c" * 64)
    lab = Lab(Settings(QdrantSettings(exact_limit=59), cache_dir=tmp_path))
    lab.index(corpus, "bge-small")
    stage = catalog.first_stage("bge-small", lab.settings)
    vector = lab.encoder(stage.encoder)[0].encode_query("cliff dock")
    before = lab.candidates(corpus, stage, "cliff dock", {stage.key: vector}, 5)
    [task] = lab._graphs.values()
    task.join(120)
    assert task.error is None
    [status] = lab.store.status()
    assert status.search.endswith("on 60 queries")
    assert lab.candidates(corpus, stage, "cliff dock", {stage.key: vector}, 5) == before
    lab.index(corpus, "bge-small")
    assert list(lab._graphs.values()) == [task]


# ---------------------------------------------------------------- a server's graph


@pytest.fixture
def far() -> Iterator[tuple[QdrantServer, ServerEngine]]:
    """A server that holds the made-up collection, too large for exact search."""
    with QdrantServer() as server:
        engine = ServerEngine(QdrantSettings(server.url, exact_limit=LIMIT))
        engine.build(ALIAS, CORPUS, SCHEMA, OLD, no_progress)
        assert engine.points(ALIAS) == N
        yield server, engine


def asked_params(server: QdrantServer) -> list[dict[str, object]]:
    [*_, last] = server.calls("POST", "/points/query/batch")
    return [search.get("params") for search in last.body["searches"]]


def test_a_server_s_graph_is_measured_once_it_is_whole(
    far: tuple[QdrantServer, ServerEngine],
) -> None:
    server, engine = far
    assert engine.wants_graph(ALIAS)
    nearest(engine)
    assert asked_params(server) == [{"exact": True}, None]
    [collection] = server.cluster.collections.values()
    waits = []

    def wait() -> None:
        waits.append(collection.in_graph)
        if len(waits) == 2:
            collection.in_graph = N

    engine.build_graph(ALIAS, QUERIES, wait)
    assert waits == [0, 0]
    assert not engine.wants_graph(ALIAS)
    assert nearest(engine) == by_numpy(OLD)
    assert asked_params(server) == [{"hnsw_ef": 256}, None]
    [status] = engine.status()
    assert status.search == "HNSW, recall@100 1.0000 against exact search on 20 queries"
    engine.build(ALIAS, CORPUS, SCHEMA, NEW, no_progress)
    assert engine.status()[0].search == "exact"
    assert engine.wants_graph(ALIAS)


def test_waiting_for_a_server_s_graph_can_be_stopped(
    far: tuple[QdrantServer, ServerEngine],
) -> None:
    server, engine = far

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        engine.build_graph(ALIAS, QUERIES, stop)
    assert engine.wants_graph(ALIAS)
    nearest(engine)
    assert asked_params(server)[0] == {"exact": True}
