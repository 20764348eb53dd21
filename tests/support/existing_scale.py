"""What a large collection of one's own costs: opening it, the first search, the memory, no write.

    python -m tests.support.existing_scale [--points 100000] [--searches 10]

One process serves the stand-in of a Qdrant server with a collection that another program made:
UUIDs, nested payloads, random unit vectors of 384 numbers, BM25's sparse vectors with IDF by the
engine. Another process opens it as the app does and searches it by each first stage; it prints the
seconds to the first candidates with a model that is warm, the milliseconds of a search, and by how
much the memory grew that belongs to the process alone. The server prints how many requests wrote.

    RERANK_LAB_TEST_QDRANT=http://127.0.0.1:6333 python -m tests.support.existing_scale

does the same against a real server, where it first makes the collection and at its end removes it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any

import numpy as np

from components.config import CollectionSettings, Settings
from components.lab import Lab
from components.models import hashed_terms
from components.pipeline import NullWatcher, PipelineRun, Pipelines
from components.pipeline.stages import retrieve
from tests.support.scale import OwnPeak, own_mb
from tests.support.servers.qdrant_cluster import Cluster
from tests.support.servers.qdrant_foreign import Foreign, Postings
from tests.support.servers.qdrant_server import QdrantServer

NAME, DIMENSION, LENGTH, WORDS = "made-elsewhere", 384, 55, 5_000
STAGES = ("bge-small", "bm25", "hybrid")
PARAMS: dict[str, Any] = {
    "vectors": {"dense": {"size": DIMENSION, "distance": "Cosine"}},
    "sparse_vectors": {"words": {"modifier": "idf"}},
}


def text(i: int) -> str:
    """Return the text of a point."""
    ranks = np.minimum(np.random.default_rng(i).zipf(1.15, LENGTH), WORDS)
    return " ".join(f"w{rank:x}" for rank in ranks)


def payload(i: int) -> dict[str, Any]:
    """Return the payload of a point."""
    return {
        "page_content": text(i),
        "metadata": {"title": f"Passage {i}", "year": 1990 + i % 30, "tags": ["a", None]},
    }


def ids(n: int) -> list[str]:
    """Return the points' ids, in order."""
    return sorted(str(uuid.UUID(int=(i * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128))
                  for i in range(n))  # fmt: skip


def rows(n: int) -> np.ndarray:
    """Return the points' vectors."""
    numbers = np.random.default_rng(5).standard_normal((n, DIMENSION), np.float32)
    return numbers / np.linalg.norm(numbers, axis=1, keepdims=True)


def weights(i: int) -> tuple[list[int], list[float]]:
    """Return a point's sparse vector as fastembed would make it, with a mean of LENGTH words."""
    numbers, times = np.unique(hashed_terms.numbers(text(i)), return_counts=True)
    values = times * 2.2 / (times + 1.2 * (0.25 + 0.75 * times.sum() / LENGTH))
    return numbers.tolist(), values.tolist()


def foreign(n: int) -> Foreign:
    """Return the collection for the stand-in; its text of a point is made when it is read."""
    return Foreign(
        asked=PARAMS,
        ids=list(ids(n)),
        payload=payload,
        dense={"dense": rows(n)},
        sparse={"words": Postings(weights(i) for i in range(n))},
        in_graph=n,
    )


def settings(url: str) -> CollectionSettings:
    """Return how the collection is read."""
    return CollectionSettings(
        *("large", url, NAME, "page_content", "bge-small"),
        title_field="metadata.title",
        vector="dense",
        sparse="words",
    )


def start(url: str, searches: int) -> dict[str, float]:
    """Open the collection and search it; return seconds, milliseconds and megabytes."""
    folder = Path(mkdtemp())
    lab = Lab(Settings(collections=(settings(url),), cache_dir=folder, data_dir=folder))
    from components.lab.catalog import first_stages

    entry = first_stages(lab.settings)["bge-small"].encoder
    assert entry is not None
    begun = time.perf_counter()
    lab.encoder(entry)
    lab.store  # noqa: B018  (its imports are the app's own)
    lab.collections  # noqa: B018
    spent = {"model_s": time.perf_counter() - begun}
    before, peak, begun = own_mb(), OwnPeak(), time.perf_counter()
    corpus = lab.collections.open("large")
    spent |= {"points": len(corpus.documents), "open_s": time.perf_counter() - begun}
    for stage in STAGES:
        run = PipelineRun(lab, corpus, Pipelines(stage, (), 100), NullWatcher())
        times = []
        for i in range(searches + 1):
            at = time.perf_counter()
            ranking = retrieve(run, corpus, text(10**6 + i)[:60])
            times.append((time.perf_counter() - at) * 1000)
            spent.setdefault("searchable_s", time.perf_counter() - begun)
            assert len(ranking.hits) == 100
        spent[f"{stage} ms"] = median(times[1:])
    return spent | {"own_mb_more": peak.stop() - before}


def made(url: str, n: int) -> None:
    """Make the collection on a real server, as another program would."""
    from qdrant_client import QdrantClient, models

    client = QdrantClient(url, timeout=60)
    client.delete_collection(NAME)
    client.create_collection(
        NAME,
        vectors_config={"dense": models.VectorParams(size=DIMENSION, distance="Cosine")},
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )
    vectors, names = rows(n), ids(n)
    for first in range(0, n, 500):
        client.upsert(
            NAME,
            [
                models.PointStruct(
                    id=names[i],
                    vector={
                        "dense": vectors[i].tolist(),
                        "words": models.SparseVector(indices=(w := weights(i))[0], values=w[1]),
                    },
                    payload=payload(i),
                )
                for i in range(first, min(first + 500, n))
            ],
        )


def main() -> None:
    """Serve or make the collection, start the other process, print what both say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=10)
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    if given.url:
        sys.stdout.write(json.dumps(start(given.url, given.searches)) + "\n")
        return
    command = [sys.executable, "-m", "tests.support.existing_scale"]
    options = ["--searches", str(given.searches), "--url"]
    if real := os.environ.get("RERANK_LAB_TEST_QDRANT"):
        made(real, given.points)
        subprocess.run([*command, *options, real], check=True)
        from qdrant_client import QdrantClient

        QdrantClient(real).delete_collection(NAME)
        return
    cluster = Cluster(keys={})
    cluster.collections[NAME] = foreign(given.points)
    with QdrantServer(cluster) as server:
        subprocess.run([*command, *options, server.url], check=True)
        sys.stdout.write(
            json.dumps({"requests": len(server.requests), "writes": len(server.writes())}) + "\n"
        )


if __name__ == "__main__":
    main()
