"""Collections that another program made, on a stand-in of a server, and labs that read them."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.config import CollectionSettings, Secrets, Settings
from components.lab import Lab
from components.models import hashed_terms
from tests.support.fakes.first_stages.probe_stage import HashingEncoder
from tests.support.servers.qdrant_cluster import Cluster
from tests.support.servers.qdrant_foreign import Foreign, Postings
from tests.support.servers.qdrant_server import QdrantServer

NAME, READER = "prod", "a-key-that-reads"
ENCODER = "probe-hash"
"""The key of the hashing encoder, which needs no model."""


def sparse_of(text: str, mean_length: float = 256) -> tuple[list[int], list[float]]:
    """Return a text's sparse vector by the formula of fastembed's BM25."""
    counts = Counter(hashed_terms.numbers(text))
    length = counts.total()
    weights = [n * 2.2 / (n + 1.2 * (0.25 + 0.75 * length / mean_length)) for n in counts.values()]
    return list(counts), weights


def payloads_of(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return payloads with a title, a text and a nested object."""
    return [
        {"title": f"T{i}", "body": text, "meta": {"key": f"d{i}", "year": 2000 + i}}
        for i, text in enumerate(texts)
    ]


def foreign(
    payloads: Sequence[Mapping[str, Any]],
    ids: Sequence[int | str] = (),
    *,
    rows: np.ndarray | None = None,
    dense: str = "vec",
    distance: str = "Cosine",
    sparse: str = "",
    modifier: str | None = "idf",
    **more: Any,  # noqa: ANN401  (fields of `Foreign`)
) -> Foreign:
    """Return a collection of these payloads; vectors are of their texts in `body`."""
    texts = [str(payload.get("body")) for payload in payloads]
    vectors = HashingEncoder().encode_documents(texts) if rows is None else rows
    params = {"size": int(vectors.shape[1]), "distance": distance}
    asked: dict[str, Any] = {"vectors": {dense: params} if dense else params}
    if sparse:
        asked["sparse_vectors"] = {sparse: {"modifier": modifier} if modifier else {}}
    content = list(payloads)
    return Foreign(
        asked=asked,
        ids=list(ids or range(len(content))),
        payload=lambda i: dict(content[i]),
        dense={dense: np.asarray(vectors, np.float32)},
        sparse={sparse: Postings(map(sparse_of, texts))} if sparse else {},
        **more,
    )


def uuids(n: int) -> list[str]:
    """Return so many UUIDs in the order of a server."""
    return sorted(str(uuid.uuid5(uuid.NAMESPACE_URL, str(i))) for i in range(n))


def serve(collection: Foreign, name: str = NAME) -> QdrantServer:
    """Return a server with a collection, and a key that only reads."""
    cluster = Cluster(keys={READER: "r"})
    cluster.collections[name] = collection
    return QdrantServer(cluster)


def own(url: str, **given: Any) -> CollectionSettings:  # noqa: ANN401
    """Return how the collection is read, with what is given otherwise."""
    usual: dict[str, Any] = {
        "name": "mine",
        "url": url,
        "collection": NAME,
        "text_field": "body",
        "title_field": "title",
        "encoder": ENCODER,
        "vector": "vec",
        "api_key_env": "READER_KEY",
    }
    return CollectionSettings(**usual | given)


def lab_of(folder: Path, *collections: CollectionSettings, key: str = READER) -> Lab:
    """Return a lab with collections of its own."""
    keys = Secrets({collection.key: key for collection in collections})
    return Lab(Settings(collections=collections, cache_dir=folder, data_dir=folder, keys=keys))


def config(folder: Path, url: str, **given: object) -> Path:
    """Write a configuration with the collection, read with the hashing encoder; return its path."""
    table = {
        "name": "mine",
        "url": url,
        "collection": NAME,
        "text_field": "body",
        "title_field": "title",
        "encoder": ENCODER,
        "vector": "vec",
        "api_key_env": "READER_KEY",
    }
    path = folder / "lab.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in (table | given).items()]
    path.write_text("\n".join(["[[collection]]", *lines]))
    return path
