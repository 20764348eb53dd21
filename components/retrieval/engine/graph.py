"""Building the graph (HNSW) of a shard, in a process of its own.

The engine holds Python's lock while it builds, for minutes.
`python -m components.retrieval.engine.graph FOLDER` builds it in a shard.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import qdrant_edge as edge

from components.domain import StoreError
from components.retrieval.schema import DENSE

_POLL_S = 0.2


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
    dense = edge.EdgeVectorParams(
        size, edge.Distance.Dot, hnsw_config=hnsw, memory=edge.Memory.Cold
    )
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
