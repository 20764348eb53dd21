"""What the nodes of a Qdrant cluster share: collections in numpy and dictionaries, and aliases.

It is a stand-in that agrees with no client: points lie in several shards, each of which adds in 32
bits and, with the IDF modifier, counts documents by itself; ties and near-ties come in a new order
at each answer; a search that is neither exact nor thorough misses points.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from tests.support.servers.qdrant_filters import keys_of, meets

Floats = npt.NDArray[np.float32]
NEAR = 1e-6
"""Scores that differ by less, relative to the larger of them and 1, are near-ties."""
MISSED = 0.05
"""The share of points that a search misses where it is not exact."""
THOROUGH = 256
"""The `hnsw_ef` from which on a search misses nothing."""


class RefusalError(Exception):
    """An HTTP status that is not 200, in the server's words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def not_there(name: str) -> RefusalError:
    return RefusalError(404, f"Not found: Collection `{name}` doesn't exist!")


def check_limit(value: int, limit: int | None, name: str) -> None:
    """Refuse what strict mode does not allow."""
    if limit is not None and value > limit:
        raise RefusalError(
            400,
            f'Bad request: Limit exceeded {value} > {limit} for "{name}". '
            f'Help: Reduce the "{name}" parameter to or below {limit}.',
        )


@dataclass
class Shard:
    """Some of a collection's points."""

    points: dict[int, dict[str, Any]] = field(default_factory=dict)
    _rows: dict[str, tuple[npt.NDArray[np.int64], Any]] = field(default_factory=dict)

    def put(self, point: dict[str, Any]) -> None:
        self.points[int(point["id"])] = point
        self._rows.clear()

    def _vectors(self, name: str, *, sparse: bool) -> tuple[npt.NDArray[np.int64], Any]:
        if name not in self._rows:
            points = {i: p["vector"][name] for i, p in self.points.items() if name in p["vector"]}
            ids = np.array(list(points), np.int64)
            self._rows[name] = ids, (_sparse if sparse else _dense)(points.values())
        return self._rows[name]

    def dense(self, name: str, query: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        ids, rows = self._vectors(name, sparse=False)
        return (ids, rows @ query) if len(ids) else (ids, np.empty(0, np.float32))

    def sparse(
        self, name: str, query: Mapping[str, Any], *, idf: bool
    ) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return the points that share a term with the query."""
        ids, rows = self._vectors(name, sparse=True)
        weights, asked = np.zeros(rows.shape[1], np.float32), np.zeros(rows.shape[1], np.float32)
        for term, weight in zip(query["indices"], query["values"], strict=True):
            if term < rows.shape[1]:
                weights[term], asked[term] = weight, 1
        if idf:
            n = (rows != 0).sum(axis=0)
            weights *= np.log(1 + (len(ids) - n + 0.5) / (n + 0.5)).astype(np.float32)
        shared = ((rows != 0).astype(np.float32) @ asked) > 0
        return ids[shared], (rows @ weights)[shared]


def _dense(vectors: Iterable[Any]) -> Floats:
    return np.array(list(vectors), np.float32)


def _sparse(vectors: Iterable[Any]) -> csr_array[np.float32]:
    rows = list(vectors)
    indptr = np.cumsum([0, *(len(row["indices"]) for row in rows)])
    indices = np.array([i for row in rows for i in row["indices"]], np.int64)
    values = np.array([v for row in rows for v in row["values"]], np.float32)
    width = int(indices.max(initial=0)) + 1
    return csr_array((values, indices, indptr), shape=(len(rows), width))


@dataclass
class Collection:
    """A collection as it was asked for, its points by shard, and what its information says."""

    asked: dict[str, Any]
    shards: list[Shard]
    strict: dict[str, Any] = field(default_factory=dict)
    status: str = "green"
    optimizer: Any = "ok"
    in_graph: int = 0
    replicas: dict[tuple[int, int], str] = field(default_factory=dict)
    """The state of the copy of a shard on a peer."""
    indexed: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(len(shard.points) for shard in self.shards)

    def limit(self, name: str) -> int | None:
        """Return a limit of strict mode."""
        limit: int | None = self.strict.get(name) if self.strict.get("enabled") else None
        return limit

    def upsert(self, points: list[dict[str, Any]]) -> None:
        check_limit(len(points), self.limit("upsert_max_batchsize"), "upsert limit")
        for point in points:
            for name, vector in point["vector"].items():
                self._check(name, vector)
        for point in points:
            self.shards[int(point["id"]) * 2654435761 % 2**32 % len(self.shards)].put(point)

    def _check(self, name: str, vector: Sequence[float] | Mapping[str, Any]) -> None:
        """Refuse a vector that does not fit."""
        if name in (self.asked.get("sparse_vectors") or {}):
            return
        if name not in (self.asked.get("vectors") or {}):
            raise RefusalError(400, f"Wrong input: Not existing vector name error: {name}")
        size = self.asked["vectors"][name]["size"]
        if len(vector) != size:
            raise RefusalError(
                400,
                f"Wrong input: Vector dimension error: expected dim: {size}, got {len(vector)}",
            )

    def query(self, asked: Mapping[str, Any], rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return the nearest points of all shards, near-ties in a random order."""
        limit, using, query = asked.get("limit", 10), asked["using"], asked["query"]
        check_limit(limit, self.limit("max_query_limit"), "limit")
        if isinstance(query, dict) and "nearest" in query:
            query = query["nearest"]
        self._check(using, query)
        exact = bool((asked.get("params") or {}).get("exact"))
        if exact and self.strict.get("enabled") and self.strict.get("search_allow_exact") is False:
            raise RefusalError(400, "Bad request: Exact search disabled!. Help: Set exact=false.")
        if isinstance(query, dict):
            modifier = self.asked["sparse_vectors"][using].get("modifier")
            parts = [s.sparse(using, query, idf=modifier == "idf") for s in self.shards]
        else:
            parts = [s.dense(using, np.array(query, np.float32)) for s in self.shards]
        ids = np.concatenate([ids for ids, _ in parts])
        scores = np.concatenate([scores for _, scores in parts])
        if asked.get("filter"):
            matching = self.matching(asked["filter"])
            kept = np.isin(ids, matching)
            ids, scores = ids[kept], scores[kept]
            if isinstance(query, dict):  # nothing forbids to fill up with what shares no term
                others = np.setdiff1d(matching, ids)
                ids = np.concatenate([ids, others])
                scores = np.concatenate([scores, np.zeros(len(others), np.float32)])
        thorough = (asked.get("params") or {}).get("hnsw_ef", 0) >= THOROUGH
        if not (exact or thorough or isinstance(query, dict)):
            reached = rng.random(len(ids)) >= MISSED
            ids, scores = ids[reached], scores[reached]
        noise = rng.uniform(-NEAR, NEAR, len(ids)) * np.maximum(1, np.abs(scores))
        scores = (scores + noise).astype(np.float32)
        order = np.lexsort((rng.random(len(ids)), -scores))[:limit]
        return [{"id": int(ids[i]), "version": 0, "score": float(scores[i])} for i in order]

    def matching(self, asked: Mapping[str, Any] | None) -> npt.NDArray[np.int64]:
        """Return the points that meet a filter; refuse one on a key without an index."""
        strict = self.strict.get("enabled") and not self.strict.get("unindexed_filtering_retrieve")
        for key in keys_of(asked or {}):
            if strict and key not in self.indexed:
                raise RefusalError(400, f"Bad request: Index required but not found for {key!r}")
        points = [item for shard in self.shards for item in shard.points.items()]
        return np.array([int(i) for i, p in points if not asked or meets(p, asked)], np.int64)

    def retrieve(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        names = asked.get("with_vector")
        points = {i: point for shard in self.shards for i, point in shard.points.items()}
        wanted = [points[i] for i in asked["ids"] if i in points]
        keep = names if isinstance(names, list) else None
        return [
            {
                "id": point["id"],
                "payload": point.get("payload") if asked.get("with_payload") else None,
                "vector": {n: v for n, v in point["vector"].items() if keep and n in keep},
            }
            for point in wanted
        ]


class Cluster:
    """Peers that share collections; `down` are those that do not answer the others.

    `keys` says which keys write ("rw") or only read ("r"); without keys nobody needs one.
    `strict` is the strict mode of new collections.
    """

    def __init__(
        self,
        peers: int = 1,
        keys: Mapping[str, str] | None = None,
        strict: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        self.peers = peers
        self.keys = dict(keys or {})
        self.strict = dict(strict or {})
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self.down: set[int] = set()
        self.lock = threading.RLock()
        self.rng = np.random.default_rng(seed)

    def find(self, name: str) -> Collection:
        collection = self.collections.get(self.aliases.get(name, name))
        if collection is None:
            raise not_there(name)
        return collection

    def create(self, name: str, asked: dict[str, Any]) -> bool:
        if name in self.collections:
            words = f"Wrong input: Collection `{name}` already exists!"
            raise RefusalError(409, words)
        shards = [Shard() for _ in range(asked.get("shard_number") or 1)]
        copies = min(asked.get("replication_factor") or 1, self.peers)
        placed = {
            ((s + copy) % self.peers, s): "Active"
            for s in range(len(shards))
            for copy in range(copies)
        }
        self.collections[name] = Collection(asked, shards, dict(self.strict), replicas=placed)
        return True

    def delete(self, name: str) -> bool:
        self.aliases = {a: c for a, c in self.aliases.items() if c != name}
        return self.collections.pop(name, None) is not None

    def change_aliases(self, actions: list[dict[str, Any]]) -> bool:
        """Change all aliases, or none where an action cannot be done."""
        aliases = dict(self.aliases)
        for action in actions:
            [(kind, asked)] = action.items()
            if kind == "delete_alias":
                aliases.pop(asked["alias_name"], None)
            else:
                if asked["collection_name"] not in self.collections:
                    raise not_there(asked["collection_name"])
                aliases[asked["alias_name"]] = asked["collection_name"]
        self.aliases = aliases
        return True

    # ------------------------------------------------------------ what is said of it

    def info(self, name: str) -> dict[str, Any]:
        collection = self.find(name)
        asked = collection.asked
        return {
            "status": collection.status,
            "optimizer_status": collection.optimizer,
            "indexed_vectors_count": collection.in_graph,
            "points_count": collection.count,
            "segments_count": 2 * len(collection.shards),
            "config": {
                "params": {
                    "vectors": asked.get("vectors"),
                    "sparse_vectors": asked.get("sparse_vectors"),
                    "shard_number": len(collection.shards),
                    "replication_factor": asked.get("replication_factor") or 1,
                    "write_consistency_factor": 1,
                    "on_disk_payload": True,
                },
                "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
                "optimizer_config": {
                    "deleted_threshold": 0.2,
                    "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0,
                    "flush_interval_sec": 5,
                },
                "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
                "quantization_config": None,
                **({"strict_mode_config": collection.strict} if collection.strict else {}),
            },
            "payload_schema": getattr(collection, "schema", {}),
            **({"created_at": created} if (created := getattr(collection, "created", "")) else {}),
        }

    def shards_of(self, name: str, peer: int) -> dict[str, Any]:
        collection = self.find(name)
        here = [(s, state) for (p, s), state in collection.replicas.items() if p == peer]
        return {
            "peer_id": peer,
            "shard_count": len(collection.shards),
            "local_shards": [
                {"shard_id": s, "points_count": len(collection.shards[s].points), "state": state}
                for s, state in here
            ],
            "remote_shards": [
                {"shard_id": s, "peer_id": p, "state": state}
                for (p, s), state in collection.replicas.items()
                if p != peer
            ],
            "shard_transfers": [],
        }

    def uri(self, peer: int) -> str:
        return f"http://node-{peer}:6335/"

    def cluster_status(self, peer: int) -> dict[str, Any]:
        if self.peers == 1:
            return {"status": "disabled"}
        since = "2026-11-26T00:00:00Z"
        return {
            "status": "enabled",
            "peer_id": peer,
            "peers": {str(p): {"uri": self.uri(p)} for p in range(self.peers)},
            "raft_info": {
                "term": 1,
                "commit": 4,
                "pending_operations": 0,
                "leader": peer,
                "role": "Leader",
                "is_voter": True,
            },
            "consensus_thread_status": {
                "consensus_thread_status": "working",
                "last_update": since,
            },
            "message_send_failures": {
                self.uri(p): {"count": 3, "latest_error": "Unavailable"} for p in sorted(self.down)
            },
        }

    def telemetry(self) -> dict[str, Any]:
        peers = {
            str(p): {"uri": self.uri(p), "responsive": p not in self.down}
            for p in range(self.peers)
        }
        cluster = {"enabled": self.peers > 1, "number_of_peers": self.peers, "peers": peers}
        return {"collections": {}, "cluster": cluster}
