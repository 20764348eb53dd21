"""A stand-in for a Qdrant server with a million points: vectors in arrays, and no payloads.

    python -m tests.support.servers.qdrant_large

It prints its address and serves until its standard input ends.
"""

from __future__ import annotations

import sys
from array import array
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from tests.support.servers.qdrant_cluster import Cluster, Shard
from tests.support.servers.qdrant_server import QdrantServer


class LargeShard(Shard):
    """A shard that keeps numbers alone: four bytes a dense one, eight a sparse one."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: dict[str, array[int]] = {}
        self._values: dict[str, array[float]] = {}
        self._terms: dict[str, array[int]] = {}
        self._ends: dict[str, array[int]] = {}

    def put(self, point: dict[str, Any]) -> None:
        self.points[int(point["id"])] = point if not self.points else {}
        for name, vector in point["vector"].items():
            self._ids.setdefault(name, array("q")).append(int(point["id"]))
            values = self._values.setdefault(name, array("f"))
            if isinstance(vector, dict):
                values.extend(vector["values"])
                self._terms.setdefault(name, array("i")).extend(vector["indices"])
                self._ends.setdefault(name, array("q", [0])).append(len(values))
            else:
                values.extend(vector)
        self._rows.clear()

    def _vectors(self, name: str, *, sparse: bool) -> tuple[npt.NDArray[np.int64], Any]:
        if name not in self._rows:
            ids = np.array(self._ids.get(name, ()), np.int64)
            values = np.array(self._values.get(name, ()), np.float32)
            rows: Any = values
            if not sparse:
                rows = values.reshape(len(ids), -1)
            elif len(ids):
                terms = np.array(self._terms[name], np.int32)
                ends = np.array(self._ends[name], np.int64)
                rows = csr_array((values, terms, ends), (len(ids), int(terms.max(initial=0)) + 1))
            self._rows[name] = ids, rows
        return self._rows[name]


class LargeCluster(Cluster):
    """One node with one shard a collection."""

    def create(self, name: str, asked: dict[str, Any]) -> bool:
        created = super().create(name, asked)
        self.collections[name].shards = [LargeShard()]
        return created


def main() -> None:
    """Serve until standard input ends."""
    with QdrantServer(LargeCluster()) as server:
        server.requests = deque(maxlen=0)  # type: ignore[assignment]
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
