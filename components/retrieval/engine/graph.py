"""HNSW: the graph that answers dense queries of collections too large for exact search.

It is built in a process of its own: the engine holds Python's lock while it builds, for minutes.
What it misses is measured on queries of the corpus, and it is used only where it misses next to
nothing. `python -m components.retrieval.engine.graph FOLDER DIMENSION` builds it in a shard.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import qdrant_edge as edge
from pydantic import BaseModel, ConfigDict

from components.domain import StoreError
from components.retrieval.schema import DENSE

ENOUGH = 0.99
"""The share of the exact 100 nearest that a graph must return, on average over the queries."""
DEPTH = 100
_EFS = (64, 128, 256, 512)
_POLL_S = 0.2


class Graph(BaseModel):
    """How a graph is asked, and its recall at 100 against exact search; `ef` 0 where unused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ef: int
    recall: float
    queries: int

    def __str__(self) -> str:
        """Return it in words."""
        recall = f"recall@{DEPTH} {self.recall:.4f} against exact search on {self.queries} queries"
        return f"HNSW, {recall}" if self.ef else f"exact; HNSW reached only {recall}"


def measured(exact: Sequence[set[int]], ask: Callable[[int], Sequence[set[int]]]) -> Graph:
    """Return the graph with the smallest `ef` that finds enough; `ask(ef)` is what it finds."""
    recall = 0.0
    for ef in _EFS:
        shares = [len(a & b) / len(b) for a, b in zip(ask(ef), exact, strict=True) if b]
        recall = sum(shares) / max(len(shares), 1)
        if recall >= ENOUGH:
            return Graph(ef=ef, recall=recall, queries=len(exact))
    return Graph(ef=0, recall=recall, queries=len(exact))


def build_apart(folder: Path, check: Callable[[], object]) -> None:
    """Build the graph of a shard's dense vectors in another process; `check` may raise to end it.

    Nobody else may have the shard open. Raises StoreError where the process fails.
    """
    command = [sys.executable, "-m", __name__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            while process.poll() is None:
                check()
                time.sleep(_POLL_S)
        except BaseException:
            process.kill()
            raise
        output = process.stderr.read().decode(errors="replace") if process.stderr else ""
    if process.returncode:
        reason = (output.strip().splitlines() or [f"it ended with {process.returncode}"])[-1][:200]
        raise StoreError(
            f"The graph of {folder.name} could not be built: {reason}.",
            "Look whether memory or disk are full; exact search goes on.",
        )


def _build(folder: Path) -> None:
    """Build the graph; the machine's other work goes first."""
    lowest = 19 if sys.platform != "win32" else psutil.BELOW_NORMAL_PRIORITY_CLASS
    psutil.Process().nice(lowest)
    config = json.loads((folder / "edge_config.json").read_bytes())
    size = int(config["vectors"][DENSE]["size"])
    sparse = {name: edge.EdgeSparseVectorParams() for name in config.get("sparse_vectors", ())}
    hnsw = edge.HnswIndexConfig(
        m=16, ef_construct=100, full_scan_threshold=10, max_indexing_threads=1
    )
    dense = edge.EdgeVectorParams(size, edge.Distance.Dot, hnsw_config=hnsw)
    optimizers = edge.EdgeOptimizersConfig(indexing_threshold=1, default_segment_number=1)
    shard = edge.EdgeShard.load(
        str(folder),
        edge.EdgeConfig({DENSE: dense}, sparse or None, hnsw_config=hnsw, optimizers=optimizers),
    )
    shard.optimize()
    shard.flush()
    shard.close()


if __name__ == "__main__":
    _build(Path(sys.argv[1]))
