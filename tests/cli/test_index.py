"""`rerank-lab index` on a Qdrant server: what it says of the collections that are there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.domain import Corpus
from tests.support.command_line import Ended, Run, complained
from tests.support.servers.qdrant_cluster import Cluster
from tests.support.servers.qdrant_server import QdrantServer

OLD = "rerank-lab-0123456789abcdef-bge-small-1"
COMMAND = ("index", "--corpus", "exceptions", "--first-stage", "bm25", "--no-tokens")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[QdrantServer]:
    """A server with a collection of version 0.1.0, in a cluster of which a peer is down."""
    cluster = Cluster(2)
    cluster.create(f"{OLD}-v20250101000000-0a1b2c", {"vectors": {}})
    cluster.change_aliases(
        [{"create_alias": {"alias_name": OLD, "collection_name": f"{OLD}-v20250101000000-0a1b2c"}}]
    )
    with QdrantServer(cluster) as running:
        monkeypatch.setenv("QDRANT_URL", running.url)
        yield running


def test_old_collections_and_notes_are_told(
    run: Run, server: QdrantServer, exceptions: Corpus
) -> None:
    server.cluster.down = {1}
    ended = run(*COMMAND, "--json")
    assert ended.code == 0
    value, down = ended.json, ["a peer is down: http://node-1:6335/"]
    new = f"rerank-lab-{exceptions.fingerprint[:16]}-bm25-r3"
    assert value["store"] == f"Qdrant at {server.url}"
    assert value["collections"] == {OLD: 0, new: 9}
    assert value["notes"] == {OLD: down, new: down}
    assert (value["outdated"], value["removed"]) == ([OLD], [])
    plain = run(*COMMAND)
    assert plain.out == f"exceptions: 9 documents in Qdrant at {server.url}\n"
    assert f"{new}: a peer is down: http://node-1:6335/\n" in plain.err
    assert f"{OLD}: of an earlier version; --remove-outdated removes it\n" in plain.err


def test_old_collections_are_removed_on_request(run: Run, server: QdrantServer) -> None:
    value = run(*COMMAND, "--remove-outdated", "--json").json
    assert (value["outdated"], value["removed"], value["notes"]) == ([], [OLD], {})
    assert len(server.collections()) == 1
    again = run(*COMMAND, "--remove-outdated")
    assert again == Ended(0, f"exceptions: 9 documents in Qdrant at {server.url}\n", again.err)
    assert "removed" not in again.err


def test_all_addresses_are_named_when_none_answers(
    run: Run, server: QdrantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stop()
    monkeypatch.setenv("QDRANT_URL", f"http://me:secret@127.0.0.1:9 {server.url}")
    ended = run(*COMMAND, "--json")
    where = f"Qdrant at http://127.0.0.1:9 and {server.url}"
    complained(ended, 1, f"{where} cannot be reached: ConnectError. Start the server")
    assert "secret" not in ended.err
